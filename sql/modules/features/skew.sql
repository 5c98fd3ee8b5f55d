-- Serving log and skew: what was served, against what is now known of that moment.
CREATE FUNCTION quiver.feature_serve(service text, request jsonb, sample float8 DEFAULT 1) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_service quiver.feature_service_version := quiver.feature_service_named(service);
    key_names text[];
    response jsonb := quiver.feature_get_online(service, request);
BEGIN
    IF coalesce(sample NOT BETWEEN 0 AND 1, true) THEN
        PERFORM quiver.feature_invalid(format('sample must be between 0 and 1, not %s',
            coalesce(sample::text, 'NULL')));
    END IF;
    SELECT a.names[1:a.key_count] INTO key_names FROM quiver.feature_online_arguments(service) AS a;
    -- By the hash of the keys, so that an entity is logged always or never.
    INSERT INTO quiver.feature_serving_log (service, version, at, request, response)
    SELECT of_service.service, of_service.version, statement_timestamp(), q.one, r.one
    FROM jsonb_array_elements(CASE jsonb_typeof(request) WHEN 'array' THEN request ELSE jsonb_build_array(request) END)
        WITH ORDINALITY AS q(one, n)
    JOIN jsonb_array_elements(CASE jsonb_typeof(request) WHEN 'array' THEN response ELSE jsonb_build_array(response)
        END)
        WITH ORDINALITY AS r(one, n) USING (n)
    WHERE (hashtextextended((SELECT string_agg(q.one ->> k, E'\x1f' ORDER BY k) FROM unnest(key_names) AS k),
        0) & 1048575) < sample * 1048576;
    RETURN response;
END $$;
COMMENT ON FUNCTION quiver.feature_serve(text, jsonb, float8) IS
    'quiver.feature_get_online that keeps what it served in quiver.feature_serving_log, for a sample of entities';

CREATE FUNCTION quiver.feature_check_skew(service text, since interval DEFAULT '1 day', sample float8 DEFAULT 1)
    RETURNS TABLE (feature text, served bigint, same bigint, mismatched bigint, missing bigint, extra bigint,
        mean_difference float8)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    of_service quiver.feature_service_version := quiver.feature_service_named(service);
    members quiver.feature_member[] := ARRAY(SELECT m FROM quiver.feature_members(of_service.service,
        of_service.version) AS m);
    arguments record;
    spine text;
    outputs text[];
    is_known boolean;
    statement text;
BEGIN
    SELECT * INTO arguments FROM quiver.feature_online_arguments(service);
    outputs := ARRAY(SELECT o FROM unnest(members) AS m, unnest(m.outputs) AS o)
        || ARRAY(SELECT t.name FROM quiver.feature_transform t
            WHERE (t.service, t.version) = (of_service.service, of_service.version) ORDER BY t.position);
    is_known := NOT EXISTS (SELECT FROM unnest(members) AS m
        JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.version) WHERE NOT v.has_created);
    spine := format('SELECT l.id AS log_id, l.at AS served_at%s FROM quiver.feature_serving_log AS l WHERE l.service '
        '= %L AND l.version = %s '
        'AND l.at >= statement_timestamp() - %L::interval AND (hashint8extended(l.id, 0) & 1048575) < %s * 1048576',
        (SELECT string_agg(format(', (l.request ->> %L)::%s AS %I', a.name, format_type(a.type, NULL), a.name), ''
            ORDER BY a.n)
         FROM unnest(arguments.names, arguments.types) WITH ORDINALITY AS a(name, type, n)),
        of_service.service, of_service.version, since, sample);
    statement := quiver.feature_historical_of(quiver.feature_describe(spine), NULL, format('%s@%s', of_service.service,
        of_service.version),
        'served_at', NULL, NULL, CASE WHEN is_known THEN 'served_at' END, false, false, false, false, 'null', false);
    RETURN QUERY EXECUTE format('SELECT c.feature, count(*), count(*) FILTER (WHERE c.online IS NOT DISTINCT FROM '
        'c.offline), '
        'count(*) FILTER (WHERE c.online <> c.offline), count(*) FILTER (WHERE c.online IS NULL AND c.offline IS NOT '
            'NULL), '
        'count(*) FILTER (WHERE c.online IS NOT NULL AND c.offline IS NULL), '
        'avg(abs((c.online #>> ''{}'')::float8 - (c.offline #>> ''{}'')::float8)) '
        'FILTER (WHERE jsonb_typeof(c.online) = ''number'' AND jsonb_typeof(c.offline) = ''number'') '
        'FROM (%s) AS r JOIN quiver.feature_serving_log AS l ON l.id = r.log_id '
        'CROSS JOIN LATERAL (VALUES %s) AS v(place, feature, offline) '
        'CROSS JOIN LATERAL (SELECT v.place, v.feature, nullif(l.response -> v.feature, ''null'') AS online, '
            'v.offline) AS c '
        'GROUP BY c.place, c.feature ORDER BY c.place', statement,
        (SELECT string_agg(format('(%s, %L, to_jsonb(r.%I))', n, o, o), ', ') FROM unnest(outputs) WITH ORDINALITY
            AS u(o, n)));
END $$;
COMMENT ON FUNCTION quiver.feature_check_skew(text, interval, float8) IS
    'replay the serving log of a service: for each feature how often what was served is what is known of that '
    'moment, by event and created time';
