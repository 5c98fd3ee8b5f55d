-- Casts to and from vector that are refused.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(26);

SELECT is(pg_temp.error_of('SELECT ' || expression), error, expression)
FROM (VALUES
    (1, '''{1,2,3}''::real[]::vector(2)', '22000 | expected 2 dimensions, not 3'),
    (2, '''[1,2,3]''::vector::vector(2)', '22000 | expected 2 dimensions, not 3'),
    (3, '''{{1}}''::real[]::vector', '22000 | array must be 1-D'),
    (4, '''{{1,2},{3,4}}''::int[]::vector', '22000 | array must be 1-D'),
    (5, '''{NULL}''::integer[]::vector', '22004 | array must not contain nulls'),
    (6, '''{NULL}''::real[]::vector', '22004 | array must not contain nulls'),
    (7, '''{NULL}''::double precision[]::vector', '22004 | array must not contain nulls'),
    (8, '''{NULL}''::numeric[]::vector', '22004 | array must not contain nulls'),
    (9, '''{1,NULL,2}''::integer[]::vector', '22004 | array must not contain nulls'),
    (10, '''{1,NULL,2}''::real[]::vector', '22004 | array must not contain nulls'),
    (11, '''{1,NULL,2}''::double precision[]::vector', '22004 | array must not contain nulls'),
    (12, '''{1,NULL,2}''::numeric[]::vector', '22004 | array must not contain nulls'),
    (13, '''{}''::integer[]::vector', '22000 | vector must have at least 1 dimension'),
    (14, '''{}''::real[]::vector', '22000 | vector must have at least 1 dimension'),
    (15, '''{}''::double precision[]::vector', '22000 | vector must have at least 1 dimension'),
    (16, '''{}''::numeric[]::vector', '22000 | vector must have at least 1 dimension'),
    (17, 'array_agg(n)::vector FROM generate_series(1, 16001) AS n', '54000 | vector cannot have more than 16000 dimensions'),
    (18, 'array_to_vector(array_agg(n), 16001, false) FROM generate_series(1, 16001) AS n', '54000 | vector cannot have more than 16000 dimensions'),
    (19, '''{1,NaN}''::real[]::vector', '22000 | NaN not allowed in vector'),
    (20, '''{1,NaN}''::float8[]::vector', '22000 | NaN not allowed in vector'),
    (21, '''{1,NaN}''::numeric[]::vector', '22000 | NaN not allowed in vector'),
    (22, '''{1,-Infinity}''::real[]::vector', '22000 | infinite value not allowed in vector'),
    (23, '''{1,-Infinity}''::float8[]::vector', '22000 | infinite value not allowed in vector'),
    (24, '''{4e38}''::float8[]::vector', '22000 | infinite value not allowed in vector'),
    (25, '''{1e39}''::numeric[]::vector', '22003 | "1000000000000000000000000000000000000000" is out of range for type real')
) AS cases (n, expression, error) ORDER BY n;
SELECT throws_ok($$SELECT array_to_vector('{a}'::text[], -1, false)$$, '42883', NULL, 'there is no cast from text[]');

SELECT * FROM finish();
ROLLBACK;
