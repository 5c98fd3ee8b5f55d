-- Feature views: define a version, from checked parts to the rows and the SQL view.
CREATE FUNCTION quiver.feature_schema_in(path text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_catalog.set_config('search_path', path, true);
    IF pg_catalog.current_schema() IS NULL THEN
        PERFORM quiver.feature_invalid('no schema has been selected to create in', 'Pass schema, or set search_path.',
            '3F000');
    END IF;
    RETURN pg_catalog.current_schema();
END $$;
COMMENT ON FUNCTION quiver.feature_schema_in(text) IS
    'the schema that objects are created in under a given search_path';

CREATE FUNCTION quiver.feature_check_query(view text, query quiver.feature_query, keys text[], key_types text[])
    RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one record;
BEGIN
    IF query.volatility = 'v' THEN
        PERFORM quiver.feature_invalid(format('feature view "%s" calls a volatile function', view),
            'A feature must be the same whenever it is computed; use immutable or stable functions.', '0A000');
    ELSIF query.aggregates THEN
        PERFORM quiver.feature_invalid(format('features of view "%s" are aggregates', view),
            'Aggregate in the source query, or define windows.', '0A000');
    END IF;
    PERFORM quiver.feature_check_times(view, query);
    FOR one IN
        SELECT k.name, k.type, c.type::regtype AS found
        FROM unnest(keys, key_types) AS k(name, type) JOIN unnest(query.columns, query.types) AS c(name, type)
            ON c.name = k.name
    LOOP
        IF NOT quiver.feature_comparable(one.type::regtype, one.found) THEN
            PERFORM quiver.feature_invalid(format('key "%s" of feature view "%s" is %s, its entity has %s', one.name,
                view, one.found,
                one.type), 'Cast one of them where it is defined; keys are never compared as text.', '42804');
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_check_query(text, quiver.feature_query, text[], text[]) IS
    'refuse volatile or aggregating features (0A000), naive times and keys of another type (42804)';

CREATE FUNCTION quiver.feature_store_version(
    view text, version int, entities text[], keys text[], key_types text[], query quiver.feature_query, managed boolean,
    has_created boolean, ttl interval, on_tie text, source_table text, definition jsonb, windows jsonb[], schema text,
        view_name text,
    description text, tags jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM quiver.feature_check_query(view, query, keys, key_types);
    -- The checking of privileges and row security is the caller's, in every version.
    EXECUTE format('CREATE VIEW %I.%I WITH (security_invoker = true) AS %s', schema, view_name, query.sql);
    EXECUTE format('COMMENT ON VIEW %I.%I IS %L', schema, view_name, format('feature view %s, version %s', view,
        version));
    INSERT INTO quiver.feature_view AS v (name, active, managed, history_schema, history_table, description, tags)
    VALUES (view, version, managed, CASE WHEN managed THEN schema END, CASE WHEN managed THEN view || '_history' END,
        description, coalesce(tags, '{}'))
    ON CONFLICT (name) DO UPDATE SET active = excluded.active, description = coalesce(excluded.description,
        v.description),
        tags = CASE WHEN excluded.tags = '{}' THEN v.tags ELSE excluded.tags END;
    INSERT INTO quiver.feature_view_version (view, version, entities, keys, key_types, has_created, ttl, on_tie,
        source, source_table,
        definition, view_schema, view_name)
    VALUES (view, version, entities, keys, key_types, has_created, ttl, on_tie, query.sql, source_table, definition,
        schema, view_name);
    INSERT INTO quiver.feature_column (view, version, position, name, type, expression, agg, argument, width, bound)
    SELECT view, version, row_number() OVER (ORDER BY f.place), f.name, f.type, f.written, f.window_spec ->> 'agg',
        (f.window_spec ->> 'argument')::float8, (f.window_spec ->> 'width')::interval, f.window_spec ->> 'bound'
    FROM quiver.feature_columns_of(query.sql, query, coalesce(nullif(definition -> 'features', 'null'), '[]'), windows)
        AS f;
END $$;
COMMENT ON FUNCTION quiver.feature_store_version(text, int, text[], text[], text[], quiver.feature_query, boolean,
    boolean, interval, text,
    text, jsonb, jsonb[], text, text, text, jsonb) IS 'write a checked version to the catalogue and make its SQL view';

CREATE FUNCTION quiver.feature_define_view(
    name text, entities text[], source text, event_ts text, created_ts text, features jsonb, ttl interval,
        windows jsonb,
    managed boolean, online boolean, key_map jsonb, on_tie text, schema text, description text, tags jsonb,
        replace boolean, path text)
    RETURNS int
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    keys text[];
    key_types text[];
    checked_windows jsonb[] := ARRAY(SELECT quiver.feature_check_windows(windows));
    exact_ttl interval := quiver.feature_exact_interval(ttl, 'ttl');
    source_query quiver.feature_query;
    source_relation regclass := quiver.feature_relation_in(path, source);
    is_table boolean := coalesce((SELECT c.relkind IN ('r', 'p') FROM pg_class c WHERE c.oid = source_relation), false);
    query quiver.feature_query;
    known quiver.feature_view;
    known_definition jsonb;
    definition jsonb;
    next_version int;
    view_name text;
BEGIN
    PERFORM quiver.feature_check_author();
    PERFORM quiver.feature_check_name('a feature view', name);
    SELECT k.keys, k.types INTO keys, key_types FROM quiver.feature_keys_of(entities) AS k;
    IF coalesce(on_tie NOT IN ('any', 'error'), true) THEN
        PERFORM quiver.feature_invalid(format('on_tie must be "any" or "error", not "%s"', on_tie));
    ELSIF managed AND (source IS NOT NULL OR event_ts IS NOT NULL OR created_ts IS NOT NULL OR key_map IS NOT NULL) THEN
        PERFORM quiver.feature_invalid('a managed feature view keeps its own history and has no source',
            'Drop source, event_ts, created_ts and key_map, or drop managed; push rows of a source with '
                'quiver.feature_push.');
    ELSIF NOT managed AND (source IS NULL OR event_ts IS NULL) THEN
        PERFORM quiver.feature_invalid(format('feature view "%s" needs %s', name,
            CASE WHEN source IS NULL THEN 'a source' ELSE 'event_ts, the time when a value came to be' END),
            'Or pass managed => true for a view that is pushed to.');
    END IF;
    SELECT * INTO known FROM quiver.feature_view v WHERE v.name = feature_define_view.name FOR UPDATE;
    schema := coalesce(schema, (SELECT v.view_schema FROM quiver.feature_view_version v
        WHERE v.view = known.name AND v.version = known.active), quiver.feature_schema_in(path));

    IF managed THEN
        features := (SELECT jsonb_agg(jsonb_build_object(f.name, (quiver.feature_describe_in(path,
                format(E'SELECT NULL::%s', f.written))).type_names[1]) ORDER BY f.place)
            FROM quiver.feature_parse_features(coalesce(features, '{}'), NULL) AS f);
        source := NULL;
    ELSE
        source_query := quiver.feature_describe_in(path, quiver.feature_select(source));
        features := (SELECT jsonb_agg(jsonb_build_object(f.name, f.written) ORDER BY f.place)
            FROM quiver.feature_parse_features(features, ARRAY(SELECT c FROM unnest(source_query.columns) AS c
                WHERE c <> ALL (keys) AND c <> event_ts AND c IS DISTINCT FROM created_ts AND features IS NULL
                    AND windows IS NULL
                  AND c NOT IN (SELECT value FROM jsonb_each_text(coalesce(key_map, '{}'))))) AS f);
        query := quiver.feature_describe_in(path, quiver.feature_assemble_view(name,
            CASE WHEN is_table THEN source_relation::text ELSE quiver.feature_select(source) END, is_table,
                source_query.columns,
            keys, key_map, event_ts, created_ts, coalesce(features, '[]'), checked_windows));
    END IF;
    PERFORM quiver.feature_check_feature_names(name, ARRAY(
        SELECT f.name FROM quiver.feature_parse_features(coalesce(features, '[]'), NULL) AS f
        UNION ALL SELECT w ->> 'name' FROM unnest(checked_windows) AS w), keys);
    IF NOT managed THEN
        PERFORM quiver.feature_check_query(name, query, keys, key_types);
    END IF;
    IF features IS NULL AND checked_windows = '{}' THEN
        PERFORM quiver.feature_invalid(format('feature view "%s" has no feature', name),
            'Name them in features, or define windows.');
    END IF;

    definition := jsonb_build_object('entities', entities, 'source', source_query.sql, 'event_ts', event_ts,
        'created_ts', created_ts,
        'features', features, 'ttl', exact_ttl, 'windows', to_jsonb(checked_windows), 'key_map', key_map, 'on_tie',
            on_tie);
    known_definition := (SELECT v.definition FROM quiver.feature_view_version v
        WHERE v.view = known.name AND v.version = known.active);
    IF known_definition = definition THEN
        UPDATE quiver.feature_view v SET description = coalesce(feature_define_view.description, v.description),
            tags = coalesce(feature_define_view.tags, v.tags)
        WHERE v.name = known.name AND (feature_define_view.description IS NOT NULL OR feature_define_view.tags
            IS NOT NULL);
        next_version := known.active;
    ELSIF known_definition IS NOT NULL AND NOT replace THEN
        PERFORM quiver.feature_invalid(format('feature view "%s" already exists with another definition', name),
            'Pass replace => true to make it a new version; the old one stays as it is.', '42710');
    ELSIF known.managed IS DISTINCT FROM managed AND known.name IS NOT NULL THEN
        PERFORM quiver.feature_invalid(format('feature view "%s" is %s and stays so', name,
            CASE WHEN known.managed THEN 'managed' ELSE 'a view over a source' END), 'Define one of another name.',
                '42809');
    ELSE
        next_version := coalesce((SELECT max(v.version) FROM quiver.feature_view_version v WHERE v.view = known.name),
            0) + 1;
        view_name := format('%s_v%s', name, next_version);
        IF managed THEN
            schema := coalesce(known.history_schema, schema);
            PERFORM quiver.feature_prepare_history(name, schema, keys, key_types,
                ARRAY(SELECT f.name FROM quiver.feature_parse_features(features, NULL) AS f ORDER BY f.place),
                ARRAY(SELECT f.written FROM quiver.feature_parse_features(features, NULL) AS f ORDER BY f.place));
            query := quiver.feature_describe(quiver.feature_assemble_view(name, format('TABLE %I.%I', schema, name
                || '_history'), false,
                ARRAY(SELECT a.attname FROM pg_attribute a
                    WHERE a.attrelid = format('%I.%I', schema, name || '_history')::regclass AND a.attnum > 0
                        AND NOT a.attisdropped),
                keys, NULL, 'event_ts', 'created_ts',
                (SELECT jsonb_agg(f.name ORDER BY f.place) FROM quiver.feature_parse_features(features, NULL) AS f)
                    || '["ingest_id", "ingest_xid"]', checked_windows));
        END IF;
        PERFORM quiver.feature_store_version(name, next_version, entities, keys, key_types, query, managed, created_ts
            IS NOT NULL OR managed,
            exact_ttl, on_tie, CASE WHEN is_table THEN source_relation::text END, definition, checked_windows, schema,
                view_name,
            description, tags);
    END IF;
    IF online THEN
        PERFORM quiver.feature_prepare_online(name, next_version);
    END IF;
    RETURN next_version;
END $$;
COMMENT ON FUNCTION quiver.feature_define_view(text, text[], text, text, text, jsonb, interval, jsonb, boolean,
    boolean, jsonb, text, text,
    text, jsonb, boolean, text) IS 'what quiver.feature_create_view does, given the caller''s search_path';

CREATE FUNCTION quiver.feature_create_view(
    name text, entities text[], source text DEFAULT NULL, event_ts text DEFAULT NULL, created_ts text DEFAULT NULL,
    features jsonb DEFAULT NULL, ttl interval DEFAULT NULL, windows jsonb DEFAULT NULL, managed boolean DEFAULT false,
    online boolean DEFAULT false, key_map jsonb DEFAULT NULL, on_tie text DEFAULT 'any', schema text DEFAULT NULL,
    description text DEFAULT NULL, tags jsonb DEFAULT NULL, replace boolean DEFAULT false) RETURNS int
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    BEGIN ATOMIC
        SELECT quiver.feature_define_view(name, entities, source, event_ts, created_ts, features, ttl, windows,
            managed, online,
            key_map, on_tie, schema, description, tags, replace, pg_catalog.current_setting('search_path'));
    END;
COMMENT ON FUNCTION quiver.feature_create_view(text, text[], text, text, text, jsonb, interval, jsonb, boolean,
    boolean, jsonb, text,
    text, text, jsonb, boolean) IS
        'define a feature view of several entities; returns its version (docs/feature_store.md)';

CREATE FUNCTION quiver.feature_create_view(
    name text, entity text, source text DEFAULT NULL, event_ts text DEFAULT NULL, created_ts text DEFAULT NULL,
    features jsonb DEFAULT NULL, ttl interval DEFAULT NULL, windows jsonb DEFAULT NULL, managed boolean DEFAULT false,
    online boolean DEFAULT false, key_map jsonb DEFAULT NULL, on_tie text DEFAULT 'any', schema text DEFAULT NULL,
    description text DEFAULT NULL, tags jsonb DEFAULT NULL, replace boolean DEFAULT false) RETURNS int
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    BEGIN ATOMIC
        SELECT quiver.feature_define_view(name, ARRAY[entity], source, event_ts, created_ts, features, ttl, windows,
            managed, online,
            key_map, on_tie, schema, description, tags, replace, pg_catalog.current_setting('search_path'));
    END;
COMMENT ON FUNCTION quiver.feature_create_view(text, text, text, text, text, jsonb, interval, jsonb, boolean, boolean,
    jsonb, text,
    text, text, jsonb, boolean) IS 'define a feature view of one entity; returns its version (docs/feature_store.md)';
