-- The same results for halfvec stored short, plain, compressed and out of line.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(80);

-- One vector of each size in columns that store it in each way.
CREATE TABLE store (size text, plain halfvec, external halfvec, compressed halfvec, main halfvec);
ALTER TABLE store ALTER plain SET STORAGE PLAIN, ALTER compressed SET STORAGE EXTENDED, ALTER main SET STORAGE MAIN;
INSERT INTO store
SELECT size, v, v, v, v FROM (
    SELECT size, array_agg(i % 23 - 11 ORDER BY i)::halfvec AS v
    FROM (VALUES ('short', 40), ('medium', 200)) AS sizes (size, dim), generate_series(1, dim) AS i GROUP BY size) AS made;
INSERT INTO store (size, external, compressed)
SELECT 'long', v, v FROM (SELECT array_agg(i % 23 - 11 ORDER BY i)::halfvec AS v FROM generate_series(1, 3072) AS i) AS made;
CREATE TABLE query AS SELECT size, array_agg(i % 19 - 9 ORDER BY i)::halfvec AS q
FROM (VALUES ('short', 40), ('medium', 200), ('long', 3072)) AS sizes (size, dim), generate_series(1, dim) AS i GROUP BY size;
ALTER TABLE query ALTER q SET STORAGE PLAIN;

SELECT is(pg_column_size(plain), 40 * 2 + 5, 'a short vector takes a one-byte header') FROM store WHERE size = 'short';
SELECT cmp_ok(pg_column_size(plain), '>=', 200 * 2 + 8, 'a medium one is stored plain') FROM store WHERE size = 'medium';
SELECT is(pg_column_size(external), 3072 * 2 + 4, 'a long one is out of line as it is') FROM store WHERE size = 'long';
SELECT cmp_ok(pg_column_size(compressed), '<', 3072 * 2, 'or compressed, if the column allows it') FROM store WHERE size = 'long';

CREATE TEMP TABLE expression (n int, text text);
INSERT INTO expression VALUES
    (1, 'v <-> q'),
    (2, 'v <#> q'),
    (3, 'v <=> q'),
    (4, 'v <+> q'),
    (5, 'v + q'),
    (6, 'v - v'),
    (7, 'v || subvector(q, 1, 2)'),
    (8, 'v * 2::float8'),
    (9, 'subvector(v, 2, 7)'),
    (10, 'l2_norm(v)'),
    (11, 'l2_normalize(v)'),
    (12, 'vector_dims(v)'),
    (13, 'binary_quantize(v)'),
    (14, 'halfvec_cmp(v, q)'),
    (15, 'halfvec_hash(v)'),
    (16, 'v::text'),
    (17, 'halfvec_send(v)');
CREATE TEMP TABLE way (n int, name text);
INSERT INTO way VALUES (1, 'plain'), (2, 'external'), (3, 'compressed'), (4, 'main');
-- The reference is a value freshly made from text, which is never short or out of line.
SELECT is_empty(format($$
    SELECT size FROM store JOIN query USING (size),
        LATERAL (SELECT %2$I AS v) AS stored, LATERAL (SELECT v::text::halfvec AS v) AS fresh_value,
        LATERAL (SELECT (%1$s)::text AS got FROM (SELECT stored.v) AS x) AS a,
        LATERAL (SELECT (%1$s)::text AS want FROM (SELECT fresh_value.v) AS x) AS b
    WHERE stored.v IS NOT NULL AND got IS DISTINCT FROM want
$$, text, name), format('%s for a value stored %s', text, name))
FROM expression, way ORDER BY way.n, expression.n;

CREATE TABLE typed (v halfvec(3072));
INSERT INTO typed SELECT external FROM store WHERE size = 'long';
SELECT is((SELECT v FROM typed), (SELECT compressed FROM store WHERE size = 'long'), 'an out-of-line vector is copied to a column with dimensions');
SELECT throws_ok($$INSERT INTO typed SELECT external FROM store WHERE size = 'medium'$$, '22000', 'expected 3072 dimensions, not 200', 'which refuses others');
SELECT is((SELECT sum(v) FROM (SELECT external AS v FROM store WHERE size = 'long' UNION ALL SELECT compressed FROM store WHERE size = 'long') AS x)::real[],
    (SELECT array_agg((2 * (i % 23 - 11))::real ORDER BY i) FROM generate_series(1, 3072) AS i), 'out-of-line vectors are summed');
SELECT is((SELECT avg(v) FROM (SELECT external AS v FROM store WHERE size = 'long' UNION ALL SELECT compressed FROM store WHERE size = 'long') AS x)::real[],
    (SELECT array_agg((i % 23 - 11)::real ORDER BY i) FROM generate_series(1, 3072) AS i), 'and averaged');

-- A query out of line is fetched once while it stays the same: all orders of coming and going.
CREATE TABLE many (id int, v halfvec);
INSERT INTO many SELECT n, (SELECT array_agg((i * n) % 23 - 11 ORDER BY i)::halfvec FROM generate_series(1, 3072) AS i) FROM generate_series(1, 6) AS n;
CREATE TEMP TABLE expected AS SELECT a.id AS a, b.id AS b, a.v::text::halfvec <-> b.v::text::halfvec AS distance FROM many AS a, many AS b;
SELECT is_empty($$
    SELECT a.id, b.id FROM many AS a, many AS b JOIN expected AS e ON e.b = b.id
    WHERE e.a = a.id AND (a.v <-> b.v) IS DISTINCT FROM e.distance
$$, 'distances of every pair of out-of-line vectors');
SELECT is((SELECT array_agg(id ORDER BY v <-> (SELECT v FROM many WHERE id = 4), id) FROM many),
    (SELECT array_agg(a ORDER BY distance, a) FROM expected WHERE b = 4), 'neighbours of an out-of-line vector');
SELECT is_empty($$
    SELECT start, count FROM many, generate_series(1, 3072 + 1, 97) AS start, (VALUES (1), (500), (3072), (2147483647)) AS counts (count)
    WHERE id = 5 AND start <= 3072 AND subvector(v, start, count) IS DISTINCT FROM subvector(v::text::halfvec, start, count)
$$, 'parts of an out-of-line vector, from its start to its end');
SELECT is(pg_temp.error_of('SELECT subvector(v, 3072 + 1, 1) FROM many'), '22000 | halfvec must have at least 1 dimension', 'and past its end');

SELECT * FROM finish();
ROLLBACK;
