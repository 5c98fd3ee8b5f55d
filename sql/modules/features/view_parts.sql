-- From what a user writes about a feature view to the columns of its SQL view.

-- One column: a column of the source by name, or an expression over them. NULL with a name that is not there.
CREATE FUNCTION quiver.feature_source_expression(written text, known text[]) RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN written = ANY (known) THEN 'source.' || quote_ident(written)
                WHEN written !~ '^\s*[A-Za-z_][A-Za-z0-9_$]*\s*$' THEN '(' || written || E'\n)' END
$$;
COMMENT ON FUNCTION quiver.feature_source_expression(text, text[]) IS
    'SQL for what a definition says of a column: its name, or an expression; NULL if it names a column that is not '
    'there';

-- features: {"name": "column or expression"}, ["column", {"name": "expression"}], or NULL for all other columns.
CREATE FUNCTION quiver.feature_parse_features(features jsonb, others text[])
    RETURNS TABLE (place bigint, name text, written text)
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE coalesce(jsonb_typeof(features), 'null')
        WHEN 'null' THEN
            RETURN QUERY SELECT o.n, o.c, o.c FROM unnest(others) WITH ORDINALITY AS o(c, n);
        WHEN 'object' THEN
            RETURN QUERY SELECT e.n, e.key, e.value FROM jsonb_each_text(features) WITH ORDINALITY AS e(key, value, n);
        WHEN 'array' THEN
            RETURN QUERY
            SELECT row_number() OVER (ORDER BY a.n, e.n), coalesce(e.key, a.item #>> '{}'),
                coalesce(e.value, a.item #>> '{}')
            FROM jsonb_array_elements(features) WITH ORDINALITY AS a(item, n)
            LEFT JOIN LATERAL jsonb_each_text(CASE jsonb_typeof(a.item) WHEN 'object' THEN a.item ELSE '{}' END)
                WITH ORDINALITY AS e(key, value, n) ON true;
        ELSE
            PERFORM quiver.feature_invalid('features must be a JSON object or array',
                'For example {"amount": "amount", "is_big": "amount > 100"}.');
    END CASE;
END $$;
COMMENT ON FUNCTION quiver.feature_parse_features(jsonb, text[]) IS
    'the features of a definition in order, with what is written of each';

CREATE FUNCTION quiver.feature_check_feature_names(view text, names text[], keys text[]) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY names LOOP
        PERFORM quiver.feature_check_name('a feature', one);
        IF one IN ('event_ts', 'created_ts', 'ingest_id', 'ingest_xid', 'source_xmin', 'row_id')
            OR one ~ '_(input|status|age)$' THEN
            PERFORM quiver.feature_invalid(format('feature "%s" of view "%s" has a name of the feature store itself',
                one, view),
                'Choose another name; endings _input, _status and _age are taken as well.', '42939');
        END IF;
    END LOOP;
    SELECT u.n INTO one FROM unnest(names || keys) AS u(n) GROUP BY u.n HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        PERFORM quiver.feature_invalid(format('"%s" is twice in feature view "%s"', one, view),
            'Keys, features and windows of a view need different names.', '42701');
    END IF;
END $$;
COMMENT ON FUNCTION quiver.feature_check_feature_names(text, text[], text[]) IS
    'refuse names of features that are reserved (42939) or used twice (42701)';

-- The statement of an unmanaged version's SQL view, in the caller's words: to be analysed under the caller's path.
CREATE FUNCTION quiver.feature_assemble_view(
    view text, source text, is_table boolean, source_columns text[], keys text[], key_map jsonb,
    event_ts text, created_ts text, features jsonb, windows jsonb[]) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns text[] := '{}';
    missing text[] := '{}';
    others text[];
    one record;
BEGIN
    others := ARRAY(SELECT c FROM unnest(source_columns) AS c
        WHERE c <> ALL (keys) AND c IS DISTINCT FROM event_ts AND c IS DISTINCT FROM created_ts
          AND c NOT IN (SELECT value FROM jsonb_each_text(coalesce(key_map, '{}'))));
    FOR one IN
        SELECT k.name, coalesce(key_map ->> k.name, k.name) AS written, 1 AS part, k.n
            FROM unnest(keys) WITH ORDINALITY AS k(name, n)
        UNION ALL SELECT 'event_ts', event_ts, 2, 0
        UNION ALL SELECT 'created_ts', created_ts, 3, 0 WHERE created_ts IS NOT NULL
        UNION ALL SELECT f.name, f.written, 4, f.place FROM quiver.feature_parse_features(features, others) AS f
        UNION ALL SELECT w ->> 'name' || '_input', w ->> 'column', 5, n FROM unnest(windows) WITH ORDINALITY AS u(w, n)
            WHERE w ->> 'column' IS NOT NULL
        ORDER BY part, n
    LOOP
        columns := columns || format('%s AS %I', quiver.feature_source_expression(one.written, source_columns),
            one.name);
        IF quiver.feature_source_expression(one.written, source_columns) IS NULL THEN
            missing := missing || one.written;
        END IF;
    END LOOP;
    IF missing <> '{}' THEN
        PERFORM quiver.feature_invalid(format('the source of feature view "%s" lacks %s', view,
            array_to_string(missing, ', ')),
            'Name columns of the source, or say in key_map and features what they are called there.', '42703',
            format('It has %s.', array_to_string(source_columns, ', ')));
    END IF;
    IF is_table THEN
        columns := columns || 'source.xmin AS source_xmin'::text;
    END IF;
    RETURN format(CASE WHEN is_table THEN 'SELECT %s FROM %s AS source' ELSE E'SELECT %s FROM (%s\n) AS source' END,
        array_to_string(columns, ', '), source);
END $$;
COMMENT ON FUNCTION quiver.feature_assemble_view(text, text, boolean, text[], text[], jsonb, text, text, jsonb,
    jsonb[]) IS
    'the SELECT of a feature view over its source; missing columns are listed together (42703)';

CREATE FUNCTION quiver.feature_check_times(view text, query quiver.feature_query) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT c.name, c.type::regtype FROM unnest(query.columns, query.types) AS c(name, type)
        WHERE c.name IN ('event_ts', 'created_ts') AND c.type <> 'timestamptz'::regtype
    LOOP
        PERFORM quiver.feature_invalid(format('%s of feature view "%s" must be timestamp with time zone, not %s',
            one.name, view, one.type), format('Say which zone it is in, for example %s.', CASE one.type
                WHEN 'date'::regtype THEN '(day::timestamp AT TIME ZONE ''UTC'')' ELSE 'column AT TIME ZONE ''UTC'''
                    END), '42804');
    END LOOP;
END $$;
COMMENT ON FUNCTION quiver.feature_check_times(text, quiver.feature_query) IS
    'refuse times without a zone (42804): naive stamps mean different moments to different readers';
