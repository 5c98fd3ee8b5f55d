-- Arithmetic and parts of tinyvec.
\ir ../lib/setup.sql
SELECT plan(32);

SELECT is(('[1,2,3]'::tinyvec + '[4,5,6]')::text, '[5,7,9]', $$('[1,2,3]'::tinyvec + '[4,5,6]') is [5,7,9]$$);
SELECT is(('[1,2,3]'::tinyvec - '[4,5,6]')::text, '[-3,-3,-3]', $$('[1,2,3]'::tinyvec - '[4,5,6]') is [-3,-3,-3]$$);
SELECT is(('[1,2,3]'::tinyvec * '[4,5,6]')::text, '[4,10,18]', $$('[1,2,3]'::tinyvec * '[4,5,6]') is [4,10,18]$$);
SELECT is(('[1,2,3]'::tinyvec || '[4,5]')::text, '[1,2,3,4,5]', $$('[1,2,3]'::tinyvec || '[4,5]') is [1,2,3,4,5]$$);
SELECT is(('[1,-2]'::tinyvec * 3)::text, '[3,-6]', $$('[1,-2]'::tinyvec * 3) is [3,-6]$$);
SELECT is((3::smallint * '[1,-2]'::tinyvec)::text, '[3,-6]', $$(3::smallint * '[1,-2]'::tinyvec) is [3,-6]$$);
SELECT is(('[1,-2]'::tinyvec * 0.5)::text, '[0.5,-1]', $$('[1,-2]'::tinyvec * 0.5) is [0.5,-1]$$);
SELECT is((2.5::real * '[2,4]'::tinyvec)::text, '[5,10]', $$(2.5::real * '[2,4]'::tinyvec) is [5,10]$$);
SELECT is(('[1,2]'::tinyvec * 0)::text, '[0,0]', $$('[1,2]'::tinyvec * 0) is [0,0]$$);
SELECT is((subvector('[1,2,3,4,5]'::tinyvec, 1, 3))::text, '[1,2,3]', $$(subvector('[1,2,3,4,5]'::tinyvec, 1, 3)) is [1,2,3]$$);
SELECT is((subvector('[1,2,3,4,5]'::tinyvec, 3, 2))::text, '[3,4]', $$(subvector('[1,2,3,4,5]'::tinyvec, 3, 2)) is [3,4]$$);
SELECT is((subvector('[1,2,3,4,5]'::tinyvec, -1, 3))::text, '[1]', $$(subvector('[1,2,3,4,5]'::tinyvec, -1, 3)) is [1]$$);
SELECT is((subvector('[1,2,3,4,5]'::tinyvec, 3, 9))::text, '[3,4,5]', $$(subvector('[1,2,3,4,5]'::tinyvec, 3, 9)) is [3,4,5]$$);
SELECT is((subvector('[1,2,3,4,5]'::tinyvec, 3, 2147483647))::text, '[3,4,5]', $$(subvector('[1,2,3,4,5]'::tinyvec, 3, 2147483647)) is [3,4,5]$$);
SELECT is((subvector('[1,2,3,4,5]'::tinyvec, -2147483644, 2147483647))::text, '[1,2]', $$(subvector('[1,2,3,4,5]'::tinyvec, -2147483644, 2147483647)) is [1,2]$$);
SELECT is((l2_normalize('[3,4]'::tinyvec))::text, '[0.6,0.8]', $$(l2_normalize('[3,4]'::tinyvec)) is [0.6,0.8]$$);
SELECT is((l2_normalize('[3,0]'::tinyvec))::text, '[1,0]', $$(l2_normalize('[3,0]'::tinyvec)) is [1,0]$$);
SELECT is((l2_normalize('[0,0]'::tinyvec))::text, '[0,0]', $$(l2_normalize('[0,0]'::tinyvec)) is [0,0]$$);
SELECT is((binary_quantize('[1,0,-1]'::tinyvec))::text, '100', $$(binary_quantize('[1,0,-1]'::tinyvec)) is 100$$);
SELECT is((binary_quantize('[1,2,3,-4,5,6,-7,8,1,-2,-3,4,5,-6,7,8,-1,2,3]'::tinyvec))::text, '1110110110011011011', $$(binary_quantize('[1,2,3,-4,5,6,-7,8,1,-2,-3,4,5,-6,7,8,-1,2,3]'::tinyvec)) is 1110110110011011011$$);
SELECT is(('[100,-100]'::tinyvec + '[27,-28]')::text, '[127,-128]', $$('[100,-100]'::tinyvec + '[27,-28]') is [127,-128]$$);
SELECT is(('[-8]'::tinyvec * '[16]')::text, '[-128]', $$('[-8]'::tinyvec * '[16]') is [-128]$$);
SELECT is((pg_typeof('[1]'::tinyvec * 1.5))::text, 'vector', $$(pg_typeof('[1]'::tinyvec * 1.5)) is vector$$);
SELECT is((pg_typeof(l2_normalize('[1]'::tinyvec)))::text, 'vector', $$(pg_typeof(l2_normalize('[1]'::tinyvec))) is vector$$);
SELECT is((scalar_quantize('[-1,-0.5,0,0.5,1]'::vector, -1, 1))::text, '[-128,-64,0,63,127]', $$(scalar_quantize('[-1,-0.5,0,0.5,1]'::vector, -1, 1)) is [-128,-64,0,63,127]$$);
SELECT is((scalar_quantize('[-9,9]'::vector, -1, 1))::text, '[-128,127]', $$(scalar_quantize('[-9,9]'::vector, -1, 1)) is [-128,127]$$);
SELECT is((scalar_quantize('[-1,1]'::halfvec, -1, 1))::text, '[-128,127]', $$(scalar_quantize('[-1,1]'::halfvec, -1, 1)) is [-128,127]$$);
SELECT is((scalar_dequantize('[-128,127]', -1, 1))::text, '[-1,1]', $$(scalar_dequantize('[-128,127]', -1, 1)) is [-1,1]$$);
SELECT is((scalar_dequantize(scalar_quantize('[0,51,255]'::vector, 0, 255), 0, 255))::text, '[0,51,255]', $$(scalar_dequantize(scalar_quantize('[0,51,255]'::vector, 0, 255), 0, 255)) is [0,51,255]$$);

-- Long enough for several blocks and a rest.
CREATE TEMP TABLE long AS
SELECT array_agg(i % 11 - 5 ORDER BY i)::tinyvec AS a, array_agg(i % 7 - 3 ORDER BY i)::tinyvec AS b FROM generate_series(1, 1237) AS i;
SELECT is((a + b)::real[], (SELECT array_agg((i % 11 - 5 + i % 7 - 3)::real ORDER BY i) FROM generate_series(1, 1237) AS i), 'a long sum') FROM long;
SELECT is((a - b)::real[], (SELECT array_agg((i % 11 - 5 - i % 7 + 3)::real ORDER BY i) FROM generate_series(1, 1237) AS i), 'a long difference') FROM long;
SELECT is((a * b)::real[], (SELECT array_agg(((i % 11 - 5) * (i % 7 - 3))::real ORDER BY i) FROM generate_series(1, 1237) AS i), 'a long product') FROM long;

SELECT * FROM finish();
ROLLBACK;
