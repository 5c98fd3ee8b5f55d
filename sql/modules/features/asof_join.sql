-- As-of joins by argument instead of by hand: the statement, and its rows (docs/asof_join.md).
CREATE FUNCTION quiver.asof_missing(side text, query quiver.feature_query, wanted text[]) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing text := (SELECT string_agg(quote_ident(w), ', ') FROM unnest(wanted) AS w
                     WHERE w IS NOT NULL AND NOT w = ANY (query.columns));
BEGIN
    IF missing IS NOT NULL THEN
        PERFORM quiver.feature_invalid(format('the %s has no column %s', side, missing),
            format('Its columns are: %s.', array_to_string(query.columns, ', ')), '42703');
    END IF;
END $$;
COMMENT ON FUNCTION quiver.asof_missing(text, quiver.feature_query, text[]) IS
    'refuse columns that a side of an as-of join does not have (42703)';

-- One lookup: the LATERAL subquery that gives `columns` of the newest history row under the name `alias`.
CREATE FUNCTION quiver.asof_lookup(history text, alias text, columns text[], conditions text, ordering text)
    RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'\nLEFT JOIN LATERAL (SELECT %s FROM (%s) h WHERE %s ORDER BY %s LIMIT 1) %I ON true',
        (SELECT string_agg(format('h.%I', c), ', ') FROM unnest(columns) AS c), history, conditions, ordering, alias)
$$;
COMMENT ON FUNCTION quiver.asof_lookup(text, text, text[], text, text) IS
    'a LATERAL subquery for the newest row of a history under conditions on h and s';

-- "key" for both sides, or "spine_key=history_key".
CREATE FUNCTION quiver.asof_keys(keys text[]) RETURNS TABLE (spine_key text, history_key text)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT btrim(split_part(k, '=', 1)), btrim(CASE WHEN k LIKE '%=%' THEN split_part(k, '=', 2) ELSE k END)
    FROM unnest(keys) AS k
$$;
COMMENT ON FUNCTION quiver.asof_keys(text[]) IS 'the two sides of each key of an as-of join';

CREATE FUNCTION quiver.asof_join_of(spine quiver.feature_query, history quiver.feature_query, keys text[],
    spine_ts text, history_ts text, columns text[], tolerance interval, strict boolean, direction text,
    known_at timestamptz, known_at_col text, created text, ignore_nulls boolean, tie_break text[], with_status boolean)
    RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    forward boolean := direction = 'forward';
    wanted text[] := coalesce(columns, (SELECT array_agg(c ORDER BY n)
        FROM unnest(history.columns) WITH ORDINALITY AS c(c, n)
        WHERE NOT c = ANY (spine.columns) AND NOT c IN (SELECT history_key FROM quiver.asof_keys(keys))));
    earlier text := CASE WHEN forward THEN '>' ELSE '<' END || CASE WHEN strict THEN '' ELSE '=' END;
    age text := CASE WHEN forward THEN 'f.%2$I - s.%1$I' ELSE 's.%1$I - f.%2$I' END;
    conditions text;
    ordering text;
    lookups text;
    outputs text[];
    bound text;
    expired text;
    twice text;
