-- Coded indexes: options, recall at every width and rerank, dimensions beyond 2,000, LIMIT beyond ef_search, changes.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
\ir ../lib/recall.sql
SELECT plan(20);
SELECT setseed(0.5);

CREATE TABLE points AS SELECT i AS id, ARRAY(SELECT (0.2 * random() + (i * (37 * j + 11) % 17) / 17.0)::real FROM generate_series(1, 32) j)::vector(32) AS v
    FROM generate_series(1, 1000) i;
ALTER TABLE points ALTER v TYPE vector(32);
CREATE TABLE probe AS SELECT array_agg(v::text) AS queries FROM points WHERE id % 50 = 7;

CREATE FUNCTION pg_temp.recall_with(options text, class text, op text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE result float8;
BEGIN
    DROP INDEX IF EXISTS coded;
    DELETE FROM points WHERE id > 1000;
    EXECUTE format('CREATE INDEX coded ON points USING hnsw (v %s) WITH (%s)', class, options);
    INSERT INTO points SELECT id + 1000, v FROM points WHERE id % 4 = 0 AND id <= 1000;
    UPDATE points SET v = (v::real[])[2:32] || 0.5::real WHERE id > 1000;
    SELECT pg_temp.recall('points', op, queries, 10) INTO result FROM probe;
    RETURN result;
END $$;
SET LOCAL hnsw.ef_search = 100;
SELECT cmp_ok(pg_temp.recall_with('quantizer = rabitq, ' || options, class, op), '>=', floor::float8, op || ' ' || options || ' finds the nearest')
FROM (VALUES ('vector_l2_ops', '<->', 'bits = 4', 0.97), ('vector_l2_ops', '<->', 'bits = 1', 0.6), ('vector_l2_ops', '<->', 'bits = auto, rerank = heap', 0.97),
    ('vector_cosine_ops', '<=>', 'bits = 8', 0.97), ('vector_cosine_ops', '<=>', 'bits = 2', 0.7), ('vector_cosine_ops', '<=>', 'bits = 4, rerank = heap', 0.95),
    ('vector_ip_ops', '<#>', 'bits = 8', 0.8)) o (class, op, options, floor);

SELECT pg_temp.recall_with('quantizer = rabitq, rerank = heap', 'vector_l2_ops', '<->') \g /dev/null
SELECT is(problems, '{}', 'an index without values is sound') FROM quiver.hnsw_verify('coded');
SELECT pg_temp.recall_with('quantizer = rabitq', 'vector_l2_ops', '<->') \g /dev/null
SELECT is(problems, '{}', 'codes are those of the values') FROM quiver.hnsw_verify('coded');
SELECT ok(code_pages > 0 AND value_pages > 0, 'codes and values have pages') FROM quiver.hnsw_stats('coded');

SET LOCAL enable_seqscan = off;
SET LOCAL hnsw.ef_search = 10;
SELECT is(count(*), 300::bigint, 'a LIMIT above ef_search is served') FROM (SELECT FROM points ORDER BY v <-> (SELECT v FROM points WHERE id = 5) LIMIT 300) s;
SELECT ok(reranked >= 16, 'candidates are compared again exactly') FROM quiver.hnsw_last_scan();
SELECT is(count(*), 20::bigint, 'a NULL query returns rows in some order') FROM (SELECT FROM points ORDER BY v <-> NULL::vector LIMIT 20) s;

-- More than 2,000 dimensions, values and codes of several pages.
CREATE TABLE wide (id int, v vector(5000), h halfvec(16000));
INSERT INTO wide SELECT i, ARRAY(SELECT sin(i * j) FROM generate_series(1, 5000) j)::vector, ARRAY(SELECT cos(i * j) FROM generate_series(1, 16000) j)::halfvec
    FROM generate_series(1, 25) i;
CREATE INDEX ON wide USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq, bits = 8);
SELECT results_eq($$SELECT id FROM wide ORDER BY v <-> (SELECT v FROM wide WHERE id = 13) LIMIT 1$$, ARRAY[13], '5,000 dimensions of vector');
-- Where whole values would leave much of a page empty they go on in the next: of 512 dimensions three lie on a page whole.
CREATE TABLE dense AS SELECT i AS id, ARRAY(SELECT sin(i * j) FROM generate_series(1, 512) j)::vector(512) AS v FROM generate_series(1, 400) i;
CREATE INDEX dense_v ON dense USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq);
INSERT INTO dense SELECT i, ARRAY(SELECT sin(i * j) FROM generate_series(1, 512) j)::vector(512) FROM generate_series(401, 500) i;
SELECT cmp_ok(value_pages, '<', vertices / 3, 'values of 512 dimensions are dense') FROM quiver.hnsw_stats('dense_v');
SELECT is(problems, '{}', 'and sound') FROM quiver.hnsw_verify('dense_v');
SET LOCAL hnsw.ef_search = 500; -- these rows are all as far from one another: a shorter walk misses some
SELECT is((SELECT count(*) FROM dense d WHERE d.id = (SELECT id FROM dense ORDER BY v <-> d.v LIMIT 1)), 500::bigint, 'and each is found');
SET LOCAL hnsw.ef_search = 10;
CREATE INDEX ON wide USING hnsw (h halfvec_cosine_ops) WITH (quantizer = rabitq, rerank = heap);
SELECT results_eq($$SELECT id FROM wide ORDER BY h <=> (SELECT h FROM wide WHERE id = 7) LIMIT 1$$, ARRAY[7], '16,000 dimensions of halfvec');

SELECT is(pg_temp.error_of(statement), expected, statement) FROM (VALUES
    ('CREATE INDEX ON points USING hnsw (v vector_l1_ops) WITH (quantizer = rabitq)',
     '0A000 | quantizer "rabitq" does not support this operator class | Codes are made of vector and halfvec, under Euclidean, cosine and inner product distance.'),
    ('CREATE INDEX ON points USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq, bits = 3)',
     '22023 | invalid value for enum option "bits": 3 | Valid values are "auto", "1", "2", "4" and "8".')) t (statement, expected);
SELECT * FROM finish();
ROLLBACK;
