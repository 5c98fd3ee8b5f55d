-- A distance that orders the rows and that nobody reads is not computed again for the rows returned.
\ir ../lib/setup.sql
SELECT plan(15);

CREATE TABLE item (id int PRIMARY KEY, g int, v vector(3));
INSERT INTO item SELECT i, i % 7, ARRAY[i, i * 7 % 101, i * 13 % 97]::vector FROM generate_series(1, 2000) AS i;
CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops);
SET LOCAL enable_seqscan = off;
SET LOCAL hnsw.ef_search = 400;

-- The lines of a plan that say what its index scan gives out.
CREATE FUNCTION output_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    inside boolean := false;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        inside := inside OR line LIKE '%Index Scan using item_v%';
        IF inside AND line LIKE '%Output:%' THEN
            RETURN NEXT trim(line);
            inside := false;
        END IF;
    END LOOP;
END
$$;

SELECT results_eq(
    $$SELECT output_of('SELECT id FROM item ORDER BY v <-> ''[5,5,5]'' LIMIT 3')$$,
    $$VALUES ('Output: id, NULL::double precision')$$, 'below a LIMIT the distance is left out');
SELECT results_eq(
    $$SELECT output_of('SELECT id FROM item ORDER BY v <-> ''[5,5,5]''')$$,
    $$VALUES ('Output: id, NULL::double precision')$$, 'and without one');
SELECT results_eq(
    $$SELECT output_of('SELECT id, v <-> ''[5,5,5]'' AS d FROM item ORDER BY d LIMIT 3')$$,
    $$VALUES ('Output: id, (v <-> ''[5,5,5]''::vector)')$$, 'a distance that is asked for is given');
SELECT results_eq(
    $$SELECT output_of('SELECT id FROM item ORDER BY v <-> ''[5,5,5]'' FETCH FIRST 3 ROWS WITH TIES')$$,
    $$VALUES ('Output: id, (v <-> ''[5,5,5]''::vector)')$$, 'WITH TIES compares distances');
SELECT results_eq(
    $$SELECT output_of('SELECT q.id, n.id FROM item q CROSS JOIN LATERAL
        (SELECT id FROM item ORDER BY item.v <-> q.v LIMIT 3) n WHERE q.id < 3')$$,
    $$VALUES ('Output: item.id, NULL::double precision')$$, 'in a subquery of each row');
SELECT results_eq(
    $$SELECT output_of('SELECT q.id, (SELECT id FROM item ORDER BY item.v <-> q.v LIMIT 1) FROM item q WHERE q.id < 3')$$,
    $$VALUES ('Output: item.id, NULL::double precision')$$, 'in a scalar subquery');
SELECT results_eq(
    $$SELECT output_of('WITH n AS MATERIALIZED (SELECT id FROM item ORDER BY v <-> ''[5,5,5]'' LIMIT 3) SELECT * FROM n')$$,
    $$VALUES ('Output: item.id, NULL::double precision')$$, 'in a WITH query');
SELECT results_eq(
    $$SELECT output_of('(SELECT id FROM item ORDER BY v <-> ''[5,5,5]'' LIMIT 3) UNION ALL
        (SELECT id FROM item ORDER BY v <-> ''[9,5,5]'' LIMIT 3)')$$,
    $$VALUES ('Output: item.id, NULL::double precision'), ('Output: item_1.id, NULL::double precision')$$,
    'in both sides of UNION ALL');
SELECT results_eq(
    $$SELECT output_of('SELECT id FROM (SELECT id, v FROM item ORDER BY v <-> ''[5,5,5]'' LIMIT 40) c ORDER BY v <-> ''[9,5,5]'' LIMIT 3')$$,
    $$VALUES ('Output: item.id, item.v, NULL::double precision')$$, 'below another order, which has its own distance');

-- What the queries return does not change: the same, sorted.
CREATE FUNCTION same(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    by_index text;
    by_sort text;
BEGIN
    EXECUTE format('SELECT array_agg(x)::text FROM (%s) AS x', query) INTO by_index;
    SET LOCAL enable_indexscan = off;
    SET LOCAL enable_seqscan = on;
    EXECUTE format('SELECT array_agg(x)::text FROM (%s) AS x', query) INTO by_sort;
    SET LOCAL enable_indexscan = on;
    SET LOCAL enable_seqscan = off;
    RETURN by_index = by_sort;
END
$$;
SELECT ok(same('SELECT id FROM item ORDER BY v <-> ''[500,50,50]'' LIMIT 10'), 'the rows are those of a sort');
SELECT ok(same('SELECT id, v <-> ''[500,50,50]'' AS d FROM item ORDER BY d LIMIT 10'), 'with their distances, too');
SELECT ok(same('SELECT q.id AS q, n.id FROM (SELECT * FROM item WHERE id % 500 = 3 ORDER BY id) q CROSS JOIN LATERAL
    (SELECT id FROM item ORDER BY item.v <-> q.v, id LIMIT 4) n'), 'and in a subquery of each row');
SELECT ok(same('SELECT id FROM item ORDER BY v <-> ''[500,50,50]'' FETCH FIRST 1 ROWS WITH TIES'), 'and with ties');

DECLARE nearest SCROLL CURSOR FOR SELECT id FROM item ORDER BY v <-> '[1,7,13]';
SELECT results_eq('FETCH 1 FROM nearest', 'SELECT 1', 'and through a cursor');
SELECT lives_ok('SELECT id FROM item ORDER BY v <-> ''[1,7,13]'' LIMIT 1 FOR UPDATE', 'rows may be locked in that order');
CLOSE nearest;

SELECT * FROM finish();
ROLLBACK;
