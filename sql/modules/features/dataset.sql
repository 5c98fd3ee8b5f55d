-- Datasets: a training set as a table, with what is needed to make it again.

-- Independent of row order and of settings that change how values are written.
CREATE FUNCTION quiver.feature_hash(relation regclass, columns text[]) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' SET timezone = 'UTC'
    SET extra_float_digits = 1 SET bytea_output = 'hex' AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT md5(concat_ws('':'', count(*), sum(hashtextextended(r::text, 0)), '
        'sum(hashtextextended(r::text, 1)))) '
        'FROM (SELECT %s FROM %s) AS r', (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) AS c), relation)
            INTO result;
    RETURN result;
END $$;
COMMENT ON FUNCTION quiver.feature_hash(regclass, text[]) IS
    'hash of the rows of a table over some columns, in whatever order they lie';

CREATE FUNCTION quiver.feature_dataset_of(name text) RETURNS quiver.feature_dataset
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_dataset quiver.feature_dataset;
BEGIN
    SELECT * INTO found_dataset FROM quiver.feature_dataset d WHERE d.name = feature_dataset_of.name;
    IF NOT FOUND THEN
        PERFORM quiver.feature_unknown('dataset', name, (SELECT array_agg(d.name ORDER BY d.name)
            FROM quiver.feature_dataset d));
    END IF;
    RETURN found_dataset;
END $$;
COMMENT ON FUNCTION quiver.feature_dataset_of(text) IS 'the dataset of that name; 42704 if there is none';

-- Ids given out so far. Every row that a snapshot taken before shows has one of these.
CREATE FUNCTION quiver.feature_high_id(view text) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(format('%I.%I', v.history_schema, v.history_table),
        'ingest_id')::regclass), 0)
    FROM quiver.feature_view v WHERE v.name = view AND v.managed
$$;
COMMENT ON FUNCTION quiver.feature_high_id(text) IS
    'the highest ingestion id given out for a managed view; NULL for others';

-- Who asks what was known at a time gets no rows of which nobody knows when they became known.
CREATE FUNCTION quiver.feature_never_known(members quiver.feature_member[]) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one record;
    missing bigint;
    result jsonb := '{}';
BEGIN
    FOR one IN SELECT DISTINCT v.view, v.view_schema, v.view_name FROM unnest(members) AS m
        JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.version) AND v.has_created
        JOIN quiver.feature_view f ON f.name = v.view AND NOT f.managed  -- whose histories always say when
        ORDER BY v.view
    LOOP
        EXECUTE format('SELECT count(*) FROM %I.%I WHERE created_ts IS NULL', one.view_schema, one.view_name)
            INTO missing;
        IF missing > 0 THEN
            RAISE NOTICE '% row(s) of feature view "%" have no created_ts and are never known', missing, one.view;
            result := result || jsonb_build_object(one.view, missing);
        END IF;
    END LOOP;
    RETURN result;
END $$;
COMMENT ON FUNCTION quiver.feature_never_known(quiver.feature_member[]) IS
    'how many rows of which views have no created_ts, with a notice for each such view';

