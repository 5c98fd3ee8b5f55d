-- Online reads: what a service is made of, for extension/features/online_plan.cpp, which keeps it for the session.

-- Join keys of a service and then its inputs, each with its type: what a read is given.
CREATE FUNCTION quiver.feature_online_arguments(service text)
    RETURNS TABLE (service_name text, service_version int, names text[], types oid[], key_count int)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_service quiver.feature_service_version := quiver.feature_service_named(service);
BEGIN
    service_name := of_service.service;
    service_version := of_service.version;
    SELECT array_agg(a.name ORDER BY a.part, a.place), array_agg(a.type::regtype::oid ORDER BY a.part, a.place),
        count(*) FILTER (WHERE a.part = 1) INTO names, types, key_count
    FROM (
        (SELECT DISTINCT ON (k.name) 1 AS part, m.position * 1000 + k.n AS place, k.name, v.key_types[k.n] AS type
        FROM quiver.feature_service_member m
        JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.view_version)
        CROSS JOIN unnest(m.spine_keys) WITH ORDINALITY AS k(name, n)
        WHERE (m.service, m.version) = (of_service.service, of_service.version)
        ORDER BY k.name, m.position)
        UNION ALL SELECT 2, i.n, i.key, i.value FROM jsonb_each_text(of_service.inputs) WITH ORDINALITY
            AS i(key, value, n)) AS a;
    names := coalesce(names, '{}');
    types := coalesce(types, '{}');
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION quiver.feature_online_arguments(text) IS
    'join keys and then request inputs of a service, with types';

-- One row for each access: an online table by its primary key, or a statement over the source. A statement's parameters
-- are the arguments above; it returns value, status and age of each feature.
CREATE FUNCTION quiver.feature_online_parts(service text)
    RETURNS TABLE (online regclass, argument_places int[], features text[], outputs text[], ttl_us bigint,
        statement text, time_column text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    arguments record;
    part record;
    request quiver.feature_request;
BEGIN
    SELECT * INTO arguments FROM quiver.feature_online_arguments(service);
    request := ROW((SELECT 'SELECT ' || string_agg(format('$%s::%s AS %I, ', a.n, format_type(a.type, NULL), a.name),
        '' ORDER BY a.n)
            FROM unnest(arguments.names, arguments.types) WITH ORDINALITY AS a(name, type, n)),
        arguments.names || 'event_ts'::text, arguments.types || 'timestamptz'::regtype::oid, 'event_ts', NULL, false,
            false, true, false,
        false, NULL, NULL);
    request.spine := coalesce(request.spine, 'SELECT ') || 'pg_catalog.statement_timestamp() AS event_ts';
    FOR part IN
        SELECT m.*, v.keys, v.ttl, c.in_table, c.names, c.columns,
            CASE WHEN c.in_table AND p.service IS NOT NULL THEN format('%I.%I', p.table_schema, p.table_name)::regclass
                 WHEN c.in_table THEN format('%I.%I', v.view_schema, v.online_table)::regclass END AS online_table,
            c.in_table AND p.service IS NOT NULL AS is_wide, p.keys AS wide_keys
        FROM quiver.feature_service_member m
        LEFT JOIN quiver.feature_precomputed p ON (p.service, p.version) = (m.service, m.version)
        JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.view_version)
        CROSS JOIN LATERAL (
            SELECT k.agg IS NULL AND v.online_table IS NOT NULL AS in_table, array_agg(f.feature ORDER BY f.n)
                AS columns,
                array_agg(f.output ORDER BY f.n) AS names
            FROM unnest(m.features, m.outputs) WITH ORDINALITY AS f(feature, output, n)
            JOIN quiver.feature_column k ON (k.view, k.version, k.name) = (v.view, v.version, f.feature)
            GROUP BY 1) AS c
        WHERE (m.service, m.version) = (arguments.service_name, arguments.service_version)
        ORDER BY m.position, c.in_table
    LOOP
        online := part.online_table;
        argument_places := ARRAY(SELECT array_position(arguments.names, k)
            FROM unnest(CASE WHEN part.is_wide THEN part.wide_keys ELSE part.spine_keys END) WITH ORDINALITY AS u(k, n)
            ORDER BY n);
        features := CASE WHEN part.is_wide THEN part.names ELSE part.columns END;
        time_column := CASE WHEN part.is_wide THEN format('m%s_event_ts', part.position) ELSE 'event_ts' END;
        outputs := part.names;
        ttl_us := (extract(epoch FROM part.ttl) * 1000000)::bigint;
        statement := CASE WHEN part.in_table THEN quiver.feature_online_sql(part.online_table, time_column,
                CASE WHEN part.is_wide THEN part.wide_keys ELSE part.keys END, argument_places, arguments.types,
                    features,
                part.ttl)
            ELSE quiver.feature_online_values(quiver.feature_historical_statement(request,
                ARRAY[ROW(part.view, part.view_version, part.alias,
                part.keys, part.spine_keys, part.columns, part.names)::quiver.feature_member], NULL, NULL, NULL),
                    part.names) END;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_online_parts(text) IS 'the accesses that answer an online read of a service';

