-- Historical retrieval: each spine row with the features that were known at its time.

-- The statement for members that are resolved and a spine that is analysed.
CREATE FUNCTION quiver.feature_historical_statement(
    request quiver.feature_request, members quiver.feature_member[], service text, service_version int,
        high_ids bigint[])
    RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns text[] := ARRAY(SELECT format('s.%I', c) FROM unnest(request.columns) AS c);
    joins text := '';
    checks text[] := '{}';
    of_version quiver.feature_view_version;
    is_managed boolean;
    names text[];
    statement text;
    one record;
BEGIN
    IF request.row_id AND NOT 'row_id' = ANY (request.columns) THEN
        columns := 's.row_id'::text || columns;
    END IF;
    FOR place IN 1 .. cardinality(members) LOOP
        of_version := quiver.feature_version_of(members[place].view, members[place].version);
        is_managed := (SELECT v.managed FROM quiver.feature_view v WHERE v.name = of_version.view);
        names := ARRAY(SELECT f FROM unnest(members[place].features) WITH ORDINALITY AS u(f, n)
            JOIN quiver.feature_column c ON (c.view, c.version, c.name) = (of_version.view, of_version.version, u.f)
            WHERE c.agg IS NULL ORDER BY u.n);
        IF names <> '{}' THEN
            joins := joins || quiver.feature_lookup_joins(place, members[place], of_version, is_managed, names,
                request, high_ids[place]);
            IF of_version.on_tie = 'error' AND NOT is_managed THEN
                checks := checks || ARRAY(SELECT format('quiver.feature_no_tie(%s_ties.rows, %L)', a, of_version.view)
                    FROM unnest(CASE WHEN request.ignore_nulls
                        THEN ARRAY(SELECT format('f%s_%s', place, n) FROM generate_subscripts(names, 1) AS n)
                        ELSE ARRAY[format('f%s', place)] END) AS a);
            END IF;
        END IF;
        joins := joins || coalesce(quiver.feature_window_joins(place, members[place], of_version, is_managed, request,
            high_ids[place]), '');
        columns := columns || quiver.feature_output_columns(place, members[place], of_version, request);
    END LOOP;
    statement := format(E'SELECT %s\nFROM %s AS s%s%s%s', array_to_string(columns, ', '),
        CASE WHEN request.keep_order OR request.row_id AND NOT 'row_id' = ANY (request.columns)
            THEN format('(SELECT pg_catalog.row_number() OVER () AS row_id, spine.* FROM (%s) AS spine)', request.spine)
            ELSE format('(%s)', request.spine) END,
        joins, E'\nWHERE ' || nullif(array_to_string(checks, ' AND '), ''), CASE WHEN request.keep_order
            THEN E'\nORDER BY s.row_id' END);
    -- Transforms see the request's inputs, which are columns of the spine, the features, and those before them.
    joins := '';
    columns := '{}';
    FOR one IN SELECT t.* FROM quiver.feature_transform t
        WHERE (t.service, t.version) = (feature_historical_statement.service, service_version) ORDER BY t.position
    LOOP
        joins := joins || format(E'\nCROSS JOIN LATERAL (SELECT %s(%s) AS %I) AS t%s', one.function,
            (SELECT string_agg(CASE WHEN e.name IS NULL THEN 'r.' ELSE format('t%s.', e.position) END
                || quote_ident(a.name), ', '
                ORDER BY a.n)
             FROM unnest(one.arguments) WITH ORDINALITY AS a(name, n)
             LEFT JOIN quiver.feature_transform e ON (e.service, e.version, e.name) = (one.service, one.version,
                 a.name)),
            one.name, one.position);
        columns := columns || format('t%s.%I', one.position, one.name);
    END LOOP;
    RETURN CASE WHEN joins = '' THEN statement
        ELSE format(E'SELECT r.*, %s\nFROM (%s) AS r%s', array_to_string(columns, ', '), statement, joins) END;
END $$;
COMMENT ON FUNCTION quiver.feature_historical_statement(quiver.feature_request, quiver.feature_member[], text, int,
    bigint[]) IS
    'the point-in-time statement of resolved members over an analysed spine';

-- What must be there before any row is read: keys, times and inputs in the spine, of types that fit.
CREATE FUNCTION quiver.feature_check_request(
    request quiver.feature_request, members quiver.feature_member[], known_at_col text, inputs text[], outputs text[])
        RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing text[];
    one record;
