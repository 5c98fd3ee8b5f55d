-- Aggregates of halfvec: partial states, and results over groups, windows and many rows.
\ir ../lib/setup.sql
SELECT plan(19);

SELECT is((halfvec_avg('{2,2,4,6}'))::text, '[1,2,3]', $$(halfvec_avg('{2,2,4,6}')) is [1,2,3]$$);
SELECT is((halfvec_avg('{0}'))::text, NULL, $$(halfvec_avg('{0}')) is NULL$$);
SELECT is((halfvec_accum('{0}', '[1,2,3]'))::text, '{1,1,2,3}', $$(halfvec_accum('{0}', '[1,2,3]')) is {1,1,2,3}$$);
SELECT is((halfvec_accum('{0,0,0,0}', '[1,2,3]'))::text, '{1,1,2,3}', $$(halfvec_accum('{0,0,0,0}', '[1,2,3]')) is {1,1,2,3}$$);
SELECT is((halfvec_accum('{2,1.5,-1}', '[1,2]'))::text, '{3,2.5,1}', $$(halfvec_accum('{2,1.5,-1}', '[1,2]')) is {3,2.5,1}$$);
SELECT is((halfvec_combine('{1,2}', '{3,4}'))::text, '{4,6}', $$(halfvec_combine('{1,2}', '{3,4}')) is {4,6}$$);
SELECT is((halfvec_combine('{0}', '{0}'))::text, '{0}', $$(halfvec_combine('{0}', '{0}')) is {0}$$);
SELECT is((halfvec_combine('{0}', '{3,4}'))::text, '{3,4}', $$(halfvec_combine('{0}', '{3,4}')) is {3,4}$$);
SELECT is((halfvec_combine('{3,4}', '{0}'))::text, '{3,4}', $$(halfvec_combine('{3,4}', '{0}')) is {3,4}$$);
SELECT is(((SELECT avg(v) FROM unnest(ARRAY['[-0]']::halfvec[]) AS v))::text, '[-0]', $$((SELECT avg(v) FROM unnest(ARRAY['[-0]']::halfvec[]) AS v)) is [-0]$$);

CREATE TABLE item (id int, bin int, v halfvec(100));
INSERT INTO item
SELECT i, i % 5, (SELECT array_agg((i * j) % 17 - 8 ORDER BY j)::halfvec FROM generate_series(1, 100) AS j)
FROM generate_series(1, 200) AS i;
CREATE TEMP TABLE reference AS
SELECT bin, array_agg(total ORDER BY place)::real[] AS total, array_agg(mean ORDER BY place)::real[] AS mean
FROM (SELECT bin, place, sum(x::float8) AS total, avg(x::float8) AS mean
      FROM item, unnest(v::real[]) WITH ORDINALITY AS e (x, place) GROUP BY bin, place) AS sums GROUP BY bin;

SELECT is_empty($$
    SELECT bin FROM (SELECT bin, sum(v) AS s, avg(v) AS a FROM item GROUP BY bin) AS g JOIN reference AS r USING (bin)
    WHERE g.s <> r.total::halfvec OR g.a <> r.mean::halfvec
$$, 'sum and avg by group agree with sums by element');
SELECT is((SELECT count(*) FROM (SELECT bin, sum(v) FROM item GROUP BY bin) AS g), 5::bigint, 'each group has a sum');
SELECT is((SELECT sum(v) FROM item), (SELECT sum(s) FROM (SELECT sum(v) AS s FROM item GROUP BY bin) AS g), 'the sum is the sum of the sums');
SELECT is((SELECT v FROM item WHERE id = 3), (SELECT array_agg((3 * j) % 17 - 8 ORDER BY j)::halfvec FROM generate_series(1, 100) AS j), 'summing leaves the rows as they were');
SELECT is_empty($$
    SELECT id FROM (SELECT id, sum(v) OVER (ORDER BY id) AS running FROM item WHERE id <= 20) AS w
    WHERE running <> (SELECT sum(v) FROM item AS earlier WHERE earlier.id <= w.id)
$$, 'a running sum gives each row its own value');
SELECT is((SELECT array_agg(running::text ORDER BY id) FROM
    (SELECT id, avg(v) OVER (ORDER BY id) AS running FROM (VALUES (1, '[1]'::halfvec), (2, '[3]'), (3, '[8]')) AS x (id, v)) AS w),
    '{[1],[2],[4]}', 'a running mean gives each row its own value');
SELECT is((SELECT sum(DISTINCT v) FROM unnest(ARRAY['[1]', '[2]', '[1]']::halfvec[]) AS v)::text, '[3]', 'sum(DISTINCT) adds equal vectors once');
SELECT is((SELECT sum(v) FILTER (WHERE i > 2) FROM (VALUES (1, '[1]'::halfvec), (2, '[2]'), (3, '[3]'), (4, '[4]')) AS x (i, v))::text, '[7]', 'FILTER is obeyed');
SELECT is((SELECT sum('[1]'::halfvec) FROM generate_series(1, 3000))::text, '[2048]', 'sum rounds to half precision at each row');

SELECT * FROM finish();
ROLLBACK;