CREATE FUNCTION quiver.feature_make_dataset(
    name text, query quiver.feature_query, features text[], service text, spine_ts text, key_map jsonb,
        known_at timestamptz,
    known_at_col text, strict boolean, ignore_nulls boolean, full_names boolean, with_status boolean, on_null_ts text,
        target text,
    path text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    started timestamptz := clock_timestamp();
    asked record;
    request quiver.feature_request;
    high_ids bigint[];
    place text[];
    relation regclass;
    made bigint;
    nulls bigint;
BEGIN
    PERFORM quiver.feature_check_author();
    PERFORM quiver.feature_check_name('a dataset', name);
    IF EXISTS (SELECT FROM quiver.feature_dataset d WHERE d.name = feature_make_dataset.name) THEN
        PERFORM quiver.feature_invalid(format('dataset "%s" already exists', name),
            'A dataset never changes; choose another name.', '42710');
    ELSIF 'row_id' = ANY (query.columns) THEN
        PERFORM quiver.feature_invalid('the spine has a column row_id, which datasets number their rows with',
            'Rename it.', '42701');
    END IF;
    place := parse_ident(coalesce(target, quote_ident(name)));
    place := CASE WHEN cardinality(place) = 1 THEN ARRAY[quiver.feature_schema_in(path)] || place ELSE place[1:2] END;
    SELECT * INTO asked FROM quiver.feature_requested(features, service, key_map, coalesce(full_names, false));
    request := quiver.feature_make_request(query, asked.members, asked.inputs, asked.transforms, spine_ts, known_at,
        known_at_col,
        strict, ignore_nulls, with_status, on_null_ts, false);
    request.row_id := true;
    -- The snapshot first: a row that it shows has an id that was given out before.
    request.own_xid := pg_current_xact_id();
    request.snapshot := pg_current_snapshot();
    high_ids := ARRAY(SELECT quiver.feature_high_id(m.view) FROM unnest(asked.members) WITH ORDINALITY
        AS m(view, a, b, c, d, e, f, n)
        ORDER BY m.n);
    EXECUTE format('CREATE TABLE %I.%I AS %s', place[1], place[2],
        quiver.feature_historical_statement(request, asked.members, asked.service_name, asked.service_version,
            high_ids));
    GET DIAGNOSTICS made = ROW_COUNT;
    relation := format('%I.%I', place[1], place[2])::regclass;
    IF on_null_ts = 'error' THEN
        EXECUTE format('SELECT count(*) FROM %s WHERE %I IS NULL', relation, spine_ts) INTO nulls;
        IF nulls > 0 THEN
            PERFORM quiver.feature_invalid(format('column "%s" of the spine is NULL in %s row(s)', spine_ts, nulls),
                'Leave those rows out, or pass on_null_ts => ''null'' to get NULL features for them.', '22004');
        END IF;
    END IF;
    EXECUTE format('COMMENT ON TABLE %s IS %L', relation, format('dataset %s of the feature store; do not change',
        name));
    INSERT INTO quiver.feature_dataset (name, service, service_version, options, spine, spine_columns, target_schema,
        target_table, rows,
        spine_hash, content_hash, snapshot, own_xid, exact)
    VALUES (name, asked.service_name, asked.service_version, jsonb_build_object('spine_ts', spine_ts, 'known_at',
        known_at,
            'known_at_col', known_at_col, 'strict', request.exclusive, 'ignore_nulls', request.ignore_nulls,
            'with_status', request.with_status),
        query.sql, query.columns, place[1], place[2], made, quiver.feature_hash(relation, 'row_id'::text
            || query.columns),
        quiver.feature_hash(relation, ARRAY(SELECT a.attname FROM pg_attribute a
            WHERE a.attrelid = relation AND a.attnum > 0 ORDER BY a.attnum)),
        request.snapshot, request.own_xid, array_position(high_ids, NULL) IS NULL);
    INSERT INTO quiver.feature_dataset_member (dataset, position, view, version, alias, spine_keys, features, outputs,
        high_id)
    SELECT name, m.n, m.view, m.version, m.alias, m.spine_keys, m.features, m.outputs, high_ids[m.n]
    FROM unnest(asked.members) WITH ORDINALITY AS m(view, version, alias, keys, spine_keys, features, outputs, n);
    INSERT INTO quiver.feature_run (kind, name, started_at, inputs, outputs, statistics)
    VALUES ('dataset', name, started, (SELECT jsonb_agg(DISTINCT format('%I.%I', v.view_schema, v.view_name))
        FROM unnest(asked.members) AS m
            JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.version)),
        jsonb_build_array(relation::text), jsonb_build_object('rows', made) || CASE WHEN request.known IS NULL THEN '{}'
            ELSE jsonb_build_object('never_known', quiver.feature_never_known(asked.members)) END);
END $$;
COMMENT ON FUNCTION quiver.feature_make_dataset(text, quiver.feature_query, text[], text, text, jsonb, timestamptz,
    text, boolean, boolean,
    boolean, boolean, text, text, text) IS 'what quiver.feature_create_dataset does, given the analysed spine';

CREATE PROCEDURE quiver.feature_create_dataset(
    name text, spine text, service text DEFAULT NULL, features text[] DEFAULT NULL, target text DEFAULT NULL,
    spine_ts text DEFAULT 'event_ts', key_map jsonb DEFAULT NULL, known_at timestamptz DEFAULT NULL,
        known_at_col text DEFAULT NULL,
    strict boolean DEFAULT false, ignore_nulls boolean DEFAULT false, full_names boolean DEFAULT false,
    with_status boolean DEFAULT false, on_null_ts text DEFAULT 'error')
    LANGUAGE sql
    BEGIN ATOMIC
        SELECT quiver.feature_make_dataset(name, quiver.feature_describe(quiver.feature_select(spine)), features,
            service, spine_ts, key_map,
            known_at, known_at_col, strict, ignore_nulls, full_names, with_status, on_null_ts, target,
            pg_catalog.current_setting('search_path'));
    END;
COMMENT ON PROCEDURE quiver.feature_create_dataset(text, text, text, text[], text, text, jsonb, timestamptz, text,
    boolean, boolean, boolean,
    boolean, text) IS 'write a training set to a table, and record snapshot, versions, hashes and lineage to make it '
        'again';

-- The dataset's statement over its own spine: as it was made, or as it would be made now.
CREATE FUNCTION quiver.feature_replay_of(name text, as_of_now boolean) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_dataset quiver.feature_dataset := quiver.feature_dataset_of(name);
    members quiver.feature_member[];
    high_ids bigint[];
    query quiver.feature_query;
    request quiver.feature_request;
