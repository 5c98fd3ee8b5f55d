-- The exact search node over partitioned tables: in the plan, and with the rows that Sort gives.
\ir ../lib/setup.sql
SELECT plan(9);

CREATE TABLE parts (id int, tenant int, v vector(3)) PARTITION BY LIST (tenant);
CREATE TABLE part_a PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE part_b PARTITION OF parts FOR VALUES IN (2) PARTITION BY RANGE (id);
CREATE TABLE part_b_low PARTITION OF part_b FOR VALUES FROM (0) TO (3000);
CREATE TABLE part_b_high (v vector(3), extra int, tenant int, id int);
ALTER TABLE part_b_high DROP COLUMN extra;
ALTER TABLE part_b ATTACH PARTITION part_b_high FOR VALUES FROM (3000) TO (100000);
CREATE TABLE part_rest PARTITION OF parts DEFAULT;
INSERT INTO parts SELECT i, i % 4, ARRAY[i % 97, i % 89, i % 83 + i / 1e5]::vector FROM generate_series(1, 8000) i;
UPDATE parts SET v = NULL WHERE id % 1000 = 0;
ANALYZE parts;

\ir ../lib/plan.sql
-- The rows a query returns, from the node and from Sort.
CREATE FUNCTION pg_temp.same(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE ours text; theirs text;
BEGIN
    EXECUTE format('SELECT string_agg(q::text, E''\n'') FROM (%s) q', query) INTO ours;
    PERFORM set_config('quiver.enable_exact_search', 'off', true);
    EXECUTE format('SELECT string_agg(q::text, E''\n'') FROM (%s) q', query) INTO theirs;
    PERFORM set_config('quiver.enable_exact_search', 'on', true);
    RETURN ours = theirs AND ours IS NOT NULL;
END $$;

SELECT matches(pg_temp.plan_of($$SELECT id FROM parts ORDER BY v <-> '[1,2,3]' LIMIT 5$$),
    'ExactSearch[\s\S]*Order By: \(+[a-z_.]*v <-> ''\[1,2,3\]''::vector\)+\s+Limit: 5\s+->  Append', 'ORDER BY distance LIMIT over partitions takes the node');
SELECT ok(pg_temp.same($$SELECT id, v <-> '[1,2,3]' FROM parts ORDER BY v <-> '[1,2,3]' LIMIT 25$$), 'rows and distances are those of Sort');
SELECT ok(pg_temp.same($$SELECT tableoid::regclass, id, tenant, v FROM parts ORDER BY v <-> '[50,2,3]' LIMIT 40 OFFSET 3$$),
    'whole rows, also of a partition with other column positions');
SELECT ok(pg_temp.same($$SELECT v <-> '[1,2,3]' FROM parts ORDER BY 1 LIMIT 9000$$), 'NULL distances come last and no row is missing');
SELECT ok(pg_temp.same($$SELECT id FROM parts WHERE tenant IN (1, 2) ORDER BY v <=> '[1,2,3]' LIMIT 10$$), 'with partitions pruned');
SELECT ok(pg_temp.same($$SELECT id, upper(md5(id::text)) FROM parts ORDER BY v <+> '[1,2,3]' LIMIT 10$$), 'with an expression in the output');

CREATE TEMP SEQUENCE calls;
CREATE TEMP TABLE called AS SELECT nextval('calls') FROM parts ORDER BY v <-> '[1,2,3]' LIMIT 5;
SELECT is(currval('calls'), 5::bigint, 'a volatile output column is computed for the returned rows only');

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT matches(pg_temp.plan_of($$SELECT id FROM parts ORDER BY v <-> '[1,2,3]' LIMIT 5$$),
    'Gather Merge[\s\S]*ExactSearch[\s\S]*Parallel Append', 'each parallel worker searches its share of the partitions');
SELECT ok(pg_temp.same($$SELECT id, v <-> '[1,2,3]' FROM parts ORDER BY v <-> '[1,2,3]' LIMIT 25$$), 'with the same rows');

SELECT * FROM finish();
ROLLBACK;