BEGIN
    IF spine IS NULL OR history IS NULL OR keys IS NULL OR spine_ts IS NULL OR history_ts IS NULL THEN
        PERFORM quiver.feature_invalid('an as-of join needs spine, history, keys and both times',
            'Only arguments that have a default may be NULL.', '22004');
    ELSIF direction IS NULL OR direction NOT IN ('backward', 'forward') THEN
        PERFORM quiver.feature_invalid(format('direction "%s" is unknown', direction), 'It is backward or forward.');
    ELSIF known_at IS NOT NULL AND known_at_col IS NOT NULL THEN
        PERFORM quiver.feature_invalid('known_at and known_at_col are both given',
            'Drop one: known_at is one time for all rows, known_at_col a column of the spine.');
    ELSIF created IS NULL AND (known_at IS NOT NULL OR known_at_col IS NOT NULL) THEN
        PERFORM quiver.feature_invalid('known_at needs the time at which each history row was created',
            'Name that column of the history: created => ''…''.', '0A000');
    ELSIF ignore_nulls AND with_status THEN
        PERFORM quiver.feature_invalid('ignore_nulls and with_status are both asked for',
            'Drop one: with ignore_nulls each column has a row, and a status, of its own.');
    ELSIF tolerance < interval '0' OR extract(year FROM tolerance) <> 0 OR extract(month FROM tolerance) <> 0 THEN
        PERFORM quiver.feature_invalid(format('tolerance %s is not a length of time', tolerance),
            'Give days or less, and not a negative number: a month has no fixed length.');
    END IF;
    PERFORM quiver.asof_missing('spine', spine,
        (SELECT array_agg(spine_key) FROM quiver.asof_keys(keys)) || spine_ts || known_at_col);
    PERFORM quiver.asof_missing('history', history, (SELECT array_agg(history_key) FROM quiver.asof_keys(keys))
        || history_ts || created || columns || tie_break);
    IF coalesce(cardinality(wanted), 0) = 0 THEN
        PERFORM quiver.feature_invalid('the history has no column to give out',
            'Name some: columns => ''{…}''.', '42703');
    END IF;

    SELECT string_agg(format('h.%I %s s.%I', k.history_key,
            quiver.feature_equality(history.types[array_position(history.columns, k.history_key)],
                spine.types[array_position(spine.columns, k.spine_key)]), k.spine_key), ' AND '),
        string_agg(format('%s (%s) and %s (%s)',
            k.spine_key, spine.type_names[array_position(spine.columns, k.spine_key)],
            k.history_key, history.type_names[array_position(history.columns, k.history_key)]), ', ')
            FILTER (WHERE NOT quiver.feature_comparable(
                history.types[array_position(history.columns, k.history_key)],
                spine.types[array_position(spine.columns, k.spine_key)]))
        INTO conditions, twice
        FROM quiver.asof_keys(keys) AS k;
    IF twice IS NOT NULL THEN
        PERFORM quiver.feature_invalid(format('keys cannot be compared: %s', twice),
            'Cast one side in a query given as spine or history.', '42804');
    END IF;
    conditions := concat_ws(' AND ', conditions, format('h.%I %s s.%I', history_ts, earlier, spine_ts),
        CASE WHEN known_at IS NOT NULL THEN format('h.%I <= %L::timestamptz', created, known_at::text) END,
        CASE WHEN known_at_col IS NOT NULL
             THEN format('h.%I %s s.%I', created, CASE WHEN strict AND known_at_col = spine_ts THEN '<' ELSE '<=' END,
                 known_at_col) END);
    bound := format('s.%I %s interval ''%s seconds''', spine_ts, CASE WHEN forward THEN '+' ELSE '-' END,
        extract(epoch FROM tolerance));
    expired := CASE WHEN tolerance IS NULL THEN 'false' ELSE format('f.%I %s %s', history_ts,
        CASE WHEN forward THEN '>' ELSE '<' END, bound) END;
    IF tolerance IS NOT NULL AND NOT with_status THEN
        conditions := concat_ws(' AND ', conditions, format('h.%I %s %s', history_ts,
            CASE WHEN forward THEN '<=' ELSE '>=' END, bound));
    END IF;
    ordering := concat_ws(', ', format('h.%I', history_ts) || CASE WHEN forward THEN '' ELSE ' DESC' END,
        CASE WHEN created IS NOT NULL THEN format('h.%I DESC NULLS LAST', created) END,
        (SELECT string_agg(format('h.%I DESC NULLS LAST', t), ', ') FROM unnest(tie_break) AS t));

    outputs := (SELECT array_agg(format('s.%I', c) ORDER BY n)
        FROM unnest(spine.columns) WITH ORDINALITY AS c(c, n));
    IF ignore_nulls THEN
        SELECT string_agg(quiver.asof_lookup(history.sql, 'f' || n, ARRAY[c, history_ts],
                format('%s AND h.%I IS NOT NULL', conditions, c), ordering), '' ORDER BY n),
            outputs || array_agg(format('f%s.%I', n, c) ORDER BY n)
            INTO lookups, outputs
            FROM unnest(wanted) WITH ORDINALITY AS w(c, n);
    ELSE
        lookups := quiver.asof_lookup(history.sql, 'f',
            CASE WHEN history_ts = ANY (wanted) THEN wanted ELSE wanted || history_ts END, conditions, ordering);
        outputs := outputs || (SELECT array_agg(CASE WHEN with_status AND tolerance IS NOT NULL
            THEN format('CASE WHEN NOT (%1$s) THEN f.%2$I END AS %2$I', expired, c)
            ELSE format('f.%I', c) END ORDER BY n)
            FROM unnest(wanted) WITH ORDINALITY AS w(c, n));
        IF with_status THEN
            outputs := outputs
                || format('CASE WHEN %s THEN ''null_key'' WHEN f.%I IS NULL THEN ''not_found'' '
                    'WHEN %s THEN ''expired'' ELSE ''present'' END AS asof_status',
                    coalesce((SELECT string_agg(format('s.%I IS NULL', spine_key), ' OR ') FROM quiver.asof_keys(keys)),
                        'false'), history_ts, expired)
                || format(age || ' AS asof_age', spine_ts, history_ts);
        END IF;
    END IF;
    SELECT string_agg(DISTINCT c, ', ') INTO twice FROM unnest(wanted) AS c WHERE c = ANY (spine.columns);
    IF twice IS NOT NULL THEN
        PERFORM quiver.feature_invalid(format('both sides have a column %s', twice),
            'Rename it in a query given as spine or history, or leave it out of columns.', '42701');
    END IF;
    RETURN format(E'SELECT %s\nFROM (%s) s%s', array_to_string(outputs, ', '), spine.sql, lookups);
