-- Arithmetic and parts of halfvec.
\ir ../lib/setup.sql
SELECT plan(29);

SELECT is(('[1,2,3]'::halfvec + '[4,5,6]')::text, '[5,7,9]', $$('[1,2,3]'::halfvec + '[4,5,6]') is [5,7,9]$$);
SELECT is(('[1,2,3]'::halfvec - '[4,5,6]')::text, '[-3,-3,-3]', $$('[1,2,3]'::halfvec - '[4,5,6]') is [-3,-3,-3]$$);
SELECT is(('[1,2,3]'::halfvec * '[4,5,6]')::text, '[4,10,18]', $$('[1,2,3]'::halfvec * '[4,5,6]') is [4,10,18]$$);
SELECT is(('[1,2,3]'::halfvec || '[4,5]')::text, '[1,2,3,4,5]', $$('[1,2,3]'::halfvec || '[4,5]') is [1,2,3,4,5]$$);
SELECT is(('[1,-2]'::halfvec * 3)::text, '[3,-6]', $$('[1,-2]'::halfvec * 3) is [3,-6]$$);
SELECT is((3::smallint * '[1,-2]'::halfvec)::text, '[3,-6]', $$(3::smallint * '[1,-2]'::halfvec) is [3,-6]$$);
SELECT is(('[1,-2]'::halfvec * 0.5)::text, '[0.5,-1]', $$('[1,-2]'::halfvec * 0.5) is [0.5,-1]$$);
SELECT is((2.5::real * '[2,4]'::halfvec)::text, '[5,10]', $$(2.5::real * '[2,4]'::halfvec) is [5,10]$$);
SELECT is(('[1,2]'::halfvec * 0)::text, '[0,0]', $$('[1,2]'::halfvec * 0) is [0,0]$$);
SELECT is((subvector('[1,2,3,4,5]'::halfvec, 1, 3))::text, '[1,2,3]', $$(subvector('[1,2,3,4,5]'::halfvec, 1, 3)) is [1,2,3]$$);
SELECT is((subvector('[1,2,3,4,5]'::halfvec, 3, 2))::text, '[3,4]', $$(subvector('[1,2,3,4,5]'::halfvec, 3, 2)) is [3,4]$$);
SELECT is((subvector('[1,2,3,4,5]'::halfvec, -1, 3))::text, '[1]', $$(subvector('[1,2,3,4,5]'::halfvec, -1, 3)) is [1]$$);
SELECT is((subvector('[1,2,3,4,5]'::halfvec, 3, 9))::text, '[3,4,5]', $$(subvector('[1,2,3,4,5]'::halfvec, 3, 9)) is [3,4,5]$$);
SELECT is((subvector('[1,2,3,4,5]'::halfvec, 3, 2147483647))::text, '[3,4,5]', $$(subvector('[1,2,3,4,5]'::halfvec, 3, 2147483647)) is [3,4,5]$$);
SELECT is((subvector('[1,2,3,4,5]'::halfvec, -2147483644, 2147483647))::text, '[1,2]', $$(subvector('[1,2,3,4,5]'::halfvec, -2147483644, 2147483647)) is [1,2]$$);
SELECT is((l2_normalize('[3,4]'::halfvec))::text, '[0.60009766,0.7998047]', $$(l2_normalize('[3,4]'::halfvec)) is [0.60009766,0.7998047]$$);
SELECT is((l2_normalize('[3,0]'::halfvec))::text, '[1,0]', $$(l2_normalize('[3,0]'::halfvec)) is [1,0]$$);
SELECT is((l2_normalize('[0,0]'::halfvec))::text, '[0,0]', $$(l2_normalize('[0,0]'::halfvec)) is [0,0]$$);
SELECT is((binary_quantize('[1,0,-1]'::halfvec))::text, '100', $$(binary_quantize('[1,0,-1]'::halfvec)) is 100$$);
SELECT is((binary_quantize('[1,2,3,-4,5,6,-7,8,1,-2,-3,4,5,-6,7,8,-1,2,3]'::halfvec))::text, '1110110110011011011', $$(binary_quantize('[1,2,3,-4,5,6,-7,8,1,-2,-3,4,5,-6,7,8,-1,2,3]'::halfvec)) is 1110110110011011011$$);
SELECT is(('[0,1]'::halfvec * -1)::text, '[-0,-1]', $$('[0,1]'::halfvec * -1) is [-0,-1]$$);
SELECT is((binary_quantize('[0,0.1,-0.2,-0,0.4,0.5,0.6,-0.7,0.8,-0.9,1]'::halfvec))::text, '01001110101', $$(binary_quantize('[0,0.1,-0.2,-0,0.4,0.5,0.6,-0.7,0.8,-0.9,1]'::halfvec)) is 01001110101$$);
SELECT is(('[2048]'::halfvec + '[1]')::text, '[2048]', $$('[2048]'::halfvec + '[1]') is [2048]$$);
SELECT is(('[2048]'::halfvec + '[3]')::text, '[2052]', $$('[2048]'::halfvec + '[3]') is [2052]$$);
SELECT is((l2_normalize('[65504]'::halfvec))::text, '[1]', $$(l2_normalize('[65504]'::halfvec)) is [1]$$);
SELECT is(('[1]'::halfvec * 0.1)::text, '[0.099975586]', $$('[1]'::halfvec * 0.1) is [0.099975586]$$);

-- Long enough for several blocks and a rest.
CREATE TEMP TABLE long AS
SELECT array_agg(i % 11 - 5 ORDER BY i)::halfvec AS a, array_agg(i % 7 - 3 ORDER BY i)::halfvec AS b FROM generate_series(1, 1237) AS i;
SELECT is((a + b)::real[], (SELECT array_agg((i % 11 - 5 + i % 7 - 3)::real ORDER BY i) FROM generate_series(1, 1237) AS i), 'a long sum') FROM long;
SELECT is((a - b)::real[], (SELECT array_agg((i % 11 - 5 - i % 7 + 3)::real ORDER BY i) FROM generate_series(1, 1237) AS i), 'a long difference') FROM long;
SELECT is((a * b)::real[], (SELECT array_agg(((i % 11 - 5) * (i % 7 - 3))::real ORDER BY i) FROM generate_series(1, 1237) AS i), 'a long product') FROM long;

SELECT * FROM finish();
ROLLBACK;
