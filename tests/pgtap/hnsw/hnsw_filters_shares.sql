-- However few rows match, from half of them to one in ten thousand, a search returns its full LIMIT, and the nearest.
\ir ../lib/setup.sql
\ir ../lib/filters.sql
SELECT plan(15);
SELECT setseed(0.5);
SET LOCAL jit = off;

-- `r` has nothing to do with the vector, `x` is its first element: rows that match lie anywhere, or all on one side.
CREATE TABLE items (id int, v vector(8), r int, x float4);
INSERT INTO items SELECT i, ARRAY[x, random() + i % 7, random(), random() + i % 3, random() * 3, random(), random() * 2, random()]::real[]::vector(8), i * 7919 % 100000, x
    FROM (SELECT i, (random() * 10)::real AS x FROM generate_series(1, 100000) i) s;
CREATE TABLE queries AS SELECT v::text AS q FROM items WHERE id % 20000 = 4711;
CREATE FUNCTION pg_temp.search(filter text, floor float8 DEFAULT 0.95) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN avg(recall) >= floor THEN 'near' ELSE 'recall ' || avg(recall) END || ', rows ' || sum(got) || ' of ' || sum(expected) || ', wrong ' || sum(wrong)
    FROM queries, pg_temp.filtered_recall('items', filter, q, 10) $$;
CREATE FUNCTION pg_temp.judge(filter text, what text, floor float8 DEFAULT 0.95) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT is(pg_temp.search(filter, floor), 'near, rows 50 of 50, wrong 0', what) $$;

CREATE INDEX near ON items USING hnsw (v vector_l2_ops, r, x) WITH (quantizer = rabitq);
SELECT pg_temp.judge('r < 50000', '50 % of the rows');
SELECT pg_temp.judge('r < 10000', '10 %');
SELECT pg_temp.judge('r < 1000', '1 %');
SELECT pg_temp.judge('r < 100', '0.1 %');
SELECT pg_temp.judge('r BETWEEN 700 AND 709', '0.01 %, between two bounds');
SELECT pg_temp.judge('r IN (1, 50, 7000, 7001, 12345, 22222, 33333, 44444, 55555, 99999)', '0.01 %, by a list');
SELECT is(pg_temp.search('r IN (1, 50)'), 'near, rows 10 of 10, wrong 0', 'where fewer match, all of them');
SELECT pg_temp.judge('x > 9', '10 % that lie on one side');
SELECT pg_temp.judge('x > 9.999', '0.01 % that lie on one side');

SET LOCAL quiver.hnsw_filter_way = sweep;
SELECT pg_temp.judge('r < 50000', 'half of the rows, by a sweep', 0.99);
SELECT is(vertices_visited, 0::bigint, 'which visits no vertex') FROM quiver.hnsw_last_scan();
SET LOCAL quiver.hnsw_filter_way = walk;
SELECT pg_temp.judge('r < 10000', '10 %, by a walk', 0.9);
SELECT cmp_ok(vertices_visited, '>', 0::bigint, 'which visits some') FROM quiver.hnsw_last_scan();
SELECT pg_temp.judge('r < 100', '0.1 %, by a walk that is given up', 0.95);
RESET quiver.hnsw_filter_way;
SET LOCAL quiver.hnsw_use_copy = off;
SELECT pg_temp.judge('r < 1000', '1 %, from pages');
SELECT * FROM finish();
ROLLBACK;
