-- What the planner is told a distance costs, and what it does with it.
\ir ../lib/setup.sql
SELECT plan(17);

-- Cost of one call in units of cpu_operator_cost, read back from a plan over 1,000 rows.
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN plan #> '{0,Plan}';
END $$;
CREATE FUNCTION pg_temp.units(expression text, source text) RETURNS float8 LANGUAGE sql AS $$
    SELECT ((pg_temp.plan_of(format('SELECT count(%s) FROM %s', expression, source)) ->> 'Total Cost')::float8
            - (pg_temp.plan_of(format('SELECT count(*) FROM %s', source)) ->> 'Total Cost')::float8)
           / (pg_temp.plan_of(format('SELECT count(*) FROM %s', source)) #>> '{Plans,0,Plan Rows}')::float8
           / current_setting('cpu_operator_cost')::float8
$$;
SET LOCAL max_parallel_workers_per_gather = 0;

CREATE TEMP TABLE sizes (id int, n int, small vector(3), medium vector(768), large vector(1536), untyped vector,
                         half halfvec(768), tiny tinyvec(768), code bit(768), sparse sparsevec(30000));
ALTER TABLE sizes ALTER medium SET STORAGE PLAIN, ALTER large SET STORAGE PLAIN, ALTER untyped SET STORAGE PLAIN;
INSERT INTO sizes (id, n, small) SELECT i, i % 10, ARRAY[i, 1, 2]::vector FROM generate_series(1, 1000) i;
ANALYZE sizes;

SELECT cmp_ok(pg_temp.units('small <-> ''[1,2,3]''', 'sizes'), '<', 5::float8, 'a short vector costs a few operators');
SELECT cmp_ok(pg_temp.units('large <-> large', 'sizes'), '>', 1.5 * pg_temp.units('medium <-> medium', 'sizes'),
              'cost grows with dimensions');
SELECT cmp_ok(pg_temp.units('half <-> half', 'sizes'), '<', pg_temp.units('medium <-> medium', 'sizes'),
              'halves cost less than floats');
SELECT cmp_ok(pg_temp.units('tiny <-> tiny', 'sizes'), '<', pg_temp.units('half <-> half', 'sizes'), 'bytes cost less than halves');
SELECT cmp_ok(pg_temp.units('code <~> code', 'sizes'), '<', pg_temp.units('tiny <-> tiny', 'sizes'), 'bits cost less than bytes');
SELECT is(pg_temp.units('l2_distance(medium, medium)', 'sizes'), pg_temp.units('medium <-> medium', 'sizes'),
          'a function costs what its operator costs');
SELECT is(pg_temp.units(format('untyped <-> %L', array_fill(1, ARRAY[1536])::vector), 'sizes'), pg_temp.units('large <-> large', 'sizes'),
          'a column without dimensions is as wide as the query');
SELECT cmp_ok(pg_temp.units(format('sparse <-> %L', ('{' || string_agg(i || ':1', ',') || '}/30000')), 'sizes'), '>',
              pg_temp.units('sparse <-> ''{1:1}/30000''', 'sizes'), 'a sparse query costs by its elements')
  FROM generate_series(1, 2000) i;
SELECT cmp_ok(pg_temp.units('binary_quantize(medium)::bit(768) <~> code', 'sizes'), '<', 20::float8, 'expressions are costed by their type');

-- Every distance function of every type has its support function.
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode
                   JOIN pg_depend d ON d.objid = o.oid AND d.classid = 'pg_operator'::regclass AND d.deptype = 'e'
                   JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'quiver'
                   WHERE o.oprname IN ('<->', '<#>', '<=>', '<+>', '<~>', '<%>')
                     AND p.prosupport::text <> 'quiver.' || split_part(format_type(o.oprleft, NULL), '(', 1) || '_distance_support'$$,
                'every distance operator tells its cost');

-- Values out of line, before and after ANALYZE, against the same values in the table.
CREATE TEMP TABLE inline_rows (id int, v vector(1024));
ALTER TABLE inline_rows ALTER v SET STORAGE PLAIN;
CREATE TEMP TABLE outside_rows (LIKE inline_rows);
ALTER TABLE outside_rows ALTER v SET STORAGE EXTERNAL;
INSERT INTO inline_rows SELECT i, array_fill(i, ARRAY[1024])::vector FROM generate_series(1, 1000) i;
INSERT INTO outside_rows SELECT * FROM inline_rows;
SELECT cmp_ok(pg_temp.units('v <-> v', 'outside_rows'), '>', 10 * pg_temp.units('v <-> v', 'inline_rows'),
              'fetching a value costs more than comparing it, known from its size before ANALYZE');
ANALYZE inline_rows, outside_rows;
CREATE TEMP TABLE analyzed AS
    SELECT pg_temp.units('v <-> v', 'outside_rows') AS outside, pg_temp.units('v <-> v', 'inline_rows') AS inline;
SELECT cmp_ok(outside, '>', 10 * inline, 'and from statistics after it') FROM analyzed;
SELECT cmp_ok(pg_temp.units('v <-> ''[1]''', 'outside_rows'), '<', 0.6 * outside, 'one argument out of line is one fetch')
  FROM analyzed;
ALTER TABLE inline_rows ALTER v SET STORAGE EXTERNAL;
SELECT is(pg_temp.units('v <-> v', 'inline_rows'), inline, 'statistics beat the declared storage: rows written before stay')
  FROM analyzed;

-- What follows from it.
SELECT alike(pg_temp.plan_of($$SELECT * FROM sizes WHERE medium <-> '[1]' < 5 AND n = 3$$) ->> 'Filter', '((n = 3) AND %',
             'a cheap condition is tried before a distance');
SELECT is(pg_temp.plan_of('SELECT id, l2_distance(large, large) FROM sizes ORDER BY id LIMIT 5') #>> '{Plans,0,Node Type}', 'Result',
          'a distance beside another order is computed only for the rows that LIMIT leaves');
SELECT lives_ok('SELECT count(medium <-> medium) FROM sizes', 'a column of NULLs alone is costed');

SELECT * FROM finish();
ROLLBACK;
