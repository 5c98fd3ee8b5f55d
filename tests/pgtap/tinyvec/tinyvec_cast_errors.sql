-- Casts to and from tinyvec that are refused.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(40);

SELECT is(pg_temp.error_of('SELECT ' || expression), error, expression)
FROM (VALUES
    (1, '''{1,2,3}''::real[]::tinyvec(2)', '22000 | expected 2 dimensions, not 3'),
    (2, '''[1,2,3]''::tinyvec::tinyvec(2)', '22000 | expected 2 dimensions, not 3'),
    (3, '''{{1}}''::real[]::tinyvec', '22000 | array must be 1-D'),
    (4, '''{{1,2},{3,4}}''::int[]::tinyvec', '22000 | array must be 1-D'),
    (5, '''{NULL}''::smallint[]::tinyvec', '22004 | array must not contain nulls'),
    (6, '''{NULL}''::integer[]::tinyvec', '22004 | array must not contain nulls'),
    (7, '''{NULL}''::real[]::tinyvec', '22004 | array must not contain nulls'),
    (8, '''{NULL}''::double precision[]::tinyvec', '22004 | array must not contain nulls'),
    (9, '''{NULL}''::numeric[]::tinyvec', '22004 | array must not contain nulls'),
    (10, '''{1,NULL,2}''::smallint[]::tinyvec', '22004 | array must not contain nulls'),
    (11, '''{1,NULL,2}''::integer[]::tinyvec', '22004 | array must not contain nulls'),
    (12, '''{1,NULL,2}''::real[]::tinyvec', '22004 | array must not contain nulls'),
    (13, '''{1,NULL,2}''::double precision[]::tinyvec', '22004 | array must not contain nulls'),
    (14, '''{1,NULL,2}''::numeric[]::tinyvec', '22004 | array must not contain nulls'),
    (15, '''{}''::smallint[]::tinyvec', '22000 | tinyvec must have at least 1 dimension'),
    (16, '''{}''::integer[]::tinyvec', '22000 | tinyvec must have at least 1 dimension'),
    (17, '''{}''::real[]::tinyvec', '22000 | tinyvec must have at least 1 dimension'),
    (18, '''{}''::double precision[]::tinyvec', '22000 | tinyvec must have at least 1 dimension'),
    (19, '''{}''::numeric[]::tinyvec', '22000 | tinyvec must have at least 1 dimension'),
    (20, 'array_agg(n)::tinyvec FROM generate_series(1, 16001) AS n', '54000 | tinyvec cannot have more than 16000 dimensions'),
    (21, 'array_to_tinyvec(array_agg(n), 16001, false) FROM generate_series(1, 16001) AS n', '54000 | tinyvec cannot have more than 16000 dimensions'),
    (22, '''{1,NaN}''::real[]::tinyvec', '22000 | NaN not allowed in tinyvec'),
    (23, '''{1,NaN}''::float8[]::tinyvec', '22000 | NaN not allowed in tinyvec'),
    (24, '''{1,NaN}''::numeric[]::tinyvec', '22000 | NaN not allowed in tinyvec'),
    (25, '''{1,-Infinity}''::real[]::tinyvec', '22000 | infinite value not allowed in tinyvec'),
    (26, '''{1,-Infinity}''::float8[]::tinyvec', '22000 | infinite value not allowed in tinyvec'),
    (27, '''{1,128}''::int[]::tinyvec', '22003 | "128" is out of range for type tinyvec'),
    (28, '''{-129}''::smallint[]::tinyvec', '22003 | "-129" is out of range for type tinyvec'),
    (29, '''{127.5}''::real[]::tinyvec', '22003 | "127.5" is out of range for type tinyvec'),
    (30, '''{-128.6}''::float8[]::tinyvec', '22003 | "-128.6" is out of range for type tinyvec'),
    (31, '''{1e300}''::float8[]::tinyvec', '22003 | "1e+300" is out of range for type tinyvec'),
    (32, '''{200}''::numeric[]::tinyvec', '22003 | "200" is out of range for type tinyvec'),
    (33, '''[1,127.5]''::vector::tinyvec', '22003 | "127.5" is out of range for type tinyvec'),
    (34, '''[-129]''::vector::tinyvec', '22003 | "-129" is out of range for type tinyvec'),
    (35, '''[1000]''::halfvec::tinyvec', '22003 | "1000" is out of range for type tinyvec'),
    (36, '''[1,2]''::vector::tinyvec(3)', '22000 | expected 3 dimensions, not 2'),
    (37, '''[1,2]''::halfvec::tinyvec(1)', '22000 | expected 1 dimensions, not 2'),
    (38, '''[1,2]''::tinyvec::vector(3)', '22000 | expected 3 dimensions, not 2'),
    (39, '''[1,2]''::tinyvec::halfvec(3)', '22000 | expected 3 dimensions, not 2')
) AS cases (n, expression, error) ORDER BY n;
SELECT throws_ok($$SELECT array_to_tinyvec('{a}'::text[], -1, false)$$, '42883', NULL, 'there is no cast from text[]');

SELECT * FROM finish();
ROLLBACK;
