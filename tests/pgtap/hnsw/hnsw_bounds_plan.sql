-- What the planner makes of a bound on the distance: where an index that ends at it is cheaper than a sort, and where it would
-- lose rows.
\ir ../lib/setup.sql
\ir ../lib/plan.sql
SELECT plan(10);
SELECT setseed(0.5);
SET LOCAL max_parallel_workers_per_gather = 0;

CREATE TABLE item (id int, g int, v vector(16));
INSERT INTO item SELECT i, i % 100, ARRAY(SELECT random() FROM generate_series(1, 16) WHERE i > 0)::vector FROM generate_series(1, 20000) i;
CREATE INDEX nearest ON item USING hnsw (v vector_l2_ops) WITH (ef_construction = 16, m = 8);
ANALYZE item;
CREATE FUNCTION pg_temp.chosen(query text, at text DEFAULT '[.5,.5,.5,.5,.5,.5,.5,.5,.5,.5,.5,.5,.5,.5,.5,.5]') RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN plan ~ 'Index Scan using nearest' THEN 'index' WHEN plan ~ 'Seq Scan' THEN 'scan' ELSE plan END
      FROM pg_temp.plan_of(replace(query, 'DISTANCE', format('v <-> %L', at))) AS plan
$$;
-- 0.65 is nearer than all rows but some.
SELECT is(pg_temp.chosen('SELECT id FROM item WHERE DISTANCE < 0.6 ORDER BY DISTANCE LIMIT 10'), 'index', 'few rows within the bound, with LIMIT');
SELECT is(pg_temp.chosen('SELECT id FROM item WHERE DISTANCE < 0.6 ORDER BY DISTANCE LIMIT 1000'), 'index', 'with a LIMIT beyond what there is');
SELECT is(pg_temp.chosen('SELECT id FROM item WHERE DISTANCE < 0.6 ORDER BY DISTANCE'), 'index', 'without LIMIT');
SELECT is(pg_temp.chosen('SELECT id FROM item WHERE DISTANCE < 2 ORDER BY DISTANCE LIMIT 10'), 'index', 'many rows within the bound, a small LIMIT');
SELECT is(pg_temp.chosen('SELECT id FROM item WHERE DISTANCE < 2 ORDER BY DISTANCE'), 'scan', 'without LIMIT');
SELECT is(pg_temp.chosen('SELECT id FROM item WHERE DISTANCE < 0.95 ORDER BY DISTANCE'), 'scan',
          'more rows than a search without iteration returns: a sort, which loses none');
SET LOCAL hnsw.iterative_scan = strict_order;
SELECT is(pg_temp.chosen('SELECT id FROM item WHERE DISTANCE < 0.75 ORDER BY DISTANCE'), 'index', 'with iteration the index may give them');
RESET hnsw.iterative_scan;
SELECT is(pg_temp.chosen('SELECT id FROM item WHERE DISTANCE < 0.6'), 'scan', 'no order: the index cannot answer');
SET LOCAL quiver.hnsw_distance_bounds = off;
SELECT is(pg_temp.chosen('SELECT id FROM item WHERE DISTANCE < 0.6 ORDER BY DISTANCE LIMIT 1000'), 'scan', 'a scan that would not end at the bound costs the whole');
RESET quiver.hnsw_distance_bounds;
SET LOCAL enable_seqscan = off;
SELECT is(pg_temp.chosen('SELECT id FROM item WHERE DISTANCE < 2 AND g = 3 ORDER BY DISTANCE LIMIT 10'), 'index', 'a condition beside it');

SELECT * FROM finish();
ROLLBACK;
