-- Exact search over a table large enough runs in parallel by default settings, with the same result.
\ir ../lib/setup.sql
SELECT plan(9);

\ir ../lib/plan.sql

-- 20,000 vectors of 512 dimensions out of line: 44 MB of values, under 1 MB of rows.
CREATE TABLE scanned (id int, v vector(512));
ALTER TABLE scanned SET (toast_tuple_target = 256);
SELECT setseed(0.25);
INSERT INTO scanned
    SELECT i, (SELECT array_agg(((i * 7919::bigint + d * 104729) % 100003)::real) FROM generate_series(1, 512) d)::vector
      FROM generate_series(1, 20000) i;
ANALYZE scanned;
CREATE FUNCTION pg_temp.query() RETURNS text LANGUAGE sql AS
    $$SELECT format('SELECT id FROM scanned ORDER BY v <-> %L, id LIMIT 10', (SELECT v FROM scanned WHERE id = 4711))$$;

SET LOCAL max_parallel_workers_per_gather = 2;
SELECT unalike(pg_temp.plan_of(pg_temp.query()), '%Parallel%', 'the rows alone are too few pages for a parallel scan');
CREATE TEMP TABLE alone (id int);
INSERT INTO alone SELECT * FROM (SELECT id FROM scanned ORDER BY v <-> (SELECT v FROM scanned WHERE id = 4711), id LIMIT 10) nearest;

ALTER TABLE scanned SET (parallel_workers = 2);
SELECT alike(pg_temp.plan_of(pg_temp.query()), '%Gather Merge%', 'told to use workers, the planner finds that they pay');
SELECT alike(pg_temp.plan_of(pg_temp.query()), '%Parallel Seq Scan%', 'and each scans its share');
SELECT results_eq(pg_temp.query(), 'SELECT id FROM alone', 'workers find the same rows in the same order');
SELECT is((SELECT id FROM alone LIMIT 1), 4711, 'the nearest is the vector itself');

-- The same inside the table.
CREATE TABLE scanned_inline (id int, v vector(512));
ALTER TABLE scanned_inline ALTER v SET STORAGE PLAIN;
INSERT INTO scanned_inline SELECT * FROM scanned;
ANALYZE scanned_inline;
SET LOCAL parallel_setup_cost = 100;
SELECT alike(pg_temp.plan_of(replace(pg_temp.query(), 'FROM scanned', 'FROM scanned_inline')), '%Parallel Seq Scan%',
             'with the values inside, the table is large enough by itself');
SELECT results_eq(replace(pg_temp.query(), 'FROM scanned', 'FROM scanned_inline'), 'SELECT id FROM alone', 'with the same result');
SELECT alike(pg_temp.plan_of('SELECT count(*) FROM scanned WHERE v <-> (SELECT v FROM scanned WHERE id = 1) < 100'),
             '%Parallel Seq Scan on scanned%Filter: ((v <-> %', 'filters by distance are parallel too');
SELECT is((SELECT count(*) FROM scanned WHERE v <#> (SELECT v FROM scanned WHERE id = 1) < 0), 20000::bigint, 'and count every row once');

SELECT * FROM finish();
ROLLBACK;
