-- Casts to and from halfvec that are refused.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(32);

SELECT is(pg_temp.error_of('SELECT ' || expression), error, expression)
FROM (VALUES
    (1, '''{1,2,3}''::real[]::halfvec(2)', '22000 | expected 2 dimensions, not 3'),
    (2, '''[1,2,3]''::halfvec::halfvec(2)', '22000 | expected 2 dimensions, not 3'),
    (3, '''{{1}}''::real[]::halfvec', '22000 | array must be 1-D'),
    (4, '''{{1,2},{3,4}}''::int[]::halfvec', '22000 | array must be 1-D'),
    (5, '''{NULL}''::integer[]::halfvec', '22004 | array must not contain nulls'),
    (6, '''{NULL}''::real[]::halfvec', '22004 | array must not contain nulls'),
    (7, '''{NULL}''::double precision[]::halfvec', '22004 | array must not contain nulls'),
    (8, '''{NULL}''::numeric[]::halfvec', '22004 | array must not contain nulls'),
    (9, '''{1,NULL,2}''::integer[]::halfvec', '22004 | array must not contain nulls'),
    (10, '''{1,NULL,2}''::real[]::halfvec', '22004 | array must not contain nulls'),
    (11, '''{1,NULL,2}''::double precision[]::halfvec', '22004 | array must not contain nulls'),
    (12, '''{1,NULL,2}''::numeric[]::halfvec', '22004 | array must not contain nulls'),
    (13, '''{}''::integer[]::halfvec', '22000 | halfvec must have at least 1 dimension'),
    (14, '''{}''::real[]::halfvec', '22000 | halfvec must have at least 1 dimension'),
    (15, '''{}''::double precision[]::halfvec', '22000 | halfvec must have at least 1 dimension'),
    (16, '''{}''::numeric[]::halfvec', '22000 | halfvec must have at least 1 dimension'),
    (17, 'array_agg(n)::halfvec FROM generate_series(1, 16001) AS n', '54000 | halfvec cannot have more than 16000 dimensions'),
    (18, 'array_to_halfvec(array_agg(n), 16001, false) FROM generate_series(1, 16001) AS n', '54000 | halfvec cannot have more than 16000 dimensions'),
    (19, '''{1,NaN}''::real[]::halfvec', '22000 | NaN not allowed in halfvec'),
    (20, '''{1,NaN}''::float8[]::halfvec', '22000 | NaN not allowed in halfvec'),
    (21, '''{1,NaN}''::numeric[]::halfvec', '22000 | NaN not allowed in halfvec'),
    (22, '''{1,-Infinity}''::real[]::halfvec', '22000 | infinite value not allowed in halfvec'),
    (23, '''{1,-Infinity}''::float8[]::halfvec', '22000 | infinite value not allowed in halfvec'),
    (24, '''{65520}''::real[]::halfvec', '22003 | "65520" is out of range for type halfvec'),
    (25, '''{1e6}''::float8[]::halfvec', '22003 | "1e+06" is out of range for type halfvec'),
    (26, '''{4e38}''::float8[]::halfvec', '22000 | infinite value not allowed in halfvec'),
    (27, '''{NaN,65520}''::real[]::halfvec', '22003 | "65520" is out of range for type halfvec'),
    (28, '''[1,65520]''::vector::halfvec', '22003 | "65520" is out of range for type halfvec'),
    (29, '''[1,2]''::vector::halfvec(3)', '22000 | expected 3 dimensions, not 2'),
    (30, '''[1,2]''::halfvec::vector(3)', '22000 | expected 3 dimensions, not 2'),
    (31, '''{70000}''::int[]::halfvec', '22003 | "70000" is out of range for type halfvec')
) AS cases (n, expression, error) ORDER BY n;
SELECT throws_ok($$SELECT array_to_halfvec('{a}'::text[], -1, false)$$, '42883', NULL, 'there is no cast from text[]');

SELECT * FROM finish();
ROLLBACK;
