-- What functions of vector refuse: dimensions that differ, results out of range.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(30);

SELECT is(pg_temp.error_of('SELECT ' || expression), error, expression)
FROM (VALUES
    (1, 'l2_distance(''[1,2]''::vector, ''[3]''::vector)', '22000 | different vector dimensions 2 and 1'),
    (2, 'inner_product(''[1,2]''::vector, ''[3]''::vector)', '22000 | different vector dimensions 2 and 1'),
    (3, 'cosine_distance(''[1,2]''::vector, ''[3]''::vector)', '22000 | different vector dimensions 2 and 1'),
    (4, 'l1_distance(''[1,2]''::vector, ''[3]''::vector)', '22000 | different vector dimensions 2 and 1'),
    (5, 'vector_l2_squared_distance(''[1,2]''::vector, ''[3]''::vector)', '22000 | different vector dimensions 2 and 1'),
    (6, 'vector_negative_inner_product(''[1,2]''::vector, ''[3]''::vector)', '22000 | different vector dimensions 2 and 1'),
    (7, 'vector_add(''[1,2]''::vector, ''[3]''::vector)', '22000 | different vector dimensions 2 and 1'),
    (8, 'vector_sub(''[1,2]''::vector, ''[3]''::vector)', '22000 | different vector dimensions 2 and 1'),
    (9, 'vector_mul(''[1,2]''::vector, ''[3]''::vector)', '22000 | different vector dimensions 2 and 1'),
    (10, 'vector_spherical_distance(''[1,2]''::vector, ''[3]''::vector)', '22000 | different vector dimensions 2 and 1'),
    (11, 'subvector(''[1,2,3,4,5]''::vector, 1, 0)', '22000 | vector must have at least 1 dimension'),
    (12, 'subvector(''[1,2,3,4,5]''::vector, 3, -1)', '22000 | vector must have at least 1 dimension'),
    (13, 'subvector(''[1,2,3,4,5]''::vector, -1, 2)', '22000 | vector must have at least 1 dimension'),
    (14, 'subvector(''[1,2,3,4,5]''::vector, 6, 1)', '22000 | vector must have at least 1 dimension'),
    (15, 'subvector(''[1,2,3,4,5]''::vector, 2147483647, 10)', '22000 | vector must have at least 1 dimension'),
    (16, 'subvector(''[1,2,3,4,5]''::vector, 0, 1)', '22000 | vector must have at least 1 dimension'),
    (17, 'subvector(''[1,2,3,4,5]''::vector, -2147483648, -2147483648)', '22000 | vector must have at least 1 dimension'),
    (18, 'array_fill(0, ARRAY[16000])::vector || ''[1]''', '54000 | vector cannot have more than 16000 dimensions'),
    (19, '''[1]''::vector * ''NaN''::float8', '22000 | NaN not allowed as a factor of vector'),
    (20, '''[1]''::vector * ''-Infinity''::float8', '22000 | infinite value not allowed as a factor of vector'),
    (21, '''[3e38]''::vector + ''[3e38]''', '22003 | value out of range: overflow'),
    (22, '''[-3e38]''::vector - ''[3e38]''', '22003 | value out of range: overflow'),
    (23, '''[1e37]''::vector * ''[1e37]''', '22003 | value out of range: overflow'),
    (24, '''[1e-37]''::vector * ''[1e-37]''', '22003 | value out of range: underflow'),
    (25, '''[1e-37,1e37]''::vector * ''[1e-37,1e37]''', '22003 | value out of range: underflow'),
    (26, '''[1e37,1e-37]''::vector * ''[1e37,1e-37]''', '22003 | value out of range: overflow'),
    (27, '''[1]''::vector * 1e39::float8', '22003 | value out of range: overflow'),
    (28, '''[1e-30]''::vector * 1e-30::float8', '22003 | value out of range: underflow'),
    (29, 'binary_dequantize(B'''')', '22000 | vector must have at least 1 dimension'),
    (30, 'binary_dequantize(repeat(''1'', 16001)::varbit::bit(16001))', '54000 | vector cannot have more than 16000 dimensions')
) AS cases (n, expression, error) ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
