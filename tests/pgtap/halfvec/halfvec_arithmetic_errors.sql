-- What functions of halfvec refuse: dimensions that differ, results out of range.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(27);

SELECT is(pg_temp.error_of('SELECT ' || expression), error, expression)
FROM (VALUES
    (1, 'l2_distance(''[1,2]''::halfvec, ''[3]''::halfvec)', '22000 | different halfvec dimensions 2 and 1'),
    (2, 'inner_product(''[1,2]''::halfvec, ''[3]''::halfvec)', '22000 | different halfvec dimensions 2 and 1'),
    (3, 'cosine_distance(''[1,2]''::halfvec, ''[3]''::halfvec)', '22000 | different halfvec dimensions 2 and 1'),
    (4, 'l1_distance(''[1,2]''::halfvec, ''[3]''::halfvec)', '22000 | different halfvec dimensions 2 and 1'),
    (5, 'halfvec_l2_squared_distance(''[1,2]''::halfvec, ''[3]''::halfvec)', '22000 | different halfvec dimensions 2 and 1'),
    (6, 'halfvec_negative_inner_product(''[1,2]''::halfvec, ''[3]''::halfvec)', '22000 | different halfvec dimensions 2 and 1'),
    (7, 'halfvec_add(''[1,2]''::halfvec, ''[3]''::halfvec)', '22000 | different halfvec dimensions 2 and 1'),
    (8, 'halfvec_sub(''[1,2]''::halfvec, ''[3]''::halfvec)', '22000 | different halfvec dimensions 2 and 1'),
    (9, 'halfvec_mul(''[1,2]''::halfvec, ''[3]''::halfvec)', '22000 | different halfvec dimensions 2 and 1'),
    (10, 'halfvec_spherical_distance(''[1,2]''::halfvec, ''[3]''::halfvec)', '22000 | different halfvec dimensions 2 and 1'),
    (11, 'subvector(''[1,2,3,4,5]''::halfvec, 1, 0)', '22000 | halfvec must have at least 1 dimension'),
    (12, 'subvector(''[1,2,3,4,5]''::halfvec, 3, -1)', '22000 | halfvec must have at least 1 dimension'),
    (13, 'subvector(''[1,2,3,4,5]''::halfvec, -1, 2)', '22000 | halfvec must have at least 1 dimension'),
    (14, 'subvector(''[1,2,3,4,5]''::halfvec, 6, 1)', '22000 | halfvec must have at least 1 dimension'),
    (15, 'subvector(''[1,2,3,4,5]''::halfvec, 2147483647, 10)', '22000 | halfvec must have at least 1 dimension'),
    (16, 'subvector(''[1,2,3,4,5]''::halfvec, 0, 1)', '22000 | halfvec must have at least 1 dimension'),
    (17, 'subvector(''[1,2,3,4,5]''::halfvec, -2147483648, -2147483648)', '22000 | halfvec must have at least 1 dimension'),
    (18, 'array_fill(0, ARRAY[16000])::halfvec || ''[1]''', '54000 | halfvec cannot have more than 16000 dimensions'),
    (19, '''[1]''::halfvec * ''NaN''::float8', '22000 | NaN not allowed as a factor of halfvec'),
    (20, '''[1]''::halfvec * ''-Infinity''::float8', '22000 | infinite value not allowed as a factor of halfvec'),
    (21, '''[65504]''::halfvec + ''[65504]''', '22003 | value out of range: overflow'),
    (22, '''[-65504]''::halfvec - ''[65504]''', '22003 | value out of range: overflow'),
    (23, '''[65504]''::halfvec * ''[2]''', '22003 | value out of range: overflow'),
    (24, '''[1e-4]''::halfvec * ''[1e-4]''', '22003 | value out of range: underflow'),
    (25, '''[65504]''::halfvec + ''[16]''', '22003 | value out of range: overflow'),
    (26, '''[300]''::halfvec * 300', '22003 | value out of range: overflow'),
    (27, '''[1e-7]''::halfvec * 0.1', '22003 | value out of range: underflow')
) AS cases (n, expression, error) ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
