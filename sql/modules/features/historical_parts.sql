-- The parts of a point-in-time statement: what is joined to the spine for each view.
CREATE TYPE quiver.feature_request AS (
    spine        text,
    columns      text[],
    types        oid[],
    spine_ts     text,
    known        text,
    exclusive    boolean,
    ignore_nulls boolean,
    with_status  boolean,
    keep_order   boolean,
    row_id       boolean,
    -- Of a dataset: what it saw. The transaction that made it sees its own rows too.
    snapshot     pg_snapshot,
    own_xid      xid8
);
COMMENT ON TYPE quiver.feature_request IS
    'a point-in-time request: analysed spine, the SQL of its known-at bound if there is one, options, the snapshot '
    'of a dataset';

-- Conditions on the rows `v` of a view for the spine row `s`, without those on event_ts.
CREATE FUNCTION quiver.feature_row_conditions(member quiver.feature_member, request quiver.feature_request,
    high_id bigint)
    RETURNS text[]
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(
            SELECT format('v.%I %s s.%I', k.key, quiver.feature_equality(a.atttypid, c.type), k.spine)
            FROM quiver.feature_view_version w
            CROSS JOIN unnest(member.keys, member.spine_keys) WITH ORDINALITY AS k(key, spine, n)
            JOIN pg_attribute a ON a.attrelid = to_regclass(format('%I.%I', w.view_schema, w.view_name))
                AND a.attname = k.key
            JOIN unnest(request.columns, request.types) AS c(name, type) ON c.name = k.spine
            WHERE (w.view, w.version) = (member.view, member.version) ORDER BY k.n)
        || CASE WHEN request.known IS NULL THEN '{}' ELSE ARRAY[format('v.created_ts <= %s', request.known)] END
        || CASE WHEN request.snapshot IS NULL OR high_id IS NULL THEN '{}'
            ELSE ARRAY[format('v.ingest_id <= %s', high_id),
            format('(pg_catalog.pg_visible_in_snapshot(v.ingest_xid, %L::pg_catalog.pg_snapshot) OR v.ingest_xid = '
                '%L::pg_catalog.xid8)',
                request.snapshot, request.own_xid)] END
$$;
COMMENT ON FUNCTION quiver.feature_row_conditions(quiver.feature_member, quiver.feature_request, bigint) IS
    'conditions that join rows of a view to the spine, but for the time: keys, known-at, the snapshot of a dataset';

-- What orders rows of one key. Histories have a unique index on keys and both times; NULL created_ts is the lowest.
CREATE FUNCTION quiver.feature_newest_first(managed boolean, has_created boolean) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'v.event_ts DESC' || CASE WHEN managed THEN ', v.created_ts DESC' WHEN has_created
        THEN ', v.created_ts DESC NULLS LAST'
        ELSE '' END
$$;
COMMENT ON FUNCTION quiver.feature_newest_first(boolean, boolean) IS
    'ORDER BY of the rows of one key, the one that counts first';

