-- Distances and norm of tinyvec: known values, then against sums done in SQL.
\ir ../lib/setup.sql
SELECT plan(35);

SELECT is(('[0,0]'::tinyvec <-> '[3,4]')::text, '5', $$('[0,0]'::tinyvec <-> '[3,4]') is 5$$);
SELECT is((l2_distance('[0,0]'::tinyvec, '[0,1]'))::text, '1', $$(l2_distance('[0,0]'::tinyvec, '[0,1]')) is 1$$);
SELECT is((l2_distance('[1,1,1,1,1,1,1,1,1]'::tinyvec, '[1,1,1,1,1,1,1,4,5]'))::text, '5', $$(l2_distance('[1,1,1,1,1,1,1,1,1]'::tinyvec, '[1,1,1,1,1,1,1,4,5]')) is 5$$);
SELECT is((tinyvec_l2_squared_distance('[0,0]', '[3,4]'))::text, '25', $$(tinyvec_l2_squared_distance('[0,0]', '[3,4]')) is 25$$);
SELECT is((inner_product('[1,2]'::tinyvec, '[3,4]'))::text, '11', $$(inner_product('[1,2]'::tinyvec, '[3,4]')) is 11$$);
SELECT is(('[1,2]'::tinyvec <#> '[3,4]')::text, '-11', $$('[1,2]'::tinyvec <#> '[3,4]') is -11$$);
SELECT is((inner_product('[1,1,1,1,1,1,1,1,1]'::tinyvec, '[1,2,3,4,5,6,7,8,9]'))::text, '45', $$(inner_product('[1,1,1,1,1,1,1,1,1]'::tinyvec, '[1,2,3,4,5,6,7,8,9]')) is 45$$);
SELECT is((tinyvec_negative_inner_product('[1,2]', '[-3,4]'))::text, '-5', $$(tinyvec_negative_inner_product('[1,2]', '[-3,4]')) is -5$$);
SELECT is(('[1,2]'::tinyvec <=> '[2,4]')::text, '0', $$('[1,2]'::tinyvec <=> '[2,4]') is 0$$);
SELECT is((cosine_distance('[1,1]'::tinyvec, '[-1,-1]'))::text, '2', $$(cosine_distance('[1,1]'::tinyvec, '[-1,-1]')) is 2$$);
SELECT is((cosine_distance('[1,0]'::tinyvec, '[0,2]'))::text, '1', $$(cosine_distance('[1,0]'::tinyvec, '[0,2]')) is 1$$);
SELECT is((cosine_distance('[1,2]'::tinyvec, '[0,0]'))::text, 'NaN', $$(cosine_distance('[1,2]'::tinyvec, '[0,0]')) is NaN$$);
SELECT is((cosine_distance('[0,0]'::tinyvec, '[0,0]'))::text, 'NaN', $$(cosine_distance('[0,0]'::tinyvec, '[0,0]')) is NaN$$);
SELECT is(('[0,0]'::tinyvec <+> '[3,4]')::text, '7', $$('[0,0]'::tinyvec <+> '[3,4]') is 7$$);
SELECT is((l1_distance('[1,2,3,4,5,6,7,8,9]'::tinyvec, '[0,3,2,5,4,7,6,9,8]'))::text, '9', $$(l1_distance('[1,2,3,4,5,6,7,8,9]'::tinyvec, '[0,3,2,5,4,7,6,9,8]')) is 9$$);
SELECT is((l2_norm('[3,4]'::tinyvec))::text, '5', $$(l2_norm('[3,4]'::tinyvec)) is 5$$);
SELECT is((l2_norm('[0,0]'::tinyvec))::text, '0', $$(l2_norm('[0,0]'::tinyvec)) is 0$$);
SELECT is((vector_dims('[1,2,3]'::tinyvec))::text, '3', $$(vector_dims('[1,2,3]'::tinyvec)) is 3$$);
SELECT is((l2_distance('[-128]'::tinyvec, '[127]'))::text, '255', $$(l2_distance('[-128]'::tinyvec, '[127]')) is 255$$);
SELECT is((inner_product('[-128,127]'::tinyvec, '[-128,-128]'))::text, '128', $$(inner_product('[-128,127]'::tinyvec, '[-128,-128]')) is 128$$);
SELECT is((l1_distance('[-128,127]'::tinyvec, '[127,-128]'))::text, '510', $$(l1_distance('[-128,127]'::tinyvec, '[127,-128]')) is 510$$);
SELECT is((tinyvec_l2_squared_distance(array_fill(-128, ARRAY[16000])::tinyvec, array_fill(127, ARRAY[16000])::tinyvec))::text, '1040400000', $$(tinyvec_l2_squared_distance(array_fill(-128, ARRAY[16000])::tinyvec, array_fill(127, ARRAY[16000])::tinyvec)) is 1040400000$$);
SELECT is(('[-128,-128]'::tinyvec <=> '[-128,-128]')::text, '0', $$('[-128,-128]'::tinyvec <=> '[-128,-128]') is 0$$);

-- Every length up to one more than two of the widest registers, and a few long ones.
CREATE TEMP TABLE pair AS
SELECT dim, array_agg((i * 37 % 101 - 50) ORDER BY i)::tinyvec AS a, array_agg((i * 53 % 97 - 48) ORDER BY i)::tinyvec AS b
FROM (SELECT generate_series(1, 129) UNION VALUES (255), (768), (1000), (1536)) AS dims (dim), generate_series(1, dim) AS i
GROUP BY dim;
CREATE TEMP TABLE reference AS
SELECT dim, sqrt(sum((x - y) ^ 2)) AS l2, sum(x * y) AS ip, sum(abs(x - y)) AS l1, sum(abs(x * y)) AS weight,
    sqrt(sum(x * x)) AS norm, 1 - sum(x * y) / sqrt(sum(x * x) * sum(y * y)) AS cosine
FROM (SELECT dim, unnest(a::real[])::float8 AS x, unnest(b::real[])::float8 AS y FROM pair) AS elements GROUP BY dim;

SELECT is_empty(format($$
    SELECT dim, %1$s, %2$s FROM pair JOIN reference USING (dim)
    WHERE (abs((%1$s) - (%2$s)) <= 1e-12 * greatest(%3$s, 1)) IS NOT TRUE
$$, expression, expected, scale), expression || ' agrees with SQL for every length')
FROM (VALUES
    (1, 'a <-> b', 'l2', 'l2'),
    (2, 'l2_distance(a, b)', 'l2', 'l2'),
    (3, 'tinyvec_l2_squared_distance(a, b)', 'l2 ^ 2', 'l2 ^ 2'),
    (4, 'inner_product(a, b)', 'ip', 'weight'),
    (5, 'a <#> b', '-ip', 'weight'),
    (6, 'a <=> b', 'cosine', '1'),
    (7, 'cosine_distance(b, a)', 'cosine', '1'),
    (8, 'a <+> b', 'l1', 'l1'),
    (9, 'l1_distance(b, a)', 'l1', 'l1'),
    (10, 'l2_norm(a)', 'norm', 'norm'),
    (11, 'a <-> a', '0', '1'),
    (12, 'b <=> b', '0', '1')
) AS cases (n, expression, expected, scale) ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