BEGIN
    missing := ARRAY(SELECT DISTINCT c FROM (
        SELECT request.spine_ts AS c UNION ALL SELECT known_at_col UNION ALL SELECT unnest(inputs)
        UNION ALL SELECT k FROM unnest(members) AS m, unnest(m.spine_keys) AS k) AS needed
        WHERE c IS NOT NULL AND c <> ALL (request.columns) ORDER BY c);
    IF missing <> '{}' THEN
        PERFORM quiver.feature_invalid(format('the spine lacks %s', array_to_string(missing, ', ')),
            'Add them to the spine, or say in spine_ts and key_map what they are called there.', '42703',
            format('It has %s.', array_to_string(request.columns, ', ')));
    END IF;
    SELECT c.name, c.type::regtype INTO one FROM unnest(request.columns, request.types) AS c(name, type)
    WHERE c.name IN (request.spine_ts, known_at_col) AND c.type <> 'timestamptz'::regtype LIMIT 1;
    IF FOUND THEN
        PERFORM quiver.feature_invalid(format('column "%s" of the spine must be timestamp with time zone, not %s',
            one.name, one.type),
            format('Say which zone it is in, for example %s.', CASE one.type WHEN 'date'::regtype
                THEN '(day::timestamp AT TIME ZONE ''UTC'')' ELSE 'column AT TIME ZONE ''UTC''' END), '42804');
    END IF;
    SELECT m.view, k.key, k.spine_key, v.key_types[k.n]::regtype AS wanted, c.type::regtype AS given INTO one
    FROM unnest(members) AS m
    JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.version)
    CROSS JOIN unnest(m.keys, m.spine_keys) WITH ORDINALITY AS k(key, spine_key, n)
    JOIN unnest(request.columns, request.types) AS c(name, type) ON c.name = k.spine_key
    WHERE NOT quiver.feature_comparable(v.key_types[k.n]::regtype, c.type) LIMIT 1;
    IF FOUND THEN
        PERFORM quiver.feature_invalid(format('column "%s" of the spine is %s, key "%s" of feature view "%s" is %s',
            one.spine_key, one.given, one.key, one.view, one.wanted),
                'Cast it in the spine; keys are never compared as text.', '42804');
    END IF;
    SELECT o INTO one FROM unnest(outputs || request.columns) AS o GROUP BY o HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        PERFORM quiver.feature_invalid(format('column "%s" would be twice in the result', one.o),
            'Pass full_names => true, or rename the column of the spine.', '42701');
    END IF;
    IF request.known IS NOT NULL THEN
        SELECT m.view INTO one FROM unnest(members) AS m
        JOIN quiver.feature_view_version v ON (v.view, v.version) = (m.view, m.version) WHERE NOT v.has_created LIMIT 1;
        IF FOUND THEN
            PERFORM quiver.feature_invalid(format('feature view "%s" has no created_ts, so nothing is known of when '
                'its rows became known',
                one.view), 'Define it with created_ts, or drop known_at.', '0A000');
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION quiver.feature_check_request(quiver.feature_request, quiver.feature_member[], text, text[], text[])
    IS
    'refuse requests that cannot be answered before any row is read';

-- Where the spine's times are the events' own, a lookup that is not strict finds the very event it is to predict.
CREATE FUNCTION quiver.feature_warn_of_leaks(request quiver.feature_request, members quiver.feature_member[])
    RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT m.view, l.relation, l.source_column, bool_or(c.agg IS NULL) AS looks_up
        FROM unnest(members) AS m
        JOIN quiver.feature_column c ON (c.view, c.version) = (m.view, m.version) AND c.name = ANY (m.features)
        CROSS JOIN LATERAL quiver.feature_lineage(m.view, m.version) AS l
        JOIN quiver.feature_query_lineage(request.spine) AS s ON (s.relation, s.name) = (l.relation, l.source_column)
        WHERE l.feature = 'event_ts' AND s.place = array_position(request.columns, request.spine_ts)
          AND CASE WHEN c.agg IS NULL THEN NOT request.exclusive ELSE c.bound = '(]' END
        GROUP BY m.view, l.relation, l.source_column
    LOOP
        RAISE WARNING 'the spine and feature view "%" have their times from the same column, % of %, so each row may '
            'see itself', one.view, one.source_column, one.relation
            USING HINT = CASE WHEN one.looks_up THEN 'Pass strict => true for what was known before it.'
                ELSE 'Define the window with the bound "[)" for what was known before it.' END;
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_warn_of_leaks(quiver.feature_request, quiver.feature_member[]) IS
    'a warning for each view whose rows may be found by the spine rows that they are themselves';

