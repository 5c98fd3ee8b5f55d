-- A build leaves no vertex that nothing leads to, however short the lists are.
\ir ../lib/setup.sql
SELECT plan(5);
SELECT setseed(0.7);

CREATE TABLE many (id int, v vector(12));
INSERT INTO many SELECT i, ARRAY(SELECT random() FROM generate_series(1, 12) WHERE i > 0)::vector FROM generate_series(1, 40000) i;
ALTER TABLE many SET (parallel_workers = 2);
CREATE FUNCTION pg_temp.verdict(workers int, options text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE said text;
BEGIN
    PERFORM set_config('max_parallel_maintenance_workers', workers::text, true);
    EXECUTE format('CREATE INDEX many_v ON many USING hnsw (v vector_l2_ops) WITH (%s)', options);
    SELECT format('%s rows, %s unreachable: %s', heap_rows, unreachable, problems) INTO said FROM quiver.hnsw_verify('many_v');
    DROP INDEX many_v;
    RETURN said;
END $$;
SELECT is(pg_temp.verdict(0, 'm = 3, ef_construction = 8'), '40000 rows, 0 unreachable: {}', 'with lists of six, where pruning cuts many off');
SELECT is(pg_temp.verdict(2, 'm = 3, ef_construction = 8'), '40000 rows, 0 unreachable: {}', 'with workers too');
SELECT is(pg_temp.verdict(0, 'm = 16, ef_construction = 32'), '40000 rows, 0 unreachable: {}', 'with lists as usual');
SELECT is(pg_temp.verdict(2, 'm = 4, ef_construction = 8, quantizer = rabitq'), '40000 rows, 0 unreachable: {}', 'with codes');
-- Memory runs out in the middle of a batch of rows: what it holds is inserted, too.
SET LOCAL client_min_messages = warning;
SET LOCAL maintenance_work_mem = '4800kB';
SELECT is(pg_temp.verdict(0, 'm = 3, ef_construction = 8'), '40000 rows, 0 unreachable: {}', 'rows beyond maintenance_work_mem are in, and sound');
SELECT * FROM finish();
ROLLBACK;
