-- How good an approximate index is: its answers beside those of exact search (docs/recall.md).
CREATE FUNCTION quiver.recall(
    index regclass,
    queries anyarray,
    k integer DEFAULT 10,
    confidence double precision DEFAULT 0.95,
    OUT recall double precision,
    OUT low double precision,
    OUT high double precision,
    OUT asked integer,
    OUT expected bigint,
    OUT matched bigint,
    OUT worst double precision,
    OUT ms_index double precision,
    OUT ms_exact double precision
) LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = on
    SET enable_sort = on
    SET enable_indexscan = on
    SET enable_bitmapscan = on
    SET quiver.enable_exact_search = on
AS $$
DECLARE
    facts record;
    query text;
    search text;
    plan json;
    kth double precision;
    exact_rows bigint;
    hits bigint;
    wanted_of bigint[] := '{}';
    found_of bigint[] := '{}';
    started timestamptz;
    z double precision;
    spread double precision;
    size double precision;
    middle double precision;
    half double precision;
BEGIN
    IF index IS NULL OR queries IS NULL OR k IS NULL OR confidence IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'index, queries, k and confidence must not be NULL';
    END IF;
    IF k < 1 THEN
        RAISE invalid_parameter_value USING MESSAGE = format('k must be at least 1, not %s', k);
    END IF;
    IF confidence NOT IN (0.8, 0.9, 0.95, 0.99, 0.999) THEN
        RAISE invalid_parameter_value USING MESSAGE = format('confidence %s is not known', confidence),
            HINT = 'Take 0.8, 0.9, 0.95, 0.99 or 0.999.';
    END IF;
    facts := quiver.recall_subject(index);
    IF pg_typeof(queries) <> facts.array_type THEN
        RAISE datatype_mismatch USING
            MESSAGE = format('index %s is on %s, queries are %s', index, facts.value_type, pg_typeof(queries)),
            HINT = format('Cast the queries to %s.', facts.array_type);
    END IF;

    -- The one index, whatever else is there: the plan must name it, or the measurement is of something else.
    search := format('SELECT %s %s $1 AS d FROM %s AS t WHERE %s ORDER BY %1$s %2$s $1 LIMIT %5$s',
        facts.expression, facts.operator, facts.relation, facts.condition, k);
    z := CASE confidence WHEN 0.8 THEN 1.2816 WHEN 0.9 THEN 1.6449 WHEN 0.95 THEN 1.96 WHEN 0.99 THEN 2.5758
                         ELSE 3.2905 END;
    ms_index := 0;
    ms_exact := 0;
    FOR n IN 1 .. coalesce(array_length(queries, 1), 0) LOOP
        CONTINUE WHEN queries[n] IS NULL;
        PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true),
            set_config('enable_bitmapscan', 'off', true), set_config('quiver.enable_exact_search', 'on', true),
            set_config('enable_sort', 'on', true);
        started := clock_timestamp();
        -- NULL and NaN (a zero vector by angle) are no answers: an index does not hold them.
        EXECUTE 'SELECT count(*), max(d) FROM (' || search || ') AS nearest WHERE d < ''NaN'''
            INTO exact_rows, kth USING queries[n];
        ms_exact := ms_exact + extract(epoch FROM clock_timestamp() - started) * 1000;

        PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'on', true),
            set_config('enable_sort', 'off', true), set_config('quiver.enable_exact_search', 'off', true);
        IF asked IS NULL THEN
            EXECUTE 'EXPLAIN (FORMAT json) ' || search INTO plan USING queries[n];
            IF NOT quiver.plan_uses_index(plan, index) THEN
                RAISE object_not_in_prerequisite_state USING
                    MESSAGE = format('the planner does not use index %s for this search', index),
                    HINT = 'Another index on the same column may be cheaper; is this one valid?';
            END IF;
        END IF;
        started := clock_timestamp();
        EXECUTE 'SELECT count(*) FILTER (WHERE d <= $2) FROM (' || search || ') AS nearest'
            INTO hits USING queries[n], kth;
        ms_index := ms_index + extract(epoch FROM clock_timestamp() - started) * 1000;
        asked := coalesce(asked, 0) + 1;
        wanted_of := wanted_of || exact_rows;
        found_of := found_of || least(hits, exact_rows);
    END LOOP;
    asked := coalesce(asked, 0);
    ms_index := round((ms_index / nullif(asked, 0))::numeric, 3);
    ms_exact := round((ms_exact / nullif(asked, 0))::numeric, 3);
    SELECT sum(w), sum(f), min(f::double precision / w) FILTER (WHERE w > 0) INTO expected, matched, worst
    FROM unnest(wanted_of, found_of) AS u (w, f);
    expected := coalesce(expected, 0);
    matched := coalesce(matched, 0);
    IF expected = 0 THEN
        RETURN;
    END IF;
    recall := matched::double precision / expected;

    -- Wilson's interval. The answers of one query succeed and fail together, so a query's answers count as
    -- fewer independent trials: as many as make the spread between queries what it is, at least one a query.
    SELECT coalesce(sum((f - recall * w) ^ 2), 0) / expected ^ 2 INTO spread
    FROM unnest(wanted_of, found_of) AS u (w, f);
    size := CASE WHEN recall IN (0, 1) OR spread = 0 THEN asked
                 ELSE least(expected, greatest(asked, recall * (1 - recall) / spread)) END;
    middle := (recall + z ^ 2 / (2 * size)) / (1 + z ^ 2 / size);
    half := z * sqrt(recall * (1 - recall) / size + z ^ 2 / (4 * size ^ 2)) / (1 + z ^ 2 / size);
    low := greatest(0, middle - half);
    high := CASE recall WHEN 1 THEN 1 ELSE least(1, middle + half) END;