-- Members of a request by service or by list, and that exactly one of both is given.
CREATE FUNCTION quiver.feature_requested(features text[], service text, key_map jsonb, full_names boolean)
    RETURNS TABLE (members quiver.feature_member[], service_name text, service_version int, inputs text[],
        transforms text[])
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_service quiver.feature_service_version;
BEGIN
    IF (features IS NULL) = (service IS NULL) THEN
        PERFORM quiver.feature_invalid(CASE WHEN service IS NULL THEN 'neither features nor a service is asked for'
            ELSE 'both features and a service are asked for' END, CASE WHEN service IS NULL
                THEN 'Pass features or service.'
            ELSE 'Drop features or service.' END);
    ELSIF service IS NULL THEN
        members := ARRAY(SELECT m FROM quiver.feature_resolve(features, key_map, full_names) AS m);
    ELSE
        of_service := quiver.feature_service_named(service);
        service_name := of_service.service;
        service_version := of_service.version;
        members := ARRAY(SELECT ROW(m.view, m.version, m.alias, m.keys,
            ARRAY(SELECT coalesce(feature_requested.key_map ->> k, k) FROM unnest(m.spine_keys) WITH ORDINALITY
                AS u(k, n) ORDER BY u.n),
            m.features, m.outputs)::quiver.feature_member FROM quiver.feature_members(service_name, service_version)
                AS m);
        inputs := ARRAY(SELECT jsonb_object_keys(of_service.inputs));
        transforms := ARRAY(SELECT t.name FROM quiver.feature_transform t
            WHERE (t.service, t.version) = (of_service.service, of_service.version) ORDER BY t.position);
    END IF;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION quiver.feature_requested(text[], text, jsonb, boolean) IS
    'what a request by features or by service asks for';

-- A checked request over an analysed spine.
CREATE FUNCTION quiver.feature_make_request(
    query quiver.feature_query, members quiver.feature_member[], inputs text[], transforms text[], spine_ts text,
    known_at timestamptz, known_at_col text, strict boolean, ignore_nulls boolean, with_status boolean, on_null_ts text,
    keep_order boolean) RETURNS quiver.feature_request
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    request quiver.feature_request;
BEGIN
    IF query.sql IS NULL THEN
        PERFORM quiver.feature_invalid('the spine is NULL', 'Pass the name of a table or view, or a query.', '22004');
    ELSIF known_at IS NOT NULL AND known_at_col IS NOT NULL THEN
        PERFORM quiver.feature_invalid('both known_at and known_at_col are given',
            'Drop known_at for a bound by row, or known_at_col for one bound.');
    ELSIF coalesce(on_null_ts NOT IN ('error', 'null'), true) THEN
        PERFORM quiver.feature_invalid(format('on_null_ts must be "error" or "null", not "%s"', on_null_ts));
    ELSIF coalesce(spine_ts, '') = '' THEN
        PERFORM quiver.feature_invalid('spine_ts names no column');
    ELSIF known_at > clock_timestamp() THEN
        RAISE WARNING 'known_at is in the future: %', known_at
            USING HINT = 'Rows that arrive until then will change the answer.';
    END IF;
    request := ROW(query.sql, query.columns, query.types, spine_ts,
        CASE WHEN known_at_col IS NOT NULL THEN format('s.%I', known_at_col)
             WHEN known_at IS NOT NULL THEN format('%L::pg_catalog.timestamptz', known_at) END,
        coalesce(strict, false), coalesce(ignore_nulls, false), coalesce(with_status, false),
            coalesce(keep_order, false), false,
        NULL, NULL);
    PERFORM quiver.feature_check_request(request, members, known_at_col, inputs, transforms || ARRAY(
        SELECT o || e FROM unnest(members) AS m, unnest(m.outputs) AS o,
            unnest(CASE WHEN with_status THEN ARRAY['', '_status', '_age']
            ELSE ARRAY[''] END) AS e));
    PERFORM quiver.feature_warn_of_leaks(request, members);
    RETURN request;
END $$;
COMMENT ON FUNCTION quiver.feature_make_request(quiver.feature_query, quiver.feature_member[], text[], text[], text,
    timestamptz, text,
    boolean, boolean, boolean, text, boolean) IS 'a request, checked before any row is read';

CREATE FUNCTION quiver.feature_historical_of(
    query quiver.feature_query, features text[], service text, spine_ts text, key_map jsonb, known_at timestamptz,
        known_at_col text,
    strict boolean, ignore_nulls boolean, full_names boolean, with_status boolean, on_null_ts text, keep_order boolean)
        RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked record;
BEGIN
    SELECT * INTO asked FROM quiver.feature_requested(features, service, key_map, coalesce(full_names, false));
    RETURN quiver.feature_historical_statement(
        quiver.feature_make_request(query, asked.members, asked.inputs, asked.transforms, spine_ts, known_at,
            known_at_col, strict,
            ignore_nulls, with_status, on_null_ts, keep_order),
        asked.members, asked.service_name, asked.service_version, NULL);
END $$;
COMMENT ON FUNCTION quiver.feature_historical_of(quiver.feature_query, text[], text, text, jsonb, timestamptz, text,
    boolean, boolean,
    boolean, boolean, text, boolean) IS 'what quiver.feature_historical_sql returns, given the analysed spine';