BEGIN
    SELECT array_agg(ROW(m.view, m.version, m.alias, v.keys, m.spine_keys, m.features,
        m.outputs)::quiver.feature_member ORDER BY m.position),
        array_agg(m.high_id ORDER BY m.position) INTO members, high_ids
    FROM quiver.feature_dataset_member m JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.version)
    WHERE m.dataset = of_dataset.name;
    IF to_regclass(format('%I.%I', of_dataset.target_schema, of_dataset.target_table)) IS NULL THEN
        PERFORM quiver.feature_invalid(format('table %I.%I of dataset "%s" does not exist', of_dataset.target_schema,
            of_dataset.target_table, name), 'The spine of a dataset is kept there; restore the table.', '42P01');
    END IF;
    query := quiver.feature_describe(format('SELECT row_id, %s FROM %I.%I', (SELECT string_agg(quote_ident(c), ', ')
        FROM unnest(of_dataset.spine_columns) AS c), of_dataset.target_schema, of_dataset.target_table));
    request := quiver.feature_make_request(query, members, NULL, NULL, of_dataset.options ->> 'spine_ts',
        (of_dataset.options ->> 'known_at')::timestamptz, of_dataset.options ->> 'known_at_col',
            (of_dataset.options ->> 'strict')::boolean,
        (of_dataset.options ->> 'ignore_nulls')::boolean, (of_dataset.options ->> 'with_status')::boolean, 'null',
            false);
    request.row_id := true;
    IF NOT as_of_now THEN
        request.snapshot := of_dataset.snapshot;
        request.own_xid := of_dataset.own_xid;
    END IF;
    RETURN quiver.feature_historical_statement(request, members, of_dataset.service, of_dataset.service_version,
        high_ids);
END $$;
COMMENT ON FUNCTION quiver.feature_replay_of(text, boolean) IS
    'the statement of a dataset over its stored spine, with what it saw then or with what is known now';

CREATE FUNCTION quiver.feature_replay_sql(name text) RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT quiver.feature_replay_of(name, false)
$$;
COMMENT ON FUNCTION quiver.feature_replay_sql(text) IS 'the statement that makes a dataset again from what it saw';

CREATE FUNCTION quiver.feature_replay_dataset(name text) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100000;
COMMENT ON FUNCTION quiver.feature_replay_dataset(text) IS
    'make a dataset again: row_id, spine and features as they were; exactly those if all its views are managed';

CREATE FUNCTION quiver.feature_diff_dataset(name text, as_of_now boolean DEFAULT true)
    RETURNS TABLE (feature text, rows bigint, same bigint, changed bigint, appeared bigint, vanished bigint)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_dataset quiver.feature_dataset := quiver.feature_dataset_of(name);
    statement text := quiver.feature_replay_of(name, coalesce(as_of_now, false));
    names text[] := ARRAY(SELECT c FROM unnest((quiver.feature_describe(statement)).columns) WITH ORDINALITY AS u(c, n)
        WHERE c <> 'row_id' AND c <> ALL (of_dataset.spine_columns) ORDER BY n);
BEGIN
    -- As text: a feature's type need not have an equality.
    RETURN QUERY EXECUTE format('SELECT c.feature, count(*), count(*) FILTER (WHERE c.was IS NOT DISTINCT FROM '
        'c.now_is), count(*) FILTER (WHERE c.was <> c.now_is), '
        'count(*) FILTER (WHERE c.was IS NULL AND c.now_is IS NOT NULL), '
        'count(*) FILTER (WHERE c.was IS NOT NULL AND c.now_is IS NULL) '
        'FROM %I.%I AS was FULL JOIN (%s) AS is_now USING (row_id) CROSS JOIN LATERAL (VALUES %s) AS '
        'c(place, feature, was, now_is) '
        'GROUP BY c.place, c.feature ORDER BY c.place', of_dataset.target_schema, of_dataset.target_table, statement,
        (SELECT string_agg(format('(%s, %L, was.%I::text, is_now.%I::text)', n, c, c, c), ', ')
            FROM unnest(names) WITH ORDINALITY AS u(c, n)));
END $$;
COMMENT ON FUNCTION quiver.feature_diff_dataset(text, boolean) IS
    'what would be different in a dataset if it were made now, by feature; with as_of_now => false, from what it saw '
    'then';

CREATE FUNCTION quiver.feature_drop_dataset(name text, drop_table boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_dataset quiver.feature_dataset := quiver.feature_dataset_of(name);
BEGIN
    IF drop_table THEN
        EXECUTE format('DROP TABLE IF EXISTS %I.%I', of_dataset.target_schema, of_dataset.target_table);
    END IF;
    DELETE FROM quiver.feature_dataset d WHERE d.name = of_dataset.name;
END $$;
COMMENT ON FUNCTION quiver.feature_drop_dataset(text, boolean) IS 'forget a dataset, and with drop_table its table too';
