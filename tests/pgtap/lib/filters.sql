-- Searches under a condition through an hnsw index, compared with the same ones by sorting all rows.
-- A search is right if its rows are as many, all meet the condition, and are as near as the true ones.
CREATE FUNCTION pg_temp.filtered_recall(target text, filter text, query text, k int, OUT plan text, OUT got int, OUT expected int, OUT wrong int, OUT recall float8)
LANGUAGE plpgsql AS $$
DECLARE line text; search text; kth float8;
BEGIN
    search := format('SELECT id, v <-> %L AS d FROM %s WHERE %s ORDER BY v <-> %L LIMIT %s', query, target, filter, query, k);
    SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = off;
    EXECUTE format('SELECT count(*), coalesce(max(d), 0) FROM (%s) s', search) INTO expected, kth;
    SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_indexscan = on;
    plan := '';
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || search LOOP plan := plan || line || E'\n'; END LOOP;
    EXECUTE format('SELECT count(*), count(*) FILTER (WHERE d <= %s + 1e-5) FROM (%s) s', kth, search) INTO got, recall;
    EXECUTE format('SELECT count(*) FROM (%s) s WHERE id NOT IN (SELECT id FROM %s WHERE %s)', search, target, filter) INTO wrong;
    recall := CASE WHEN expected = 0 THEN 1 ELSE recall / expected END;
    SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on;
END $$;