CREATE FUNCTION quiver.feature_online_values(statement text, names text[]) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('SELECT %s FROM (%s) AS r', string_agg(format('r.%I, r.%I, r.%I', n, n || '_status', n || '_age'),
        ', ' ORDER BY place), statement)
    FROM unnest(names) WITH ORDINALITY AS u(n, place)
$$;
COMMENT ON FUNCTION quiver.feature_online_values(text, text[]) IS
    'value, status and age of each feature of a statement, in order';

-- The same answer as the direct read of the table, for those who may not read all of it: row security, column
-- privileges.
CREATE FUNCTION quiver.feature_online_sql(
    online regclass, time_column text, keys text[], places int[], types oid[], features text[], ttl interval)
        RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('SELECT %s FROM (SELECT) AS one LEFT JOIN %s AS o ON %s',
        (SELECT string_agg(format('CASE WHEN %1$s THEN o.%2$I END, '
            'CASE WHEN %3$s THEN ''null_key'' WHEN o.%4$I IS NULL THEN ''not_found'' '
            'WHEN %1$s THEN ''present'' ELSE ''expired'' END, '
            'CASE WHEN pg_catalog.isfinite(o.%4$I) THEN pg_catalog.statement_timestamp() - o.%4$I END',
            CASE WHEN ttl IS NULL THEN format('o.%I IS NOT NULL', time_column)
                 ELSE format('o.%I >= pg_catalog.statement_timestamp() - %L::pg_catalog.interval', time_column, ttl)
                     END,
            f, coalesce((SELECT string_agg(format('$%s IS NULL', p), ' OR ') FROM unnest(places) AS p), 'false'),
            time_column), ', ' ORDER BY n)
         FROM unnest(features) WITH ORDINALITY AS u(f, n)),
        online, concat_ws(' AND ', format('o.%I <= pg_catalog.statement_timestamp()', time_column),
            (SELECT string_agg(format('o.%I %s $%s', k.key, quiver.feature_equality(a.atttypid, types[k.place]),
                k.place),
                ' AND ')
             FROM unnest(keys, places) AS k(key, place)
             JOIN pg_attribute a ON a.attrelid = online AND a.attname = k.key)))
$$;
COMMENT ON FUNCTION quiver.feature_online_sql(regclass, text, text[], int[], oid[], text[], interval) IS
    'a statement that reads value, status and age of features from an online table by its key';

-- Transforms of a service over inputs and features, in one statement; NULL if it has none.
CREATE FUNCTION quiver.feature_online_transforms(service text) RETURNS TABLE (statement text, names text[],
    inputs text[])
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_service quiver.feature_service_version := quiver.feature_service_named(service);
    joins text;
    types text[];
