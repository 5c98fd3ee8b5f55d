-- Plans that halfvec allows: hashing, merging, parallel aggregates and scans.
\ir ../lib/setup.sql
SELECT plan(15);

\ir ../lib/plan.sql
CREATE TABLE item (id int, bin int, v halfvec(8)) WITH (parallel_workers = 2);
INSERT INTO item SELECT i, i % 3, ARRAY[i % 50, i % 7, 0, 0, 0, 0, 0, i % 3]::halfvec FROM generate_series(1, 20000) AS i;
ANALYZE item;

SELECT matches(pg_temp.plan_of('SELECT v FROM item GROUP BY v'), 'HashAggregate', 'GROUP BY can hash');
SELECT matches(pg_temp.plan_of('SELECT DISTINCT v FROM item'), 'HashAggregate', 'DISTINCT can hash');
SELECT is((SELECT count(*) FROM (SELECT DISTINCT v FROM item) AS d), 1050::bigint, 'and finds every value once');
SELECT matches(pg_temp.plan_of('SELECT * FROM item AS a JOIN item AS b ON a.v = b.v'), 'Hash Join', 'a join can hash');
SELECT is((SELECT count(*) FROM item AS a JOIN (SELECT DISTINCT v FROM item) AS b ON a.v = b.v), 20000::bigint, 'and finds every pair');
SELECT matches(pg_temp.plan_of('SELECT v FROM item WHERE v NOT IN (SELECT v FROM item WHERE id < 10)'), 'hashed SubPlan', 'NOT IN can hash');
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_nestloop = off;
SELECT matches(pg_temp.plan_of('SELECT * FROM item AS a JOIN item AS b ON a.v = b.v'), 'Merge Join', 'a join can merge');
SELECT is((SELECT count(*) FROM item AS a JOIN (SELECT DISTINCT v FROM item) AS b ON a.v = b.v), 20000::bigint, 'and finds every pair');
RESET enable_hashjoin;
RESET enable_nestloop;

-- Sums of few rows, which half precision holds exactly in any order.
CREATE TEMP TABLE serial AS SELECT sum(v) FILTER (WHERE id <= 80) AS s, avg(v) AS a, count(*) AS n FROM item;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT matches(pg_temp.plan_of('SELECT sum(v) FILTER (WHERE id <= 80), avg(v) FROM item'), 'Finalize Aggregate.*Gather.*Partial Aggregate.*Parallel Seq Scan', 'aggregates run in parallel');
SELECT is((SELECT (sum(v) FILTER (WHERE id <= 80), avg(v), count(*)) FROM item), (SELECT (s, a, n) FROM serial), 'with the result of one process');
SELECT matches(pg_temp.plan_of('SELECT sum(v <-> ''[1,2,3,4,5,6,7,8]'') FROM item'), 'Partial Aggregate.*Parallel Seq Scan', 'a scan computes distances in parallel');
SELECT is((SELECT array_agg(id) FROM (SELECT id FROM item ORDER BY v <-> '[49,6,0,0,0,0,0,2]', id LIMIT 3) AS near), ARRAY[1049, 2099, 3149], 'the nearest are found in parallel');
SELECT matches(pg_temp.plan_of('SELECT avg(v) FROM item GROUP BY bin'), 'Partial HashAggregate', 'groups are aggregated in parallel');
SELECT is_empty($$
    SELECT g FROM (SELECT bin AS g, avg(v) AS a FROM item GROUP BY bin) AS groups
    WHERE vector_dims(a) <> 8 OR (a::real[])[8] <> g OR (SELECT count(DISTINCT bin) FROM item) <> 3
$$, 'each with its own result');

SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL enable_hashagg = on;
SET LOCAL work_mem = '64kB';
SELECT is((SELECT count(*) FROM (SELECT id / 2, sum(v) AS s FROM item GROUP BY 1) AS g WHERE vector_dims(s) = 8), 10001::bigint, 'groups that spill to disk keep their sums');

SELECT * FROM finish();
ROLLBACK;
