-- Historical retrieval: the functions that users call. Their spines mean what they mean to the caller.
CREATE FUNCTION quiver.feature_historical_sql(
    spine text, features text[] DEFAULT NULL, service text DEFAULT NULL, spine_ts text DEFAULT 'event_ts',
        key_map jsonb DEFAULT NULL,
    known_at timestamptz DEFAULT NULL, known_at_col text DEFAULT NULL, strict boolean DEFAULT false,
    ignore_nulls boolean DEFAULT false, full_names boolean DEFAULT false, with_status boolean DEFAULT false,
    on_null_ts text DEFAULT 'error', keep_order boolean DEFAULT false) RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    BEGIN ATOMIC
        SELECT quiver.feature_historical_of(quiver.feature_describe(quiver.feature_select(spine)), features, service,
            spine_ts, key_map,
            known_at, known_at_col, strict, ignore_nulls, full_names, with_status, on_null_ts, keep_order);
    END;
COMMENT ON FUNCTION quiver.feature_historical_sql(text, text[], text, text, jsonb, timestamptz, text, boolean, boolean,
    boolean, boolean,
    text, boolean) IS 'the statement that quiver.feature_get_historical runs for the same arguments: portable SQL';

-- What the arguments lack in text they have in order: extension/features/record_query.cpp counts on it.
CREATE FUNCTION quiver.feature_get_historical(
    spine text, features text[] DEFAULT NULL, service text DEFAULT NULL, spine_ts text DEFAULT 'event_ts',
        key_map jsonb DEFAULT NULL,
    known_at timestamptz DEFAULT NULL, known_at_col text DEFAULT NULL, strict boolean DEFAULT false,
    ignore_nulls boolean DEFAULT false, full_names boolean DEFAULT false, with_status boolean DEFAULT false,
    on_null_ts text DEFAULT 'error', keep_order boolean DEFAULT false) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100000;
COMMENT ON FUNCTION quiver.feature_get_historical(text, text[], text, text, jsonb, timestamptz, text, boolean, boolean,
    boolean, boolean,
    text, boolean) IS 'rows of the spine (a table, view or query) with the features known at their times; one row out '
        'for each row in';

CREATE FUNCTION quiver.feature_get_historical(
    row_type anyelement, spine text, features text[] DEFAULT NULL, service text DEFAULT NULL,
        spine_ts text DEFAULT 'event_ts',
    key_map jsonb DEFAULT NULL, known_at timestamptz DEFAULT NULL, known_at_col text DEFAULT NULL,
        strict boolean DEFAULT false,
    ignore_nulls boolean DEFAULT false, full_names boolean DEFAULT false, with_status boolean DEFAULT false,
    on_null_ts text DEFAULT 'error', keep_order boolean DEFAULT false) RETURNS SETOF anyelement
    AS 'MODULE_PATHNAME', 'feature_get_historical_as' LANGUAGE C STABLE CALLED
        ON NULL INPUT PARALLEL RESTRICTED ROWS 100000;
COMMENT ON FUNCTION quiver.feature_get_historical(anyelement, text, text[], text, text, jsonb, timestamptz, text,
    boolean, boolean,
    boolean, boolean, text, boolean)
        IS 'the same with rows of the type of the first argument, NULL::some_table, so no column list is needed';

CREATE FUNCTION quiver.feature_columns(statement text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.n)
    FROM quiver.feature_describe(statement) AS d, unnest(d.columns, d.type_names) WITH ORDINALITY AS c(name, type, n)
$$;
COMMENT ON FUNCTION quiver.feature_columns(text) IS
    'the column list that a statement needs after AS t, for example of quiver.feature_historical_sql(…)';

-- All entities at one moment, without a spine.
CREATE FUNCTION quiver.feature_at_of(
    entities quiver.feature_query, features text[], service text, at timestamptz, key_map jsonb, known_at timestamptz,
    full_names boolean, with_status boolean) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked record;
    join_keys text[];
    spine text := entities.sql;
BEGIN
    SELECT * INTO asked FROM quiver.feature_requested(features, service, key_map, coalesce(full_names, false));
    IF at IS NULL THEN
        PERFORM quiver.feature_invalid('at is NULL', 'Pass the moment to look at; the default is now.', '22004');
    END IF;
    IF spine IS NULL THEN
        join_keys := (SELECT m.spine_keys FROM unnest(asked.members) AS m LIMIT 1);
        IF EXISTS (SELECT FROM unnest(asked.members) AS m WHERE NOT (m.spine_keys @> join_keys
            AND m.spine_keys <@ join_keys))
            THEN
            PERFORM quiver.feature_invalid('the feature views have different keys',
                'Pass entities, a table or query with the keys to look up.');
        END IF;
        -- A key that was first seen after that moment had no features then.
        spine := (SELECT string_agg(format('SELECT DISTINCT %s FROM %I.%I AS v WHERE v.event_ts <= '
            '%L::pg_catalog.timestamptz',
            (SELECT string_agg(format('v.%I AS %I', k.key, k.spine), ', ' ORDER BY array_position(join_keys, k.spine))
             FROM unnest(m.keys, m.spine_keys) AS k(key, spine)), v.view_schema, v.view_name, at), ' UNION ')
            FROM unnest(asked.members) AS m JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view,
                m.version));
        IF join_keys = '{}' THEN
            spine := 'SELECT';
        END IF;
    END IF;
    RETURN quiver.feature_historical_statement(
        quiver.feature_make_request(quiver.feature_describe(format('SELECT e.*, %L::pg_catalog.timestamptz AS '
            'event_ts FROM (%s) AS e',
            at, spine)), asked.members, asked.inputs, asked.transforms, 'event_ts', known_at, NULL, false, false,
                with_status, 'null', false),
        asked.members, asked.service_name, asked.service_version, NULL);
END $$;
COMMENT ON FUNCTION quiver.feature_at_of(quiver.feature_query, text[], text, timestamptz, jsonb, timestamptz, boolean,
    boolean) IS
    'what quiver.feature_at_sql returns, given the analysed entities';

CREATE FUNCTION quiver.feature_at_sql(
    features text[] DEFAULT NULL, service text DEFAULT NULL, at timestamptz DEFAULT now(), entities text DEFAULT NULL,
    key_map jsonb DEFAULT NULL, known_at timestamptz DEFAULT NULL, full_names boolean DEFAULT false,
        with_status boolean DEFAULT false)
    RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    BEGIN ATOMIC
        SELECT quiver.feature_at_of(quiver.feature_describe(quiver.feature_select(entities)), features, service, at,
            key_map, known_at,
            full_names, with_status);
    END;
COMMENT ON FUNCTION quiver.feature_at_sql(text[], text, timestamptz, text, jsonb, timestamptz, boolean, boolean) IS
    'the statement that quiver.feature_at runs for the same arguments';

CREATE FUNCTION quiver.feature_at(
    features text[] DEFAULT NULL, service text DEFAULT NULL, at timestamptz DEFAULT now(), entities text DEFAULT NULL,
    key_map jsonb DEFAULT NULL, known_at timestamptz DEFAULT NULL, full_names boolean DEFAULT false,
        with_status boolean DEFAULT false)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10000;
COMMENT ON FUNCTION quiver.feature_at(text[], text, timestamptz, text, jsonb, timestamptz, boolean, boolean) IS
    'features of all entities, or of those given, as of one moment';
