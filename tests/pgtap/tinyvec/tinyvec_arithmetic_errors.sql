-- What functions of tinyvec refuse: dimensions that differ, results out of range.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(28);

SELECT is(pg_temp.error_of('SELECT ' || expression), error, expression)
FROM (VALUES
    (1, 'l2_distance(''[1,2]''::tinyvec, ''[3]''::tinyvec)', '22000 | different tinyvec dimensions 2 and 1'),
    (2, 'inner_product(''[1,2]''::tinyvec, ''[3]''::tinyvec)', '22000 | different tinyvec dimensions 2 and 1'),
    (3, 'cosine_distance(''[1,2]''::tinyvec, ''[3]''::tinyvec)', '22000 | different tinyvec dimensions 2 and 1'),
    (4, 'l1_distance(''[1,2]''::tinyvec, ''[3]''::tinyvec)', '22000 | different tinyvec dimensions 2 and 1'),
    (5, 'tinyvec_l2_squared_distance(''[1,2]''::tinyvec, ''[3]''::tinyvec)', '22000 | different tinyvec dimensions 2 and 1'),
    (6, 'tinyvec_negative_inner_product(''[1,2]''::tinyvec, ''[3]''::tinyvec)', '22000 | different tinyvec dimensions 2 and 1'),
    (7, 'tinyvec_add(''[1,2]''::tinyvec, ''[3]''::tinyvec)', '22000 | different tinyvec dimensions 2 and 1'),
    (8, 'tinyvec_sub(''[1,2]''::tinyvec, ''[3]''::tinyvec)', '22000 | different tinyvec dimensions 2 and 1'),
    (9, 'tinyvec_mul(''[1,2]''::tinyvec, ''[3]''::tinyvec)', '22000 | different tinyvec dimensions 2 and 1'),
    (10, 'subvector(''[1,2,3,4,5]''::tinyvec, 1, 0)', '22000 | tinyvec must have at least 1 dimension'),
    (11, 'subvector(''[1,2,3,4,5]''::tinyvec, 3, -1)', '22000 | tinyvec must have at least 1 dimension'),
    (12, 'subvector(''[1,2,3,4,5]''::tinyvec, -1, 2)', '22000 | tinyvec must have at least 1 dimension'),
    (13, 'subvector(''[1,2,3,4,5]''::tinyvec, 6, 1)', '22000 | tinyvec must have at least 1 dimension'),
    (14, 'subvector(''[1,2,3,4,5]''::tinyvec, 2147483647, 10)', '22000 | tinyvec must have at least 1 dimension'),
    (15, 'subvector(''[1,2,3,4,5]''::tinyvec, 0, 1)', '22000 | tinyvec must have at least 1 dimension'),
    (16, 'subvector(''[1,2,3,4,5]''::tinyvec, -2147483648, -2147483648)', '22000 | tinyvec must have at least 1 dimension'),
    (17, 'array_fill(0, ARRAY[16000])::tinyvec || ''[1]''', '54000 | tinyvec cannot have more than 16000 dimensions'),
    (18, '''[1]''::tinyvec * ''NaN''::float8', '22000 | NaN not allowed as a factor of vector'),
    (19, '''[1]''::tinyvec * ''-Infinity''::float8', '22000 | infinite value not allowed as a factor of vector'),
    (20, '''[100]''::tinyvec + ''[28]''', '22003 | value out of range: overflow'),
    (21, '''[1,2,-100]''::tinyvec - ''[1,2,29]''', '22003 | value out of range: overflow'),
    (22, '''[16]''::tinyvec * ''[8]''', '22003 | value out of range: overflow'),
    (23, '''[-128]''::tinyvec * ''[-1]''', '22003 | value out of range: overflow'),
    (24, 'scalar_quantize(''[1]''::vector, 1, 1)', '22023 | lower bound must be less than upper bound, and both must be finite | The bounds are 1 and 1.'),
    (25, 'scalar_quantize(''[1]''::vector, 2, 1)', '22023 | lower bound must be less than upper bound, and both must be finite | The bounds are 2 and 1.'),
    (26, 'scalar_quantize(''[1]''::halfvec, ''NaN'', 1)', '22023 | lower bound must be less than upper bound, and both must be finite | The bounds are NaN and 1.'),
    (27, 'scalar_dequantize(''[1]'', 0, ''Infinity'')', '22023 | lower bound must be less than upper bound, and both must be finite | The bounds are 0 and Infinity.'),
    (28, 'scalar_dequantize(''[1]'', 0, 1e300)', '22000 | infinite value not allowed in vector')
) AS cases (n, expression, error) ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
