-- Building with codes: alone and with workers, values kept or not, memory of no account; and what verify says of it.
\ir ../lib/setup.sql
SELECT plan(9);

CREATE FUNCTION pg_temp.finds_itself(step int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE n int := 0; found int; one int;
BEGIN
    FOR one IN SELECT generate_series(1, 2000, step) LOOP
        SELECT id INTO found FROM points ORDER BY v <-> (SELECT v FROM points WHERE id = one) LIMIT 1;
        n := n + (found = one)::int;
    END LOOP;
    RETURN n;
END $$;
CREATE FUNCTION pg_temp.problems() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT format('%s rows, %s unreachable, %s absent, %s differ: %s', heap_rows, unreachable, absent_rows, differing_values, problems)
            FROM quiver.hnsw_verify('points_v'));
END $$;

CREATE TABLE points (id int, v vector(40));
SELECT setseed(0.43);
INSERT INTO points SELECT i, ARRAY(SELECT (random() * 100)::real FROM generate_series(1, 40) WHERE i > 0)::vector(40)
    FROM generate_series(1, 2000) i;
SET LOCAL enable_seqscan = off;
SET LOCAL jit = off;
SET LOCAL hnsw.ef_search = 100;

SET LOCAL max_parallel_maintenance_workers = 0;
CREATE INDEX points_v ON points USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq, bits = 4);
SELECT is(pg_temp.finds_itself(20), 100, '4 bits, alone: every row is there');
SELECT is(pg_temp.problems(), '2000 rows, 0 unreachable, 0 absent, 0 differ: {}', 'and codes are those of the values');
DROP INDEX points_v;

SET LOCAL max_parallel_maintenance_workers = 2;
ALTER TABLE points SET (parallel_workers = 2);
CREATE INDEX points_v ON points USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq, bits = 1);
SELECT cmp_ok(pg_temp.finds_itself(20), '>=', 95, '1 bit, with workers: the graph is built on finer codes');
SELECT is(pg_temp.problems(), '2000 rows, 0 unreachable, 0 absent, 0 differ: {}', 'and the index has its own');
DROP INDEX points_v;

CREATE INDEX points_v ON points USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq, bits = 8, rerank = heap);
SELECT is(pg_temp.finds_itself(20), 100, '8 bits, no values kept');
SELECT is(pg_temp.problems(), '2000 rows, 0 unreachable, 0 absent, 0 differ: {}', 'and verify agrees');
DROP INDEX points_v;

SET LOCAL maintenance_work_mem = '1MB';
SET LOCAL max_parallel_maintenance_workers = 0;
CREATE INDEX points_v ON points USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq);
SELECT is(pg_temp.finds_itself(20), 100, 'a graph larger than maintenance_work_mem is built all the same');
SELECT is(pg_temp.problems(), '2000 rows, 0 unreachable, 0 absent, 0 differ: {}', 'and verify agrees with it');
SELECT is((SELECT count(*)::int FROM pg_ls_tmpdir() WHERE name LIKE '%' || pg_backend_pid() || '.%'), 0, 'its file is gone');

SELECT * FROM finish();
ROLLBACK;
