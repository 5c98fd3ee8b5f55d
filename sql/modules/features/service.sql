-- Feature services: a named, pinned list of features with request inputs and transforms.
CREATE FUNCTION quiver.feature_service_of(service text, version int DEFAULT NULL) RETURNS quiver.feature_service_version
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_service quiver.feature_service;
    found_version quiver.feature_service_version;
BEGIN
    SELECT * INTO of_service FROM quiver.feature_service s WHERE s.name = service;
    IF NOT FOUND THEN
        PERFORM quiver.feature_unknown('feature service', service,
            (SELECT array_agg(s.name ORDER BY s.name) FROM quiver.feature_service s));
    END IF;
    SELECT * INTO found_version FROM quiver.feature_service_version v
    WHERE v.service = of_service.name AND v.version = coalesce(feature_service_of.version, of_service.active);
    IF NOT FOUND THEN
        PERFORM quiver.feature_invalid(format('feature service "%s" has no version %s', service, version),
            format('Its newest is %s.', of_service.active), '42704');
    END IF;
    RETURN found_version;
END $$;
COMMENT ON FUNCTION quiver.feature_service_of(text, int) IS
    'a version of a service, the active one by default; 42704 if there is none';

-- 'service' or 'service@2'.
CREATE FUNCTION quiver.feature_service_named(written text) RETURNS quiver.feature_service_version
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT quiver.feature_service_of(coalesce((regexp_match(written, '^(.*)@v?(\d{1,9})$'))[1], written),
        (regexp_match(written, '@v?(\d{1,9})$'))[1]::int)
$$;
COMMENT ON FUNCTION quiver.feature_service_named(text) IS 'a service as requests name it: service, or service@version';

CREATE FUNCTION quiver.feature_members(service text, version int) RETURNS SETOF quiver.feature_member
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.view, m.view_version, m.alias, v.keys, m.spine_keys, m.features, m.outputs
    FROM quiver.feature_service_member m
    JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.view_version)
    WHERE (m.service, m.version) = (feature_members.service, feature_members.version)
    ORDER BY m.position
$$;
COMMENT ON FUNCTION quiver.feature_members(text, int) IS 'what a version of a service is made of';

-- An expression of users, checked and made a SQL function whose arguments are the columns that it mentions.
CREATE FUNCTION quiver.feature_make_expression(
    what text, schema text, function_name text, expression text, columns text[], types text[], path text,
    OUT type text, OUT function text, OUT arguments text[])
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    used int[] := ARRAY(SELECT u.n FROM unnest(columns) WITH ORDINALITY AS u(c, n)
        WHERE expression ~* format('\m%s\M', u.c));
    query quiver.feature_query;
BEGIN
    IF coalesce(btrim(expression), '') = '' THEN
        PERFORM quiver.feature_invalid(format('%s has no expression', what));
    END IF;
    query := quiver.feature_describe_in(path, format(E'SELECT (%s\n) AS value FROM (SELECT %s) AS request', expression,
        (SELECT string_agg(format('NULL::%s AS %I', t, c), ', ') FROM unnest(columns, types) AS u(c, t))));
    IF query.volatility = 'v' THEN
        PERFORM quiver.feature_invalid(format('%s calls a volatile function', what),
            'It must give the same online and offline; use immutable or stable functions.', '0A000');
    ELSIF query.aggregates OR query.subqueries THEN
        PERFORM quiver.feature_invalid(format('%s must be an expression of one row', what),
            'Aggregates and subqueries belong in feature views.', '0A000');
    END IF;
    type := query.type_names[1];
    function := format('%I.%I', schema, function_name);
    arguments := ARRAY(SELECT columns[n] FROM unnest(used) AS n);
    PERFORM pg_catalog.set_config('search_path', path, true);
    EXECUTE pg_catalog.format(E'CREATE FUNCTION %s(%s) RETURNS %s LANGUAGE sql %s PARALLEL SAFE RETURN (%s\n)',
        function,
        (SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', columns[n], types[n]), ', ')
            FROM pg_catalog.unnest(used) AS n),
        type, CASE query.volatility WHEN 'i' THEN 'IMMUTABLE' ELSE 'STABLE' END, expression);
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
END $$;
COMMENT ON FUNCTION quiver.feature_make_expression(text, text, text, text, text[], text[], text) IS
    'check an expression over columns and keep it as a SQL function; volatile, aggregating and querying ones are '
    'refused (0A000)';

CREATE FUNCTION quiver.feature_define_service(
    name text, refs text[], inputs jsonb, transforms jsonb, key_map jsonb, full_names boolean, schema text,
        description text,
    tags jsonb, replace boolean, path text) RETURNS int
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    members quiver.feature_member[] := ARRAY(SELECT m FROM quiver.feature_resolve(refs, key_map, full_names) AS m);
    known quiver.feature_service;
    next_version int;
    columns text[];
    types text[];
    one record;
    made record;
    place int := 0;
    waiting text[];
