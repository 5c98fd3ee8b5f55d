-- Building the graph in memory: alone, with workers, and when memory runs out; which rows get in.
\ir ../lib/setup.sql
SELECT plan(22);

SET LOCAL client_min_messages = warning;
CREATE FUNCTION pg_temp.finds_itself(wanted int[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE n int := 0; found int; one int;
BEGIN
    FOREACH one IN ARRAY wanted LOOP
        SELECT id INTO found FROM points ORDER BY v <-> (SELECT v FROM points WHERE id = one) LIMIT 1;
        n := n + (found = one)::int;
    END LOOP;
    RETURN n;
END $$;

CREATE TABLE points (id int, v vector(8));
SELECT setseed(0.42);
INSERT INTO points SELECT i, ARRAY(SELECT (random() * 100)::real FROM generate_series(1, 8) WHERE i > 0)::vector(8)
    FROM generate_series(1, 3000) i;
SET LOCAL enable_seqscan = off;
SET LOCAL jit = off;
SET LOCAL hnsw.ef_search = 100;

-- Alone.
SET LOCAL max_parallel_maintenance_workers = 0;
CREATE INDEX points_v ON points USING hnsw (v vector_l2_ops);
SELECT is(pg_temp.finds_itself(ARRAY(SELECT i FROM generate_series(1, 3000, 30) i)), 100, 'a build by one process holds every row');
SELECT is((SELECT count(*)::int FROM (SELECT id FROM points ORDER BY v <-> '[50,50,50,50,50,50,50,50]' LIMIT 100) s), 100, 'and as many as ef_search asks for');
DROP INDEX points_v;

-- With workers, which the table asks for.
SET LOCAL max_parallel_maintenance_workers = 2;
ALTER TABLE points SET (parallel_workers = 2);
CREATE INDEX points_v ON points USING hnsw (v vector_l2_ops);
SELECT is(pg_temp.finds_itself(ARRAY(SELECT i FROM generate_series(1, 3000, 30) i)), 100, 'a build with workers holds every row');
SELECT is((SELECT reltuples::int FROM pg_class WHERE relname = 'points_v'), 3000, 'and counts the rows of all');
REINDEX INDEX points_v;
SELECT is(pg_temp.finds_itself(ARRAY[1, 1500, 3000]), 3, 'so does a rebuild');
DROP INDEX points_v;

-- Memory for some of the rows, then for none (a parallel build takes 3 MB for other things).
SET LOCAL maintenance_work_mem = '3300kB';
CREATE INDEX points_v ON points USING hnsw (v vector_l2_ops);
SELECT is(pg_temp.finds_itself(ARRAY(SELECT i FROM generate_series(1, 3000, 30) i)), 100, 'rows beyond maintenance_work_mem are inserted after the flush');
SELECT is((SELECT reltuples::int FROM pg_class WHERE relname = 'points_v'), 3000, 'and counted');
DROP INDEX points_v;
SET LOCAL maintenance_work_mem = '3073kB';
CREATE INDEX points_v ON points USING hnsw (v vector_l2_ops);
SELECT is(pg_temp.finds_itself(ARRAY[1, 1500, 3000]), 3, 'without memory for a single vertex all rows are inserted');
DROP INDEX points_v;
-- Workers that insert at the same moment cut a vertex off in one of a dozen such builds, and the build's end links it again.
CREATE TABLE some_points WITH (parallel_workers = 2) AS SELECT * FROM points WHERE id <= 300;
CREATE FUNCTION pg_temp.cut_off(builds int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint := 0;
BEGIN
    FOR build IN 1..builds LOOP
        CREATE INDEX some_points_v ON some_points USING hnsw (v vector_l2_ops);
        n := n + (SELECT unreachable FROM quiver.hnsw_verify('some_points_v'));
        DROP INDEX some_points_v;
    END LOOP;
    RETURN n;
END $$;
SELECT is(pg_temp.cut_off(40), 0::bigint, 'and after forty builds everything led to every row');
SET LOCAL max_parallel_maintenance_workers = 0;
SET LOCAL maintenance_work_mem = '1MB';
INSERT INTO points SELECT id + 3000, v + '[1,0,0,0,0,0,0,0]' FROM points;
CREATE INDEX points_v ON points USING hnsw (v vector_l2_ops);
SELECT is(pg_temp.finds_itself(ARRAY[1, 1500, 3000, 3001, 4500, 6000]), 6, 'nor does a build alone lose rows there');
RESET maintenance_work_mem;

-- Stopped, nothing stays.
SET LOCAL max_parallel_maintenance_workers = 2;
CREATE FUNCTION pg_temp.is_cancelled(command text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RETURN false;
EXCEPTION WHEN query_canceled THEN
    RETURN true;
END $$;
SET LOCAL statement_timeout = 60;
SELECT ok(pg_temp.is_cancelled('CREATE INDEX ON points USING hnsw (v vector_l2_ops) WITH (m = 100, ef_construction = 1000)'), 'a build can be cancelled');
SET LOCAL statement_timeout = 0;
SELECT is((SELECT count(*)::int FROM pg_ls_tmpdir() WHERE name LIKE '%' || pg_backend_pid() || '.%'), 0, 'and leaves no temporary file');
DROP INDEX points_v;

-- Equal values: ten rows a vertex, and all are found.
CREATE TABLE copies (id int, v vector(3));
INSERT INTO copies SELECT i, '[1,2,3]' FROM generate_series(1, 500) i;
INSERT INTO copies SELECT 500 + i, ARRAY[i, i, i]::vector(3) FROM generate_series(10, 500) i;
CREATE INDEX copies_v ON copies USING hnsw (v vector_l2_ops);
SET LOCAL hnsw.ef_search = 1;
SELECT is((SELECT count(*)::int FROM (SELECT FROM copies ORDER BY v <-> '[1,2,3]' LIMIT 40) s), 10, 'one vertex has ten rows');
SET LOCAL hnsw.ef_search = 100;
SELECT is((SELECT count(*)::int FROM (SELECT FROM copies ORDER BY v <-> '[1,2,3]' LIMIT 500) s WHERE true), 500, 'fifty vertices have five hundred');
SELECT is((SELECT id FROM copies ORDER BY v <-> '[300,300,300]' LIMIT 1), 800, 'and hide nothing else');

-- What is left out.
CREATE TABLE few (id int, v vector(3));
INSERT INTO few VALUES (1, NULL), (2, '[0,0,0]'), (3, '[1,2,3]'), (4, '[3,2,1]');
CREATE INDEX few_v ON few USING hnsw (v vector_cosine_ops);
SELECT results_eq($$SELECT id FROM few ORDER BY v <=> '[1,2,3]'$$, ARRAY[3, 4], 'NULL and zero vectors have no cosine distance');
CREATE INDEX few_first ON few USING hnsw (v vector_l2_ops) WHERE id < 4;
SELECT results_eq($$SELECT id FROM few WHERE id < 4 ORDER BY v <-> '[1,2,3]'$$, ARRAY[3, 2], 'a partial index holds its rows');

-- Other kinds of value.
CREATE TABLE kinds AS SELECT id, v::halfvec(8) AS h, (v::vector::sparsevec)::sparsevec(8) AS s, binary_quantize(v - '[50,50,50,50,50,50,50,50]')::bit(8) AS b FROM points WHERE id <= 1000;
ALTER TABLE kinds SET (parallel_workers = 2);
CREATE INDEX ON kinds USING hnsw (h halfvec_l2_ops);
SELECT is((SELECT id FROM kinds ORDER BY h <-> (SELECT h FROM kinds WHERE id = 77) LIMIT 1), 77, 'halfvec');
CREATE INDEX ON kinds USING hnsw (s sparsevec_l2_ops);
SELECT is((SELECT id FROM kinds ORDER BY s <-> (SELECT s FROM kinds WHERE id = 78) LIMIT 1), 78, 'sparsevec');
CREATE INDEX ON kinds USING hnsw (b bit_hamming_ops);
SELECT is((SELECT b <~> (SELECT b FROM kinds WHERE id = 79) FROM kinds ORDER BY b <~> (SELECT b FROM kinds WHERE id = 79) LIMIT 1), 0::double precision, 'bit');

-- Nothing at all.
CREATE TABLE nothing (v vector(3));
CREATE INDEX ON nothing USING hnsw (v vector_l2_ops);
INSERT INTO nothing VALUES ('[1,1,1]');
SELECT is((SELECT v FROM nothing ORDER BY v <-> '[1,2,3]'), '[1,1,1]', 'an index of an empty table takes its first row');

-- What a build says of its workers, in a session whose messages can be read. Options of another kind are no wish for none.
\set said `psql -XqAt -c "SET client_min_messages = debug1; SET min_parallel_table_scan_size = 0; SET max_parallel_maintenance_workers = 1" -c "CREATE TABLE built_with_options (v vector(3)) WITH (fillfactor = 90)" -c "INSERT INTO built_with_options SELECT ARRAY[i, 1, 2]::vector(3) FROM generate_series(1, 500) i" -c "CREATE INDEX ON built_with_options USING hnsw (v vector_l2_ops)" -c "DROP TABLE built_with_options" 2>&1 | grep -c ' using 1 parallel workers'`
SELECT is(:said, 1, 'a table with options is built with workers too');

SELECT * FROM finish();
ROLLBACK;