END
$$;
COMMENT ON FUNCTION quiver.recall(regclass, anyarray, integer, double precision) IS
    'recall of an approximate index for the given queries at this session''s settings, against exact search, with a confidence interval';

CREATE FUNCTION quiver.recall(
    index regclass,
    samples integer DEFAULT 100,
    k integer DEFAULT 10,
    confidence double precision DEFAULT 0.95,
    OUT recall double precision,
    OUT low double precision,
    OUT high double precision,
    OUT asked integer,
    OUT expected bigint,
    OUT matched bigint,
    OUT worst double precision,
    OUT ms_index double precision,
    OUT ms_exact double precision
) LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    facts record;
BEGIN
    IF samples IS NULL OR samples < 1 THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('samples must be at least 1, not %s', coalesce(samples::text, 'NULL'));
    END IF;
    IF index IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'index must not be NULL';
    END IF;
    facts := quiver.recall_subject(index);
    EXECUTE format(
        'WITH picked AS MATERIALIZED (
             SELECT %1$s AS v FROM %2$s AS t WHERE %3$s AND %1$s IS NOT NULL ORDER BY random() LIMIT %4$s)
         SELECT r.* FROM (SELECT coalesce(array_agg(v), ''{}'') AS vs FROM picked) AS q,
             LATERAL quiver.recall($1, q.vs::%5$s, $2, $3) AS r',
        facts.expression, facts.relation, facts.condition, samples, facts.array_type)
        INTO recall, low, high, asked, expected, matched, worst, ms_index, ms_exact USING index, k, confidence;
END
$$;
COMMENT ON FUNCTION quiver.recall(regclass, integer, integer, double precision) IS
    'recall of an approximate index for queries sampled from its own table, against exact search, with a confidence interval';

CREATE FUNCTION quiver.recall_subject(
    index regclass,
    OUT relation text,
    OUT expression text,
    OUT operator text,
    OUT condition text,
    OUT value_type regtype,
    OUT array_type regtype
) LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT i.indrelid::regclass::text,
           CASE WHEN i.indkey[0] = 0 THEN pg_get_indexdef(i.indexrelid, 1, false)
                ELSE 't.' || quote_ident(a.attname) END,
           format('OPERATOR(%I.%s)', n.nspname, o.oprname),
           coalesce(pg_get_expr(i.indpred, i.indrelid), 'true'),
           o.oprright,
           y.typarray
    INTO relation, expression, operator, condition, value_type, array_type
    FROM pg_index i
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND i.indkey[0] > 0
    JOIN pg_opclass c ON c.oid = i.indclass[0]
    JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amoppurpose = 'o'
        AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
    JOIN pg_operator o ON o.oid = m.amopopr
    JOIN pg_namespace n ON n.oid = o.oprnamespace
    JOIN pg_type y ON y.oid = o.oprright
    WHERE i.indexrelid = index
    ORDER BY m.amopstrategy
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE wrong_object_type USING
            MESSAGE = format('"%s" is not an index that orders by a distance', index),
            HINT = 'Give the name of an index USING hnsw or ivfflat.';
    END IF;
END
$$;
COMMENT ON FUNCTION quiver.recall_subject(regclass) IS
    'what an index that orders by a distance is about: table, indexed expression, operator, predicate and type';

CREATE FUNCTION quiver.plan_uses_index(plan json, index regclass) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE node AS (
        SELECT plan -> 0 -> 'Plan' AS at
        UNION ALL
        SELECT child FROM node, json_array_elements(node.at -> 'Plans') AS child
    )
    SELECT EXISTS (SELECT FROM node JOIN pg_class c ON c.relname = node.at ->> 'Index Name' WHERE c.oid = index)
$$;
COMMENT ON FUNCTION quiver.plan_uses_index(json, regclass) IS
    'whether a plan, as EXPLAIN (FORMAT json) gives it, scans this index';
