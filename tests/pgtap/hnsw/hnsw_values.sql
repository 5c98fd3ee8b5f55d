-- Recall of every type and metric, after building and after inserting; iterative scans; equal rows.
\ir ../lib/setup.sql
\ir ../lib/recall.sql
SELECT plan(29);
SELECT setseed(0.5);

-- Clusters, so that distances differ; the first half is there when the index is built.
CREATE TABLE points AS SELECT i AS id, ARRAY(SELECT (0.2 * random() + (i * (37 * j + 11) % 17) / 17.0)::real FROM generate_series(1, 8) j) AS a
    FROM generate_series(1, 3000) i;
CREATE TABLE case_of (name text, type text, op text, class text, made text, floor float8);
INSERT INTO case_of SELECT t || ' ' || op, t || '(8)', op, t || '_' || m || '_ops', made, floor
    FROM (VALUES ('vector', 'a::vector', 0.98), ('halfvec', 'a::halfvec', 0.98), ('sparsevec', 'a::vector::sparsevec', 0.98),
        ('tinyvec', '(SELECT array_agg((x * 100)::int ORDER BY o) FROM unnest(a) WITH ORDINALITY u(x, o))::tinyvec', 0.98)) t (t, made, floor),
        (VALUES ('<->', 'l2'), ('<#>', 'ip'), ('<=>', 'cosine'), ('<+>', 'l1')) o (op, m);
INSERT INTO case_of SELECT 'bit ' || op, 'bit(64)', op, 'bit_' || m || '_ops',
    '(SELECT string_agg(((x * 255)::int)::bit(8)::text, '''' ORDER BY o) FROM unnest(a) WITH ORDINALITY u(x, o))::bit(64)', 0.95
    FROM (VALUES ('<~>', 'hamming'), ('<%>', 'jaccard')) o (op, m);
-- Halves of length 1 are rounded, so that rows about as near change places.
UPDATE case_of SET floor = 0.95 WHERE name = 'halfvec <=>';

CREATE FUNCTION pg_temp.recall_of(c case_of) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE queries text[]; result float8;
BEGIN
    DROP TABLE IF EXISTS made;
    EXECUTE format('CREATE TABLE made AS SELECT id, (%s)::%s AS v FROM points WHERE id %% 2 = 0', c.made, c.type);
    EXECUTE format('CREATE INDEX ON made USING hnsw (v %s)', c.class);
    EXECUTE format('INSERT INTO made SELECT id, (%s)::%s AS v FROM points WHERE id %% 2 = 1', c.made, c.type);
    EXECUTE format('SELECT array_agg((%s)::%s::text) FROM points WHERE id %% 100 = 7', c.made, c.type) INTO queries;
    SELECT pg_temp.recall('made', c.op, queries, 10) INTO result;
    DROP TABLE made;
    RETURN result;
END $$;
SET LOCAL hnsw.ef_search = 100;
SELECT cmp_ok(pg_temp.recall_of(c), '>=', floor, name || ' finds the nearest') FROM case_of c ORDER BY name;

-- Ten rows of equal value share a place in the graph; of two such places one search of width 1 returns one.
CREATE TABLE equal (id int, v vector(3));
INSERT INTO equal SELECT i, '[1,1,1]' FROM generate_series(1, 20) i;
CREATE INDEX ON equal USING hnsw (v vector_l2_ops);
SET LOCAL enable_seqscan = off;
SET LOCAL hnsw.ef_search = 1;
SELECT is(count(*), 10::bigint, 'of twenty equal rows one search of width 1 returns ten') FROM (SELECT FROM equal ORDER BY v <-> '[1,1,1]' LIMIT 20) s;
SET LOCAL hnsw.ef_search = 40;
INSERT INTO equal SELECT i, '[1,1,1]' FROM generate_series(21, 3000) i;
INSERT INTO equal SELECT i, ARRAY[i, 1, 1]::vector FROM generate_series(3001, 3100) i;
SELECT ok(count(*) BETWEEN 40 AND 400, 'without iteration ef_search places are returned, of ten rows at most') FROM (SELECT FROM equal ORDER BY v <-> '[1,1,1]' LIMIT 4000) s;
SET LOCAL hnsw.iterative_scan = relaxed_order;
-- A graph of random levels may lose a place now and then: a row of the far hundred, or ten of the equal ones.
SELECT cmp_ok(count(DISTINCT id), '>=', 3080::bigint, 'iteration comes to the rows, however many are equal') FROM (SELECT id FROM equal ORDER BY v <-> '[1,1,1]' LIMIT 4000) s;
SET LOCAL hnsw.iterative_scan = strict_order;
SELECT ok(bool_and(d >= before), 'strict order is kept')
    FROM (SELECT d, lag(d, 1, 0::float8) OVER (ORDER BY n) AS before
          FROM (SELECT d, row_number() OVER () AS n FROM (SELECT v <-> '[1,1,1]' AS d FROM equal ORDER BY v <-> '[1,1,1]' LIMIT 4000) a) b) c;
SET LOCAL hnsw.max_scan_tuples = 1;
SELECT cmp_ok(count(*), '<', 3100::bigint, 'max_scan_tuples ends an iterative scan') FROM (SELECT id FROM equal ORDER BY v <-> '[1,1,1]' LIMIT 4000) s;
RESET hnsw.max_scan_tuples;

-- Filters that leave few rows.
CREATE TABLE filtered AS SELECT i AS id, i % 100 AS kind, ARRAY[random(), random(), random()]::vector(3) AS v FROM generate_series(1, 5000) i;
ALTER TABLE filtered ALTER v TYPE vector(3);
CREATE INDEX ON filtered USING hnsw (v vector_l2_ops);
SELECT cmp_ok(pg_temp.recall('filtered', '<->', ARRAY['[0.5,0.5,0.5]', '[0.1,0.9,0.2]'], 10, 'kind = 7'), '>=', 0.99::float8, 'a filter of 1 % is served in strict order');
SET LOCAL hnsw.iterative_scan = relaxed_order;
SELECT cmp_ok(pg_temp.recall('filtered', '<->', ARRAY['[0.5,0.5,0.5]', '[0.1,0.9,0.2]'], 10, 'kind = 7'), '>=', 0.99::float8, 'and in relaxed order');
SET LOCAL hnsw.iterative_scan = off;

-- Small tables, and a query that is NULL.
CREATE TABLE small (id int, v vector(2));
CREATE INDEX ON small USING hnsw (v vector_l2_ops);
SELECT is_empty($$SELECT * FROM small ORDER BY v <-> '[1,1]'$$, 'an empty index has no rows');
INSERT INTO small VALUES (1, '[1,2]');
SELECT results_eq($$SELECT id FROM small ORDER BY v <-> '[1,1]'$$, ARRAY[1], 'one row is found');
INSERT INTO small SELECT i, ARRAY[i, i]::vector FROM generate_series(2, 10) i;
SELECT is(count(*), 10::bigint, 'a NULL query returns rows in some order') FROM (SELECT FROM small ORDER BY v <-> NULL::vector LIMIT 20) s;
SELECT results_eq($$SELECT id FROM small ORDER BY v <-> '[7,7]' LIMIT 1$$, ARRAY[7], 'what was inserted is found');
SELECT * FROM finish();
ROLLBACK;
