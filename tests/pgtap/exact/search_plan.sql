-- When the exact search node is in the plan, and when it stays out.
\ir ../lib/setup.sql
SELECT plan(16);

CREATE TABLE points (id int, tenant text, v vector(3));
INSERT INTO points SELECT i, 't' || i % 3, ARRAY[i % 97, i % 89, i % 83]::vector FROM generate_series(1, 20000) i;
ANALYZE points;

\ir ../lib/plan.sql

SELECT matches(pg_temp.plan_of($$SELECT id FROM points ORDER BY v <-> '[1,2,3]' LIMIT 5$$),
    'Custom Scan \(ExactSearch\)\s+Order By: \(v <-> ''\[1,2,3\]''::vector\)\s+Limit: 5', 'ORDER BY distance LIMIT takes the node');
SELECT doesnt_match(pg_temp.plan_of($$SELECT id FROM points ORDER BY v <-> '[1,2,3]'$$), 'ExactSearch', 'no LIMIT, no node');
SELECT doesnt_match(pg_temp.plan_of($$SELECT id FROM points ORDER BY v <-> '[1,2,3]' DESC LIMIT 5$$), 'ExactSearch', 'descending order is left to Sort');
SELECT doesnt_match(pg_temp.plan_of($$SELECT id FROM points ORDER BY v <-> '[1,2,3]' NULLS FIRST LIMIT 5$$), 'ExactSearch', 'NULLS FIRST is left to Sort');
SELECT doesnt_match(pg_temp.plan_of($$SELECT id FROM points ORDER BY v <-> '[1,2,3]', id LIMIT 5$$), 'ExactSearch', 'a second sort key is left to Sort');
SELECT doesnt_match(pg_temp.plan_of($$SELECT id FROM points ORDER BY v <-> '[1,2,3]' LIMIT 5 FOR UPDATE$$), 'ExactSearch', 'row locks are left to Sort');
SELECT doesnt_match(pg_temp.plan_of($$SELECT id FROM points ORDER BY v <-> '[1,2,3]' FETCH FIRST 5 ROWS WITH TIES$$), 'ExactSearch', 'WITH TIES is left to Sort');
SELECT doesnt_match(pg_temp.plan_of($$SELECT id, generate_series(1, 2) FROM points ORDER BY v <-> '[1,2,3]' LIMIT 5$$), 'ExactSearch',
    'set-returning output is left to Sort');
SELECT doesnt_match(pg_temp.plan_of($$SELECT v, count(*) FROM points GROUP BY v ORDER BY v <-> '[1,2,3]' LIMIT 5$$), 'ExactSearch', 'grouped input is left to Sort');

SET LOCAL work_mem = '64kB';
SELECT doesnt_match(pg_temp.plan_of($$SELECT id FROM points ORDER BY v <-> '[1,2,3]' LIMIT 5000$$), 'ExactSearch',
    'a LIMIT whose rows exceed work_mem is left to Sort, which spills');
RESET work_mem;

SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE nearest(vector, int) AS SELECT id FROM points ORDER BY v <-> $1 LIMIT 3;
PREPARE nearest_some(vector, int) AS SELECT id FROM points ORDER BY v <-> $1 LIMIT $2;
SELECT matches(pg_temp.plan_of($$EXECUTE nearest('[1,2,3]', 1)$$), 'ExactSearch', 'a generic plan with a parameter as the query takes the node');
SELECT doesnt_match(pg_temp.plan_of($$EXECUTE nearest_some('[1,2,3]', 3)$$), 'ExactSearch', 'a generic plan with a parameter as the LIMIT does not');
RESET plan_cache_mode;

-- Left to itself the server never takes that plan: a plan made for the LIMIT that is given costs less.
DO $$ BEGIN FOR i IN 1..10 LOOP EXECUTE $e$EXECUTE nearest_some('[1,2,3]', 3)$e$; END LOOP; END $$;
SELECT matches(pg_temp.plan_of($$EXECUTE nearest_some('[1,2,3]', 3)$$), 'ExactSearch', 'so that a parameter as the LIMIT has the node all the same');

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT matches(pg_temp.plan_of($$SELECT id FROM points ORDER BY v <-> '[1,2,3]' LIMIT 5$$),
    'Gather Merge\s+Workers Planned: \d+\s+->  Custom Scan \(ExactSearch\)[\s\S]*Parallel Seq Scan', 'each parallel worker searches its share');
CREATE TEMP TABLE in_parallel AS SELECT v <-> '[1,2,3]' AS d FROM points ORDER BY 1 LIMIT 50;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL quiver.enable_exact_search = off;
SELECT set_eq('SELECT d, count(*) FROM in_parallel GROUP BY d',
    $$SELECT d, count(*) FROM (SELECT v <-> '[1,2,3]' AS d FROM points ORDER BY 1 LIMIT 50) s GROUP BY d$$, 'and the gathered rows are those of a serial Sort');
RESET quiver.enable_exact_search;

-- Row-level security stays below the node.
CREATE POLICY own ON points USING (tenant = current_setting('app.tenant'));
ALTER TABLE points ENABLE ROW LEVEL SECURITY;
ALTER TABLE points FORCE ROW LEVEL SECURITY;
CREATE ROLE exact_reader;
GRANT SELECT ON points TO exact_reader;
SET LOCAL app.tenant = 't1';
SET LOCAL ROLE exact_reader;
SELECT is((SELECT array_agg(DISTINCT tenant) FROM (SELECT tenant FROM points ORDER BY v <-> '[1,2,3]' LIMIT 40) s), ARRAY['t1'],
    'a reader under row-level security sees only rows of the policy');

RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
