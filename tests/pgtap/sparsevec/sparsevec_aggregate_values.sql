-- sum(sparsevec) and avg(sparsevec): values, limits, and the same result from parallel workers.
\ir ../lib/setup.sql
SELECT plan(21);

SELECT is(sum(v)::text, '{1:1,2:5,3:4}/3', 'sum') FROM (VALUES ('{1:1,2:2}/3'::sparsevec), ('{2:3,3:4}/3')) t(v);
SELECT is(avg(v)::text, '{1:0.5,2:2.5,3:2}/3', 'avg counts zeros') FROM (VALUES ('{1:1,2:2}/3'::sparsevec), ('{2:3,3:4}/3')) t(v);
SELECT is(sum(v)::text, '{2:1}/2', 'what cancels is not stored') FROM (VALUES ('{1:5,2:1}/2'::sparsevec), ('{1:-5}/2')) t(v);
SELECT is(sum(v), NULL, 'no row gives NULL') FROM (SELECT '{}/1'::sparsevec WHERE false) t(v);
SELECT is(avg(v), NULL, 'no row gives NULL for avg') FROM (SELECT '{}/1'::sparsevec WHERE false) t(v);
SELECT is(sum(v), NULL, 'NULLs alone give NULL') FROM (VALUES (NULL::sparsevec), (NULL)) t(v);
SELECT is(avg(v)::text, '{1:2}/1', 'NULLs do not count') FROM (VALUES (NULL::sparsevec), ('{1:1}/1'), (NULL), ('{1:3}/1')) t(v);
SELECT is(sum(v)::text, '{}/4', 'a sum of zeros') FROM (VALUES ('{}/4'::sparsevec), ('{}/4')) t(v);
SELECT is(avg(v)::text, '{1:3e+38}/1', 'the mean of large values does not overflow')
  FROM (VALUES ('{1:3e38}/1'::sparsevec), ('{1:3e38}/1')) t(v);
SELECT is(sum(v)::text, '{1:1.6777218e+07}/1', 'adding up is in double')
  FROM (VALUES ('{1:16777216}/1'::sparsevec), ('{1:1}/1'), ('{1:1}/1')) t(v);
SELECT throws_ok($$SELECT sum(v) FROM (VALUES ('{1:3e38}/1'::sparsevec), ('{1:3e38}/1')) t(v)$$, '22003',
                 'value out of range: overflow', 'a sum may overflow');
SELECT throws_ok($$SELECT sum(v) FROM (VALUES ('{}/1'::sparsevec), ('{}/2')) t(v)$$, '22000',
                 'different sparsevec dimensions 1 and 2', 'dimensions must agree');

-- On the way the sum may have more elements than fit in the end.
CREATE TEMP TABLE halves AS
    SELECT ('{' || string_agg(i || ':1', ',') || '}/40000')::sparsevec AS v FROM generate_series(1, 10000) i
    UNION ALL SELECT ('{' || string_agg(i || ':1', ',') || '}/40000')::sparsevec FROM generate_series(10001, 20000) i;
SELECT throws_ok('SELECT sum(v) FROM halves', '54000', 'sparsevec cannot have more than 16000 non-zero elements',
                 'a sum may have too many elements');
INSERT INTO halves SELECT ('{' || string_agg(i || ':-1', ',') || '}/40000')::sparsevec FROM generate_series(5001, 15000) i;
SELECT is(nonzero_count(sum(v)), 10000, 'but only those that are left count') FROM halves;

SELECT results_eq($$SELECT sum(v) OVER (ORDER BY i ROWS 1 PRECEDING)::text
                      FROM (VALUES (1, '{1:1}/2'::sparsevec), (2, '{1:2,2:1}/2'), (3, '{2:4}/2')) t(i, v)$$,
                  ARRAY['{1:1}/2', '{1:3,2:1}/2', '{1:2,2:5}/2'], 'as a window function');
SELECT results_eq($$SELECT sum(v) OVER (ORDER BY i)::text
                      FROM (VALUES (1, '{1:1}/2'::sparsevec), (2, '{1:2,2:1}/2'), (3, '{2:4}/2')) t(i, v)$$,
                  ARRAY['{1:1}/2', '{1:3,2:1}/2', '{1:3,2:5}/2'], 'as a running sum, whose state is read and goes on');

-- Many rows: against SQL, alone and in parallel. Integer values, so that the order of adding up does not matter.
CREATE TABLE sparse_rows (i int, v sparsevec(1001));
INSERT INTO sparse_rows
    SELECT i, ('{' || i % 500 + 1 || ':' || i % 7 + 1 || ',' || (i * 13) % 500 + 501 || ':' || i % 11 - 5 || '}/1001')::sparsevec
      FROM generate_series(1, 20000) i;
ANALYZE sparse_rows;
CREATE TEMP TABLE expected AS
    SELECT ('{' || string_agg(dim || ':' || total, ',') || '}/1001')::sparsevec AS total FROM (
        SELECT dim, sum(value) AS total FROM (
            SELECT i % 500 + 1 AS dim, i % 7 + 1 AS value FROM generate_series(1, 20000) i
            UNION ALL SELECT (i * 13) % 500 + 501, i % 11 - 5 FROM generate_series(1, 20000) i) e GROUP BY dim) s;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is(sum(v), total, 'the sum of 20,000 rows') FROM sparse_rows, expected GROUP BY total;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
\ir ../lib/plan.sql
SELECT alike(pg_temp.plan_of('SELECT sum(v), avg(v) FROM sparse_rows'), '%Partial Aggregate%', 'workers add up their own share');
SELECT is((SELECT sum(v) FROM sparse_rows), (SELECT total FROM expected), 'and their sums are joined');
SELECT cmp_ok((SELECT avg(v) * 20000 FROM sparse_rows) <+> (SELECT total FROM expected), '<', 1.0::float8, 'avg too');
SELECT is((SELECT sum(s) FROM (SELECT sum(v) AS s FROM sparse_rows GROUP BY i % 3) g), (SELECT total FROM expected),
          'and grouped sums add up to the same');

SELECT * FROM finish();
ROLLBACK;