CREATE FUNCTION quiver.feature_no_tie(rows bigint, view text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF rows > 1 THEN
        PERFORM quiver.feature_invalid(format('%s rows of feature view "%s" tie for one row of the spine', rows, view),
            'Give the view a created_ts that tells them apart, or define it with on_tie => ''any''.', '21000');
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION quiver.feature_no_tie(bigint, text) IS 'true; more than one row is refused (21000)';

-- The lookup of one member: LEFT JOIN LATERAL of the newest row; with ignore_nulls one join a feature.
CREATE FUNCTION quiver.feature_lookup_joins(
    place int, member quiver.feature_member, of_version quiver.feature_view_version, managed boolean, names text[],
    request quiver.feature_request, high_id bigint) RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(
        format(E'\nLEFT JOIN LATERAL (SELECT %s FROM %I.%I AS v WHERE %s ORDER BY %s LIMIT 1) AS %s ON true',
            array_to_string(ARRAY['v.event_ts']
                || CASE WHEN of_version.on_tie = 'error' AND of_version.has_created THEN ARRAY['v.created_ts']
                    ELSE '{}' END
                || ARRAY(SELECT format('v.%I', n) FROM unnest(j.names) AS n), ', '),
            of_version.view_schema, of_version.view_name,
            array_to_string(c.conditions || j.condition, ' AND '),
            quiver.feature_newest_first(managed, of_version.has_created), j.alias)
        || CASE WHEN of_version.on_tie = 'error' AND NOT managed THEN
            format(E'\nLEFT JOIN LATERAL (SELECT pg_catalog.count(*) AS rows FROM %I.%I AS v WHERE %s) AS %s ON true',
                of_version.view_schema, of_version.view_name,
                array_to_string(c.conditions || j.condition || format('v.event_ts = %s.event_ts', j.alias)
                    || CASE WHEN of_version.has_created THEN format('v.created_ts IS NOT DISTINCT FROM %s.created_ts',
                        j.alias) END, ' AND '),
                j.alias || '_ties')
            ELSE '' END, '' ORDER BY j.n)
    FROM (
        SELECT quiver.feature_row_conditions(member, request, high_id)
            || format('v.event_ts %s s.%I', CASE WHEN request.exclusive THEN '<' ELSE '<=' END, request.spine_ts)
                AS conditions) AS c,
    LATERAL (
        SELECT 0 AS n, names, format('f%s', place) AS alias, NULL AS condition WHERE NOT request.ignore_nulls
        UNION ALL
        SELECT u.n, ARRAY[u.name], format('f%s_%s', place, u.n), format('v.%I IS NOT NULL', u.name)
        FROM unnest(names) WITH ORDINALITY AS u(name, n) WHERE request.ignore_nulls) AS j
$$;
COMMENT ON FUNCTION quiver.feature_lookup_joins(int, quiver.feature_member, quiver.feature_view_version, boolean,
    text[],
    quiver.feature_request, bigint)
        IS 'the lateral joins that look up the newest row of a view for each row of the spine';

-- The windows of one member: one lateral aggregation for each width and bound.
CREATE FUNCTION quiver.feature_window_joins(
    place int, member quiver.feature_member, of_version quiver.feature_view_version, managed boolean,
    request quiver.feature_request, high_id bigint) RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format(E'\nLEFT JOIN LATERAL (SELECT %s FROM %I.%I AS v WHERE %s) AS %s ON true', g.aggregates,
        of_version.view_schema, of_version.view_name,
        array_to_string(quiver.feature_row_conditions(member, request, high_id)
            || format('v.event_ts %s s.%I - %L::pg_catalog.interval', CASE g.bound WHEN '[)' THEN '>=' ELSE '>' END,
                request.spine_ts, g.width)
            || format('v.event_ts %s s.%I', CASE g.bound WHEN '[)' THEN '<' ELSE '<=' END, request.spine_ts), ' AND '),
        quiver.feature_window_alias(place, g.width, g.bound)), '' ORDER BY g.width, g.bound)
    FROM (
        SELECT c.width, c.bound, string_agg(format('%s AS %I', quiver.feature_window_aggregate(c.agg, c.argument,
            'v.' || quote_ident(CASE WHEN c.expression <> '*' THEN c.name || '_input' END), NULL,
            quiver.feature_newest_first(managed, of_version.has_created)), c.name), ', ' ORDER BY c.position)
                AS aggregates
        FROM quiver.feature_column c
        WHERE (c.view, c.version) = (of_version.view, of_version.version) AND c.agg IS NOT NULL
            AND c.name = ANY (member.features)
        GROUP BY c.width, c.bound) AS g
$$;
COMMENT ON FUNCTION quiver.feature_window_joins(int, quiver.feature_member, quiver.feature_view_version, boolean,
    quiver.feature_request, bigint)
        IS 'the lateral joins that aggregate the sliding windows of a view for each row of the spine';

