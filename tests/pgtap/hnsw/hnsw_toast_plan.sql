-- Of a table whose vectors are out of line: the index is not charged at random for what a sort would fetch in order.
\ir ../lib/setup.sql
\ir ../lib/plan.sql
SELECT plan(6);
SELECT setseed(0.5);
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL hnsw.iterative_scan = strict_order;

CREATE TABLE item (id int, g int, v vector(600));
INSERT INTO item SELECT i, i % 1000, array_fill(0, ARRAY[i % 300]) || array_fill(i, ARRAY[600 - i % 300]) FROM generate_series(1, 4000) i;
CREATE INDEX nearest ON item USING hnsw (v vector_l2_ops) WITH (ef_construction = 8, m = 4);
ANALYZE item;
CREATE FUNCTION pg_temp.chosen(condition text, k int) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN plan ~ 'Index Scan using nearest' THEN 'index' WHEN plan ~ 'Seq Scan' THEN 'sort' ELSE plan END
      FROM pg_temp.plan_of(format('SELECT id FROM item WHERE %s ORDER BY v <-> %L LIMIT %s', condition, array_fill(1, ARRAY[600])::vector, k)) AS plan
$$;
SELECT cmp_ok(pg_relation_size('item'), '<', 4000 * 600::bigint, 'the values are out of line');
SELECT is(pg_temp.chosen('true', 10), 'index', 'the nearest of all');
SELECT is(pg_temp.chosen('g < 100', 40), 'index', 'the nearest under a condition that a tenth of the rows meets, a tenth of them');
SELECT is(pg_temp.chosen('g < 100', 300), 'sort', 'most of them');
SELECT is(pg_temp.chosen('g < 10', 1), 'index', 'one of a hundredth');
SELECT is(pg_temp.chosen('g < 1', 3), 'sort', 'most of what is rare');

SELECT * FROM finish();
ROLLBACK;
