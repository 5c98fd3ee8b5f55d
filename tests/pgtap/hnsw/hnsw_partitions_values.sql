-- hnsw indexes of partitions: their orders are merged, with conditions inside the index, bounds on the distance and LIMIT.
\ir ../lib/setup.sql
\ir ../lib/plan.sql
SELECT plan(10);
SELECT setseed(0.5);
SET LOCAL max_parallel_workers_per_gather = 0;

CREATE TABLE parts (id int, tenant int, v vector(6), g int) PARTITION BY LIST (tenant);
CREATE TABLE part_a PARTITION OF parts FOR VALUES IN (0);
CREATE TABLE part_b PARTITION OF parts FOR VALUES IN (1, 2) PARTITION BY RANGE (id);
CREATE TABLE part_b_low PARTITION OF part_b FOR VALUES FROM (0) TO (2000);
CREATE TABLE part_b_high (g int, gone int, v vector(6), tenant int, id int);
ALTER TABLE part_b_high DROP COLUMN gone;
ALTER TABLE part_b ATTACH PARTITION part_b_high FOR VALUES FROM (2000) TO (100000);
CREATE TABLE part_rest PARTITION OF parts DEFAULT;
INSERT INTO parts SELECT i, i % 5, ARRAY(SELECT random() FROM generate_series(1, 6) WHERE i > 0)::vector, i % 10 FROM generate_series(1, 6000) i;
CREATE INDEX nearest ON parts USING hnsw (v vector_l2_ops, g);
ANALYZE parts;

-- Of the rows that a sort gives, how many are those of the merged indexes; and all of them in order, without a sort.
CREATE FUNCTION pg_temp.merged(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE ours float8[]; truth float8[]; plan text;
BEGIN
    query := format('SELECT array_agg(d) FROM (%s) q', query);
    SET LOCAL enable_indexscan = off;
    EXECUTE query INTO truth;
    SET LOCAL enable_indexscan = on; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL quiver.enable_exact_search = off;
    plan := pg_temp.plan_of(query);
    EXECUTE query INTO ours;
    SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on; SET LOCAL quiver.enable_exact_search = on;
    RETURN CASE WHEN plan !~ 'Merge Append' OR plan ~ 'Sort \(|Seq Scan' THEN plan
                WHEN cardinality(ours) IS DISTINCT FROM cardinality(truth) THEN format('%s rows of %s', cardinality(ours), cardinality(truth))
                WHEN ours <> (SELECT array_agg(d ORDER BY d) FROM unnest(ours) d) THEN 'not in order'
                WHEN (SELECT count(*) FROM unnest(ours) d WHERE d <= truth[cardinality(truth)] + 1e-6) < 0.95 * cardinality(truth) THEN 'far'
                ELSE 'merged' END;
END $$;
SELECT is(pg_temp.merged($$SELECT id, v <-> '[.5,.5,.5,.5,.5,.5]' AS d FROM parts ORDER BY d LIMIT 20$$), 'merged', 'the nearest of all partitions');
SELECT is(pg_temp.merged($$SELECT id, v <-> '[.5,.5,.5,.5,.5,.5]' AS d FROM parts WHERE g = 3 ORDER BY d LIMIT 60$$), 'merged', 'under a condition inside the indexes');
SELECT is(pg_temp.merged($$SELECT id, v <-> '[.5,.5,.5,.5,.5,.5]' AS d FROM parts WHERE v <-> '[.5,.5,.5,.5,.5,.5]' < 0.35 ORDER BY d LIMIT 40$$), 'merged', 'within a distance');
SELECT is(pg_temp.merged($$SELECT id, v <-> '[.5,.5,.5,.5,.5,.5]' AS d FROM parts WHERE v <-> '[.5,.5,.5,.5,.5,.5]' < 0.35 AND g IN (1, 4) ORDER BY d LIMIT 40$$),
          'merged', 'both');
SELECT is(pg_temp.merged($$SELECT id, v <-> '[.5,.5,.5,.5,.5,.5]' AS d FROM parts WHERE tenant IN (1, 3) ORDER BY d LIMIT 20$$), 'merged', 'with partitions pruned');
SET LOCAL hnsw.iterative_scan = strict_order;
SELECT is(pg_temp.merged($$SELECT id, v <-> '[.5,.5,.5,.5,.5,.5]' AS d FROM parts ORDER BY d LIMIT 500$$), 'merged', 'a LIMIT beyond hnsw.ef_search');
SELECT is(pg_temp.merged($$SELECT id, v <-> '[.5,.5,.5,.5,.5,.5]' AS d FROM parts WHERE id % 7 = 2 ORDER BY d LIMIT 20$$), 'merged', 'under a condition the indexes do not know');
RESET hnsw.iterative_scan;

-- The planner's own choice, and a bound that is met in few partitions.
SELECT matches(pg_temp.plan_of($$SELECT id FROM parts WHERE v <-> '[.5,.5,.5,.5,.5,.5]' < 0.2 ORDER BY v <-> '[.5,.5,.5,.5,.5,.5]' LIMIT 5$$), 'Append\s+->  Index Scan',
               'few rows within a distance: the planner takes the indexes by itself');
SELECT unalike(pg_temp.plan_of($$SELECT id FROM parts ORDER BY v <-> '[.5,.5,.5,.5,.5,.5]'$$), '%Merge Append%', 'all rows in order: it sorts');
ALTER TABLE parts DETACH PARTITION part_a;
SELECT is(pg_temp.merged($$SELECT id, v <-> '[.5,.5,.5,.5,.5,.5]' AS d FROM parts ORDER BY d LIMIT 20$$), 'merged', 'without a partition that was detached');

SELECT * FROM finish();
ROLLBACK;
