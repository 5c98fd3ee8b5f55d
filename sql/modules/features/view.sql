-- Feature views: define a version, and the SQL view that it is.
CREATE FUNCTION quiver.feature_version_of(view text, version int DEFAULT NULL) RETURNS quiver.feature_view_version
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_view quiver.feature_view;
    found_version quiver.feature_view_version;
BEGIN
    SELECT * INTO of_view FROM quiver.feature_view v WHERE v.name = view;
    IF NOT FOUND THEN
        PERFORM quiver.feature_unknown('feature view', view, (SELECT array_agg(v.name ORDER BY v.name)
            FROM quiver.feature_view v));
    END IF;
    SELECT * INTO found_version FROM quiver.feature_view_version v
    WHERE v.view = of_view.name AND v.version = coalesce(feature_version_of.version, of_view.active);
    IF NOT FOUND THEN
        PERFORM quiver.feature_invalid(format('feature view "%s" has no version %s', view, version),
            format('It has versions %s.', (SELECT string_agg(v.version::text, ', ' ORDER BY v.version)
                FROM quiver.feature_view_version v WHERE v.view = of_view.name)), '42704');
    END IF;
    RETURN found_version;
END $$;
COMMENT ON FUNCTION quiver.feature_version_of(text, int) IS
    'a version of a feature view, the active one by default; 42704 if there is none';

-- Keys of all entities of a view in order, with types; two entities may share a key if its type agrees.
CREATE FUNCTION quiver.feature_keys_of(entities text[]) RETURNS TABLE (keys text[], types text[])
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_entity quiver.feature_entity;
    entity text;
BEGIN
    keys := '{}';
    types := '{}';
    IF coalesce(entities, '{}') = '{}' THEN
        PERFORM quiver.feature_invalid('a feature view needs an entity',
            'An entity with keys ''{}'' is for features of the world as a whole.');
    END IF;
    FOREACH entity IN ARRAY entities LOOP
        of_entity := quiver.feature_entity_of(entity);
        FOR place IN 1 .. cardinality(of_entity.keys) LOOP
            IF of_entity.keys[place] <> ALL (keys) THEN
                keys := keys || of_entity.keys[place];
                types := types || of_entity.types[place];
            END IF;
        END LOOP;
    END LOOP;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION quiver.feature_keys_of(text[]) IS 'the join keys of entities, in order and once each';

-- Columns of the SQL view, as rows of the catalogue; windows get the types of their aggregates.
CREATE FUNCTION quiver.feature_columns_of(canonical text, query quiver.feature_query, features jsonb, windows jsonb[])
    RETURNS TABLE (place int, name text, type text, written text, window_spec jsonb)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    described quiver.feature_query;
BEGIN
    RETURN QUERY
    SELECT f.place::int, f.name, c.type_name, f.written, NULL::jsonb
    FROM quiver.feature_parse_features(features, NULL) AS f
    JOIN unnest(query.columns, query.type_names) AS c(name, type_name) ON c.name = f.name
    ORDER BY f.place;
    IF windows <> '{}' THEN
        described := quiver.feature_describe(format('SELECT %s FROM (SELECT %s FROM (%s) AS v) AS w',
            (SELECT string_agg(format('%s AS %I', quiver.feature_window_result(w ->> 'agg', (w ->> 'argument')::float8,
                'w.' || quote_ident(w ->> 'name')), w ->> 'name'), ', ' ORDER BY n)
                    FROM unnest(windows) WITH ORDINALITY AS u(w, n)),
            (SELECT string_agg(format('%s AS %I', quiver.feature_window_aggregate(w ->> 'agg',
                (w ->> 'argument')::float8,
                'v.' || quote_ident(CASE WHEN w ->> 'column' IS NOT NULL THEN w ->> 'name' || '_input' END), NULL,
                    'v.event_ts'),
                w ->> 'name'), ', ' ORDER BY n) FROM unnest(windows) WITH ORDINALITY AS u(w, n)),
            canonical));
        RETURN QUERY
        SELECT (1000 + u.n)::int, u.w ->> 'name', described.type_names[u.n], coalesce(u.w ->> 'column', '*'), u.w
        FROM unnest(windows) WITH ORDINALITY AS u(w, n);
    END IF;
END $$;
COMMENT ON FUNCTION quiver.feature_columns_of(text, quiver.feature_query, jsonb, jsonb[]) IS
    'the features of a version with their types; sliding windows after the others';