BEGIN
    PERFORM quiver.feature_check_author();
    PERFORM quiver.feature_check_name('a feature service', name, 30);
    SELECT * INTO known FROM quiver.feature_service s WHERE s.name = feature_define_service.name FOR UPDATE;
    inputs := (SELECT jsonb_object_agg(i.name,
        (quiver.feature_describe_in(path, format('SELECT NULL::%s', i.written))).type_names[1])
        FROM quiver.feature_parse_features(coalesce(inputs, '{}'), NULL) AS i);
    SELECT array_agg(c.name ORDER BY c.part, c.n), array_agg(c.type ORDER BY c.part, c.n) INTO columns, types
    FROM (
        SELECT 1 AS part, f.n, f.output AS name, k.type
        FROM unnest(members) AS m, unnest(m.features, m.outputs) WITH ORDINALITY AS f(feature, output, n)
        JOIN quiver.feature_column k ON true
        WHERE (k.view, k.version, k.name) = (m.view, m.version, f.feature)
        UNION ALL SELECT 0, i.n, i.key, i.value FROM jsonb_each_text(coalesce(inputs, '{}')) WITH ORDINALITY
            AS i(key, value, n)) AS c;
    SELECT u.c INTO one FROM unnest(columns
        || ARRAY(SELECT t.name FROM quiver.feature_parse_features(coalesce(transforms, '{}'), NULL) AS t))
        AS u(c) GROUP BY u.c HAVING count(*) > 1;
    IF FOUND THEN
        PERFORM quiver.feature_invalid(format('"%s" is twice in feature service "%s"', one.c, name),
            'Inputs, features and transforms need different names.', '42701');
    END IF;
    IF known.name IS NOT NULL AND NOT replace THEN
        PERFORM quiver.feature_invalid(format('feature service "%s" already exists', name),
            'Pass replace => true to make a new version; the old one stays as it is.', '42710');
    END IF;
    next_version := coalesce((SELECT max(v.version) FROM quiver.feature_service_version v
        WHERE v.service = known.name), 0) + 1;
    INSERT INTO quiver.feature_service AS s (name, active, description, tags)
    VALUES (name, next_version, description, coalesce(tags, '{}'))
    ON CONFLICT ON CONSTRAINT feature_service_pkey DO UPDATE SET active = excluded.active,
        description = coalesce(excluded.description,
        s.description),
        tags = CASE WHEN excluded.tags = '{}' THEN s.tags ELSE excluded.tags END;
    INSERT INTO quiver.feature_service_version (service, version, features, full_names, inputs)
    VALUES (name, next_version, refs, full_names, coalesce(inputs, '{}'));
    INSERT INTO quiver.feature_service_member (service, version, position, view, view_version, alias, spine_keys,
        features, outputs)
    SELECT name, next_version, m.n, m.view, m.version, m.alias, m.spine_keys, m.features, m.outputs
    FROM unnest(members) WITH ORDINALITY AS m(view, version, alias, keys, spine_keys, features, outputs, n);
    -- A transform may use others: those that mention none of the waiting come next.
    waiting := ARRAY(SELECT t.name FROM quiver.feature_parse_features(coalesce(transforms, '{}'), NULL) AS t);
    WHILE waiting <> '{}' LOOP
        SELECT t.name, t.written INTO one FROM quiver.feature_parse_features(transforms, NULL) AS t
        WHERE t.name = ANY (waiting)
          AND NOT EXISTS (SELECT FROM unnest(waiting) AS w WHERE w <> t.name AND t.written ~* format('\m%s\M', w))
        ORDER BY t.place LIMIT 1;
        IF NOT FOUND THEN
            PERFORM quiver.feature_invalid(format('transforms %s mention one another', array_to_string(waiting, ', ')));
        END IF;
        place := place + 1;
        PERFORM quiver.feature_check_name('a transform', one.name);
        SELECT * INTO made FROM quiver.feature_make_expression(format('transform "%s"', one.name),
            coalesce(schema, quiver.feature_schema_in(path)), format('%s_v%s_%s', name, next_version, one.name),
                one.written,
            columns, types, path);
        INSERT INTO quiver.feature_transform (service, version, position, name, type, expression, function, arguments)
        VALUES (name, next_version, place, one.name, made.type, one.written, made.function, made.arguments);
        types := types || made.type;
        columns := columns || one.name;
        waiting := array_remove(waiting, one.name);
    END LOOP;
    RETURN next_version;
END $$;
COMMENT ON FUNCTION quiver.feature_define_service(text, text[], jsonb, jsonb, jsonb, boolean, text, text, jsonb,
    boolean, text) IS
    'what quiver.feature_create_service does, given the caller''s search_path';

CREATE FUNCTION quiver.feature_create_service(
    name text, features text[], inputs jsonb DEFAULT NULL, transforms jsonb DEFAULT NULL, key_map jsonb DEFAULT NULL,
    full_names boolean DEFAULT false, schema text DEFAULT NULL, description text DEFAULT NULL, tags jsonb DEFAULT NULL,
    replace boolean DEFAULT false) RETURNS int
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    BEGIN ATOMIC
        SELECT quiver.feature_define_service(name, features, inputs, transforms, key_map, full_names, schema,
            description, tags, replace,
            pg_catalog.current_setting('search_path'));
    END;
COMMENT ON FUNCTION quiver.feature_create_service(text, text[], jsonb, jsonb, jsonb, boolean, text, text, jsonb,
    boolean) IS
    'define a service: features pinned to the versions of now, request inputs {"name": "type"}, transforms {"name": '
    '"expression"}';
