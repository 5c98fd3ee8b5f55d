-- Attributes are of rows: equal vectors with different attributes, inserts, updates and deletes; walks and sweeps;
-- limits beyond ef_search and beyond memory.
\ir ../lib/setup.sql
\ir ../lib/filters.sql
SELECT plan(21);
SELECT setseed(0.75);
SET LOCAL jit = off;

-- Thirty rows of one vector, all different.
CREATE TABLE same (id int, v vector(3), tenant int);
INSERT INTO same SELECT i, '[1,1,1]', i FROM generate_series(1, 30) i;
CREATE INDEX same_near ON same USING hnsw (v vector_l2_ops, tenant);
INSERT INTO same SELECT i, '[1,1,1]', i % 30 + 1 FROM generate_series(31, 600) i;
SELECT is(string_agg(got || '/' || expected || '/' || wrong, ' '), repeat('20/20/0 ', 29) || '20/20/0', 'each of 30 tenants gets its own 20 of 600 equal vectors')
    FROM generate_series(1, 30) t, pg_temp.filtered_recall('same', 'tenant = ' || t, '[1,2,3]', 100);
SELECT is((vertices, heap_rows, unreachable, problems)::text, '(60,600,0,{})', 'rows share a vertex if their attributes are equal, too') FROM quiver.hnsw_verify('same_near');
UPDATE same SET tenant = 99 WHERE tenant = 7;
SELECT is(expected || '/' || got || '/' || wrong, '20/20/0', 'an updated attribute is found at once') FROM pg_temp.filtered_recall('same', 'tenant = 99', '[1,2,3]', 100);
SELECT is(expected || '/' || got, '0/0', 'and the one before no longer') FROM pg_temp.filtered_recall('same', 'tenant = 7', '[1,2,3]', 100);

-- A larger one, in which a common value is walked to and a rare one swept.
CREATE TABLE items (id int, v vector(8), common bool, tenant int, rare int);
INSERT INTO items SELECT i, ARRAY(SELECT (random() + (i * j % 13) / 4.0)::real FROM generate_series(1, 8) j)::vector(8), i % 2 = 0, i % 10, nullif(i % 2000, 0)
    FROM generate_series(1, 12000) i;
CREATE INDEX near ON items USING hnsw (v vector_l2_ops, common, tenant, rare) WITH (quantizer = rabitq);
SET LOCAL hnsw.ef_search = 40;
CREATE FUNCTION pg_temp.way(filter text, k int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    SELECT expected || '/' || got || '/' || wrong || CASE WHEN recall >= 0.9 THEN '' ELSE ' recall ' || recall END INTO result FROM pg_temp.filtered_recall('items', filter, '[1,1,1,1,1,1,1,1]', k);
    RETURN result;
END $$;
SELECT is(pg_temp.way('common', 10), '10/10/0', 'a filter of half the rows');
SELECT cmp_ok(vertices_visited, '>', 0::bigint, 'is a walk') FROM quiver.hnsw_last_scan();
SET LOCAL quiver.hnsw_use_copy = off;
SELECT is(pg_temp.way('common', 10), '10/10/0', 'so it is without the copy in memory');
RESET quiver.hnsw_use_copy;
SELECT is(pg_temp.way('rare = 5', 10), '6/6/0', 'a filter of six rows');
SELECT is(vertices_visited, 0::bigint, 'is a sweep') FROM quiver.hnsw_last_scan();
SELECT is(pg_temp.way('common', 6000), '6000/6000/0', 'a walk serves a limit beyond ef_search, to the last row');
SELECT is(pg_temp.way('common AND tenant = 4 AND rare IS NOT NULL', 5000), '1200/1200/0', 'so does a sweep');
SET LOCAL work_mem = '64kB';
SELECT is(pg_temp.way('common', 6000), '6000/6000/0', 'with little memory, too');
SELECT is(pg_temp.way('tenant = 3', 1200), '1200/1200/0', 'in several passes if need be');
RESET work_mem;
SET LOCAL hnsw.iterative_scan = strict_order;
SELECT is(pg_temp.way('rare < 100', 100), '100/100/0', 'in strict order');
SELECT is(pg_temp.way('common', 6000), '6000/6000/0', 'strict order loses none of many either');
RESET hnsw.iterative_scan;

DELETE FROM items WHERE id % 3 = 0;
UPDATE items SET tenant = 77 WHERE id % 200 = 4;
INSERT INTO items SELECT i, ARRAY(SELECT (random() + (i * j % 13) / 4.0)::real FROM generate_series(1, 8) j)::vector(8), i % 2 = 0, 78, i
    FROM generate_series(12001, 12040) i;
SELECT is(pg_temp.way('tenant = 77', 100), '40/40/0', 'updated rows');
SELECT is(pg_temp.way('tenant = 78 AND common', 100), '20/20/0', 'inserted rows');
SELECT is(pg_temp.way('rare = 12001', 100), '1/1/0', 'one row of all');
SELECT is(pg_temp.way('rare IS NULL', 100), '4/4/0', 'rows without a value');
SELECT is(problems, '{}', 'the index agrees with the table') FROM quiver.hnsw_verify('near');

-- NULL as the query: all rows are equally near.
SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off;
SELECT is(count(*), 1::bigint, 'a query of NULL is filtered, too') FROM (SELECT FROM items WHERE rare = 12001 ORDER BY v <-> NULL::vector LIMIT 5) s;
SELECT * FROM finish();
ROLLBACK;
