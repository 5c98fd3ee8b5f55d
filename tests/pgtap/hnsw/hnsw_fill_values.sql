-- Lists of layer 0 are filled up to three quarters of their room, by builds and by inserts alike.
\ir ../lib/setup.sql
SELECT plan(4);
SELECT setseed(0.4);

CREATE TABLE points (id int, v vector(4));
INSERT INTO points SELECT i, ARRAY(SELECT random() FROM generate_series(1, 4) WHERE i > 0)::vector FROM generate_series(1, 2000) i;
CREATE TABLE grown (LIKE points);
CREATE INDEX built_v ON points USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 40);
CREATE INDEX coded_v ON points USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 40, quantizer = rabitq);
CREATE INDEX grown_v ON grown USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 40);
INSERT INTO grown SELECT * FROM points;
-- Of 16; in four dimensions the heuristic alone chooses half as many.
SELECT cmp_ok(mean_links, '>=', 12.0::float8, 'a build fills lists') FROM quiver.hnsw_stats('built_v');
SELECT cmp_ok(mean_links, '>=', 12.0::float8, 'so does one with codes') FROM quiver.hnsw_stats('coded_v');
SELECT cmp_ok(mean_links, '>=', 12.0::float8, 'and so do inserts') FROM quiver.hnsw_stats('grown_v');
-- Copies of a vertex's value stay out of what fills its list: they would be nearer than all others.
INSERT INTO grown SELECT 3000 + i, (SELECT v FROM grown WHERE id = 1) FROM generate_series(1, 400) i;
INSERT INTO grown SELECT i, ARRAY(SELECT random() FROM generate_series(1, 4) WHERE i > 0)::vector FROM generate_series(4001, 4400) i;
SELECT is(unreachable, 0::bigint, 'many rows of one value cut none off') FROM quiver.hnsw_verify('grown_v');
SELECT * FROM finish();
ROLLBACK;