END $$;
COMMENT ON FUNCTION quiver.asof_join_of(quiver.feature_query, quiver.feature_query, text[], text, text, text[],
    interval, boolean, text, timestamptz, text, text, boolean, text[], boolean) IS
    'quiver.asof_join_sql for sides that have been analysed';

CREATE FUNCTION quiver.asof_join_sql(spine text, history text, keys text[], spine_ts text DEFAULT 'ts',
    history_ts text DEFAULT 'ts', columns text[] DEFAULT NULL, tolerance interval DEFAULT NULL,
    strict boolean DEFAULT false, direction text DEFAULT 'backward', known_at timestamptz DEFAULT NULL,
    known_at_col text DEFAULT NULL, created text DEFAULT NULL, ignore_nulls boolean DEFAULT false,
    tie_break text[] DEFAULT NULL, with_status boolean DEFAULT false) RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    BEGIN ATOMIC
        SELECT quiver.asof_join_of(quiver.feature_describe(quiver.feature_select(spine)),
            quiver.feature_describe(quiver.feature_select(history)), keys, spine_ts, history_ts, columns, tolerance,
            coalesce(strict, false), direction, known_at, known_at_col, created, coalesce(ignore_nulls, false),
            tie_break, coalesce(with_status, false));
    END;
COMMENT ON FUNCTION quiver.asof_join_sql(text, text, text[], text, text, text[], interval, boolean, text, timestamptz,
    text, text, boolean, text[], boolean) IS
    'the statement that quiver.asof_join runs for the same arguments: portable SQL';

CREATE FUNCTION quiver.generated_query_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.generated_query_support(internal) IS
    'planner support: a call in FROM becomes the query that the function of the same name with _sql writes';

CREATE FUNCTION quiver.run_query(statement text) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 100000
    SUPPORT quiver.generated_query_support;
COMMENT ON FUNCTION quiver.run_query(text) IS
    'the rows of a SELECT whose names are qualified, with the caller''s rights: what a generated query is while it '
    'is planned';

CREATE FUNCTION quiver.asof_join(spine text, history text, keys text[], spine_ts text DEFAULT 'ts',
    history_ts text DEFAULT 'ts', columns text[] DEFAULT NULL, tolerance interval DEFAULT NULL,
    strict boolean DEFAULT false, direction text DEFAULT 'backward', known_at timestamptz DEFAULT NULL,
    known_at_col text DEFAULT NULL, created text DEFAULT NULL, ignore_nulls boolean DEFAULT false,
    tie_break text[] DEFAULT NULL, with_status boolean DEFAULT false) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 100000
    SUPPORT quiver.generated_query_support;
COMMENT ON FUNCTION quiver.asof_join(text, text, text[], text, text, text[], interval, boolean, text, timestamptz,
    text, text, boolean, text[], boolean) IS
    'each row of the spine with the newest row of the history that it may see; the planner sees the query itself';
