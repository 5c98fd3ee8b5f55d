-- Entities: what features are about, by the names and types of their join keys.
CREATE FUNCTION quiver.feature_check_name(kind text, name text, longest int DEFAULT 48) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF name IS NULL OR name !~ '^[a-z_][a-z0-9_]*$' OR length(name) > longest THEN
        PERFORM quiver.feature_invalid(
            CASE WHEN name IS NULL THEN format('%s needs a name', kind) ELSE format('%s has an invalid name: "%s"',
                kind, name) END,
            format('Use lower-case letters, digits and underscores, at most %s.', longest), '42602');
    END IF;
END $$;
COMMENT ON FUNCTION quiver.feature_check_name(text, text, int) IS
    'refuse names (42602) that would have to be quoted, or are too long for the objects named after them';

-- A function that sets search_path gives it back at its end, so the caller's is in force here only.
CREATE FUNCTION quiver.feature_describe_in(path text, query text) RETURNS quiver.feature_query
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_catalog.set_config('search_path', path, true);
    RETURN quiver.feature_describe(query);
END $$;
COMMENT ON FUNCTION quiver.feature_describe_in(text, text) IS 'quiver.feature_describe under a given search_path';

CREATE FUNCTION quiver.feature_relation_in(path text, name text) RETURNS regclass
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_catalog.set_config('search_path', path, true);
    -- to_regclass refuses what cannot be a name.
    IF name OPERATOR(pg_catalog.~) '^\s*("([^"]|"")+"|[A-Za-z_][\w$]*)(\.("([^"]|"")+"|[A-Za-z_][\w$]*)){0,2}\s*$' THEN
        RETURN pg_catalog.to_regclass(name);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION quiver.feature_relation_in(text, text) IS
    'the relation of a name under a given search_path; NULL if the text is a query or names nothing';

CREATE FUNCTION quiver.feature_define_entity(name text, keys jsonb, description text, tags jsonb, path text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key text;
    type text;
    names text[] := '{}';
    types text[] := '{}';
    known quiver.feature_entity;
BEGIN
    PERFORM quiver.feature_check_author();
    PERFORM quiver.feature_check_name('an entity', name);
    IF jsonb_typeof(keys) IS DISTINCT FROM 'object' THEN
        PERFORM quiver.feature_invalid('keys must be a JSON object of names and types',
            'For example {"user_id": "bigint"}.');
    END IF;
    FOR key, type IN SELECT * FROM jsonb_each_text(keys) LOOP
        PERFORM quiver.feature_check_name('a key', key);
        IF key IN ('event_ts', 'created_ts', 'ingest_id', 'ingest_xid', 'source_xmin', 'row_id') THEN
            PERFORM quiver.feature_invalid(format('"%s" is a name of the feature store itself', key),
                'Choose another name.', '42939');
        END IF;
        names := names || key;
        types := types || (quiver.feature_describe_in(path, format('SELECT NULL::%s', type))).type_names;
        IF NOT quiver.feature_comparable(types[cardinality(types)]::regtype, types[cardinality(types)]::regtype) THEN
            PERFORM quiver.feature_invalid(format('type %s cannot be a key', type),
                'A key needs a btree operator class.', '42804');
        END IF;
    END LOOP;
    SELECT * INTO known FROM quiver.feature_entity e WHERE e.name = feature_define_entity.name;
    IF NOT FOUND THEN
        INSERT INTO quiver.feature_entity (name, keys, types, description, tags)
        VALUES (name, names, types, feature_define_entity.description, coalesce(feature_define_entity.tags, '{}'));
    ELSIF (known.keys, known.types) IS DISTINCT FROM (names, types) THEN
        PERFORM quiver.feature_invalid(format('entity "%s" already exists with other keys', name),
            'Keys of an entity are fixed; make another entity.', '42710',
            format('It has (%s) of types (%s).', array_to_string(known.keys, ', '),
                array_to_string(known.types, ', ')));
    ELSE
        UPDATE quiver.feature_entity e
        SET description = coalesce(feature_define_entity.description, e.description),
            tags = coalesce(feature_define_entity.tags, e.tags)
        WHERE e.name = feature_define_entity.name;
    END IF;
END $$;
COMMENT ON FUNCTION quiver.feature_define_entity(text, jsonb, text, jsonb, text) IS
    'what quiver.feature_create_entity does, given the caller''s search_path';

CREATE FUNCTION quiver.feature_create_entity(name text, keys jsonb, description text DEFAULT NULL,
    tags jsonb DEFAULT NULL)
    RETURNS void
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    BEGIN ATOMIC
        SELECT quiver.feature_define_entity(name, keys, description, tags, pg_catalog.current_setting('search_path'));
    END;
COMMENT ON FUNCTION quiver.feature_create_entity(text, jsonb, text, jsonb) IS
    'define an entity by its join keys, as {"user_id": "bigint"}; {} is for features of the world as a whole';

CREATE FUNCTION quiver.feature_entity_of(name text) RETURNS quiver.feature_entity
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_entity quiver.feature_entity;
BEGIN
    SELECT * INTO found_entity FROM quiver.feature_entity e WHERE e.name = feature_entity_of.name;
    IF NOT FOUND THEN
        PERFORM quiver.feature_unknown('entity', name, (SELECT array_agg(e.name ORDER BY e.name)
            FROM quiver.feature_entity e));
    END IF;
    RETURN found_entity;
END $$;
COMMENT ON FUNCTION quiver.feature_entity_of(text) IS 'the entity of that name; 42704 if there is none';

CREATE FUNCTION quiver.feature_drop_entity(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    users text[];
BEGIN
    PERFORM quiver.feature_entity_of(name);
    SELECT array_agg(DISTINCT v.view) INTO users FROM quiver.feature_view_version v
        WHERE feature_drop_entity.name = ANY (v.entities);
    IF users IS NOT NULL THEN
        PERFORM quiver.feature_invalid(format('entity "%s" is in use', name), 'Drop the feature views first.', '55006',
            format('Feature views: %s.', array_to_string(users, ', ')));
    END IF;
    DELETE FROM quiver.feature_entity e WHERE e.name = feature_drop_entity.name;
END $$;
COMMENT ON FUNCTION quiver.feature_drop_entity(text) IS 'drop an entity that no feature view uses (55006)';