CREATE FUNCTION quiver.feature_window_alias(place int, width interval, bound text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('w%s_%s%s', place, (extract(epoch FROM width) * 1000000)::bigint, CASE bound WHEN '[)' THEN ''
        ELSE 'c' END)
$$;
COMMENT ON FUNCTION quiver.feature_window_alias(int, interval, text) IS
    'alias of the join that computes windows of a width and bound';

-- The output columns of one member, given the aliases of its joins: value, and on request status and age.
CREATE FUNCTION quiver.feature_output_columns(
    place int, member quiver.feature_member, of_version quiver.feature_view_version, request quiver.feature_request)
        RETURNS text[]
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    WITH looked_up AS (
        SELECT u.n, u.output, c.*, row_number() OVER (PARTITION BY c.agg IS NULL ORDER BY u.n) AS lookup_place
        FROM unnest(member.features, member.outputs) WITH ORDINALITY AS u(feature, output, n)
        JOIN quiver.feature_column c ON (c.view, c.version, c.name) = (of_version.view, of_version.version, u.feature)
    ), sql AS (
        SELECT l.n, l.output, l.agg IS NOT NULL AS is_window,
            CASE WHEN l.agg IS NOT NULL THEN quiver.feature_window_alias(place, l.width, l.bound)
                 WHEN request.ignore_nulls THEN format('f%s_%s', place, l.lookup_place) ELSE format('f%s', place) END
                     AS alias,
            l.name, l.agg, l.argument,
            (SELECT string_agg(format('s.%I IS NULL', k), ' OR ') FROM unnest(member.spine_keys) AS k) AS null_key,
            format('s.%I', request.spine_ts) AS at
        FROM looked_up l
    ), parts AS (
        SELECT q.*, CASE WHEN of_version.ttl IS NULL OR q.is_window THEN NULL
            ELSE format('%s.event_ts >= %s - %L::pg_catalog.interval', q.alias, q.at, of_version.ttl) END AS fresh
        FROM sql q
    )
    SELECT array_agg(o.sql ORDER BY p.n, o.part)
    FROM parts p, LATERAL (
        SELECT 1 AS part, format('%s AS %I', CASE
            WHEN p.is_window THEN format('CASE WHEN NOT (%s) THEN %s END', concat_ws(' OR ', p.null_key, p.at
                || ' IS NULL'),
                quiver.feature_window_result(p.agg, p.argument, format('%s.%I', p.alias, p.name)))
            WHEN p.fresh IS NOT NULL THEN format('CASE WHEN %s THEN %s.%I END', p.fresh, p.alias, p.name)
            ELSE format('%s.%I', p.alias, p.name) END, p.output) AS sql
        UNION ALL SELECT 2, format('CASE %sWHEN %s THEN ''not_found'' %sELSE ''present'' END AS %I',
            'WHEN ' || p.null_key || ' THEN ''null_key'' ',
            CASE WHEN p.is_window THEN p.at || ' IS NULL' ELSE p.alias || '.event_ts IS NULL' END,
            'WHEN NOT (' || p.fresh || ') THEN ''expired'' ', p.output || '_status')
        WHERE request.with_status
        UNION ALL SELECT 3, format('%s AS %I', CASE WHEN p.is_window THEN 'NULL::pg_catalog.interval'
            ELSE format('CASE WHEN pg_catalog.isfinite(%1$s) AND pg_catalog.isfinite(%2$s.event_ts) THEN %1$s - '
                '%2$s.event_ts END',
                p.at, p.alias) END, p.output || '_age')
        WHERE request.with_status) AS o
$$;
COMMENT ON FUNCTION quiver.feature_output_columns(int, quiver.feature_member, quiver.feature_view_version,
    quiver.feature_request) IS
    'the output columns of a view''s features: the value under its ttl, and on request NAME_status and NAME_age';
