-- Filters on attribute columns inside the index: every type and operator against the same search by sorting,
-- in every kind of index, after building, inserting, updating and vacuum's first half.
\ir ../lib/setup.sql
\ir ../lib/filters.sql
SELECT plan(9);
SELECT setseed(0.25);
SET LOCAL jit = off;

CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE TABLE items (id int, v vector(8), i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, b bool, t text, c varchar(20),
    u uuid, d date, ts timestamp, tz timestamptz, tags int4[], words text[], e colour);
CREATE FUNCTION pg_temp.fill(a int, b int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO items SELECT i, ARRAY(SELECT (random() + (i * j % 13) / 4.0)::real FROM generate_series(1, 8) j)::vector(8),
        nullif(i % 7, 0), nullif(i % 100, 0), nullif(i % 11, 0) * 10000000000 - 30000000000, nullif(i % 13, 0) - 6.5, nullif(i % 17, 0) / 8.0 - 1,
        nullif(i % 19, 0) / 10.0, CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END, 'text ' || nullif(i % 23, 0), 'c' || i % 4,
        md5((i % 29)::text)::uuid, date '2026-01-01' + nullif(i % 31, 0), timestamp '2026-01-01' + nullif(i % 37, 0) * interval '1 hour',
        timestamptz '2026-01-01 00:00+00' + nullif(i % 41, 0) * interval '1 day',
        CASE WHEN i % 10 > 0 THEN ARRAY(SELECT (i * j) % 50 FROM generate_series(1, i % 12) j) END, ARRAY['w' || i % 20, NULL, 'w' || i % 3],
        (ARRAY['red', 'green', 'blue', NULL])[1 + i % 4]::colour
    FROM generate_series(a, b) i $$;
SELECT pg_temp.fill(1, 4000);

CREATE TABLE conditions (n serial, condition text);
INSERT INTO conditions (condition) VALUES
    ('i2 = 3'), ('i2 < 3::int8'), ('i4 = 42'), ('i4 = ANY (''{5,17,99,NULL}'')'), ('i4 IN (1, 2, 3)'), ('i4 IS NULL'), ('i4 IS NOT NULL'), ('i4 BETWEEN 10 AND 12'),
    ('i4 > 98'), ('i4 >= 99'), ('i4 <= 1'), ('i8 < 0'), ('i8 = 50000000000'), ('i8 > ANY (''{1,50000000000}'')'), ('f4 = -2.5'), ('f4 < 0.5'), ('f8 >= 0.75'),
    ('f8 = ''NaN'''), ('f4 < ''NaN'''), ('n = 0.3'), ('n < 0.5'), ('n > 1.7'), ('n IN (0.1, 0.2)'), ('b'), ('NOT b'), ('b IS NULL'), ('t = ''text 5'''),
    ('t IN (''text 1'', ''text 2'', ''none'')'), ('c = ''c2'''), ('u = md5(''3'')::uuid'), ('d = ''2026-01-05'''), ('d >= ''2026-01-29'''),
    ('ts < ''2026-01-01 03:00'''), ('tz > ''2026-02-08 00:00+00'''), ('tags && ''{7,9}'''), ('tags && ''{}'''), ('tags @> ''{1,2}'''), ('tags @> ''{}'''), ('tags && ''{3,NULL}'''),
    ('tags @> ''{1,NULL}'''), ('tags IS NULL'), ('words && ''{w7}'''), ('words @> ''{w7,w1}'''), ('e = ''green'''), ('e IN (''red'', ''blue'')'), ('e IS NULL'),
    ('i4 = 42 AND b'), ('i4 < 50 AND n < 1 AND tags && ''{1,2,3,4,5,6}'''), ('i4 = 1 AND i4 = 2'), ('i4 > 5 AND i4 < 3'), ('i4 = NULL'), ('i4 = 4711'),
    ('i4 = 7 AND t IS NOT NULL AND e IS NULL');
CREATE TABLE queries AS SELECT i AS n, ARRAY(SELECT (random() + 1)::real FROM generate_series(1, 8) j)::vector(8)::text AS q FROM generate_series(1, 3) i;

CREATE FUNCTION pg_temp.judge(what text, k int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE bad text; mean float8;
BEGIN
    SELECT string_agg(format('%s: %s of %s rows, %s wrong, recall %s', s.condition, s.got, s.expected, s.wrong, s.recall), '; ' ORDER BY s.n)
            FILTER (WHERE s.got <> s.expected OR s.wrong > 0 OR s.plan !~ 'Index Cond|One-Time Filter: false' OR s.plan ~ '  Filter:'), avg(s.recall)
        INTO bad, mean
        FROM (SELECT c.n, c.condition, r.* FROM conditions c, queries, pg_temp.filtered_recall('items', c.condition, q, k) r) s;
    RETURN NEXT is(bad, NULL, what || ': as many rows as by sorting, all of which meet the condition');
    RETURN NEXT cmp_ok(mean, '>=', 0.99::float8, what || ': they are the nearest');
END $$;

CREATE FUNCTION pg_temp.judge_index(what text, options text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE INDEX by_all ON items USING hnsw (v vector_l2_ops, i2, i4, i8, f4, f8, n, b, t, c, u, d, ts, tz, tags, words, e) ' || options;
    SET LOCAL hnsw.ef_search = 40;
    RETURN QUERY SELECT pg_temp.judge(what, 10);
    RETURN QUERY SELECT is(problems, '{}', what || ': the index agrees with the table') FROM quiver.hnsw_verify('by_all');
    DROP INDEX by_all;
END $$;
SELECT pg_temp.judge_index('plain', '');
SELECT pg_temp.judge_index('codes', 'WITH (quantizer = rabitq)');
SELECT pg_temp.judge_index('codes with values in the table', 'WITH (quantizer = rabitq, rerank = heap)');
SELECT * FROM finish();
ROLLBACK;