BEGIN
    SELECT array_agg(t.name ORDER BY t.position), string_agg(format(' CROSS JOIN LATERAL (SELECT %s(%s) AS %I) AS t%s',
        t.function,
        (SELECT string_agg(CASE WHEN e.name IS NULL THEN 'r.' ELSE format('t%s.', e.position) END
            || quote_ident(a.name), ', ' ORDER BY a.n)
         FROM unnest(t.arguments) WITH ORDINALITY AS a(name, n)
         LEFT JOIN quiver.feature_transform e ON (e.service, e.version, e.name) = (t.service, t.version, a.name)),
        t.name, t.position), '' ORDER BY t.position) INTO names, joins
    FROM quiver.feature_transform t WHERE (t.service, t.version) = (of_service.service, of_service.version);
    IF names IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(c.name ORDER BY c.name), array_agg(c.type ORDER BY c.name) INTO inputs, types
    FROM (SELECT DISTINCT ON (a.name) a.name, coalesce(of_service.inputs ->> a.name, k.type) AS type
        FROM quiver.feature_transform t
        CROSS JOIN unnest(t.arguments) AS a(name)
        LEFT JOIN quiver.feature_service_member m ON (m.service, m.version) = (t.service, t.version)
            AND a.name = ANY (m.outputs)
        LEFT JOIN quiver.feature_column k ON (k.view, k.version, k.name)
            = (m.view, m.view_version, m.features[array_position(m.outputs, a.name)])
        WHERE (t.service, t.version) = (of_service.service, of_service.version) AND a.name <> ALL (names)) AS c;
    statement := format('SELECT %s FROM (SELECT %s) AS r%s',
        (SELECT string_agg(format('t%s.%I', t.position, t.name), ', ' ORDER BY t.position)
        FROM quiver.feature_transform t WHERE (t.service, t.version) = (of_service.service, of_service.version)),
        (SELECT string_agg(format('$%s::%s AS %I', n, types[n], inputs[n]), ', ' ORDER BY n)
            FROM generate_subscripts(inputs, 1) AS n), joins);
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION quiver.feature_online_transforms(text) IS
    'the statement that computes a service''s transforms; its parameters are the inputs and features that it names';

CREATE FUNCTION quiver.feature_invalidate() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION quiver.feature_invalidate() IS
    'trigger: tell all sessions that what they keep of services is out of date';

CREATE TRIGGER invalidate AFTER INSERT OR UPDATE OR DELETE ON quiver.feature_service
    FOR EACH STATEMENT EXECUTE FUNCTION quiver.feature_invalidate();
CREATE TRIGGER invalidate AFTER UPDATE OR DELETE ON quiver.feature_view_version
    FOR EACH STATEMENT EXECUTE FUNCTION quiver.feature_invalidate();

CREATE TRIGGER invalidate AFTER INSERT OR DELETE ON quiver.feature_precomputed
    FOR EACH STATEMENT EXECUTE FUNCTION quiver.feature_invalidate();

CREATE FUNCTION quiver.feature_online(service text, VARIADIC arguments "any") RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION quiver.feature_online(text, "any") IS
    'features of one entity now, as {"feature": value}; the arguments are join keys, then inputs, as '
    'quiver.feature_online_arguments lists them';

CREATE FUNCTION quiver.feature_online(service text) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION quiver.feature_online(text) IS
    'features now of a service whose views have no keys, as {"feature": value}';

CREATE FUNCTION quiver.feature_get_online(service text, request jsonb, with_status boolean DEFAULT false) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION quiver.feature_get_online(text, jsonb, boolean) IS
    'features now of one request, an object of keys and inputs, or of an array of them in their order; with_status '
    'adds status and age';

CREATE FUNCTION quiver.feature_output_types(service text) RETURNS TABLE (name text, type text)
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.output, k.type
    FROM quiver.feature_service_named(service) AS s
    JOIN quiver.feature_service_member m ON (m.service, m.version) = (s.service, s.version)
    CROSS JOIN unnest(m.features, m.outputs) AS f(feature, output)
    JOIN quiver.feature_column k ON (k.view, k.version, k.name) = (m.view, m.view_version, f.feature)
$$;
COMMENT ON FUNCTION quiver.feature_output_types(text) IS
    'names and types of the features of a service, without its transforms';
