-- quiver.prewarm: an index is read, its codes are copied, and who may not read the table may not read the index.
\ir ../lib/setup.sql
SELECT plan(7);
CREATE TABLE warm (id int, v vector(16));
INSERT INTO warm SELECT i, ARRAY(SELECT ((i * d * 7919) % 1009)::real FROM generate_series(1, 16) d)::vector(16) FROM generate_series(1, 1500) i;
CREATE INDEX warm_codes ON warm USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq);
SELECT is((SELECT codes FROM quiver.prewarm('warm_codes')), (SELECT vertices FROM quiver.hnsw_stats('warm_codes')), 'all codes are copied at once');
SELECT is((SELECT pages FROM quiver.prewarm('warm_codes')), pg_relation_size('warm_codes') / 8192, 'and all pages read');
SET LOCAL enable_seqscan = off;
SELECT is((SELECT count(*)::int FROM (SELECT id FROM warm ORDER BY v <-> (SELECT v FROM warm WHERE id = 7) LIMIT 10) s), 10, 'a search finds its rows');
SELECT ok(codes_copied = distances_computed, 'and reads every code from the copy') FROM quiver.hnsw_last_scan();
DROP INDEX warm_codes;
CREATE INDEX warm_plain ON warm USING hnsw (v vector_l2_ops);
SELECT is((SELECT codes FROM quiver.prewarm('warm_plain')), 0::bigint, 'an index without codes has none to copy');
SELECT throws_ok($$SELECT quiver.prewarm('warm')$$, '42809', NULL, 'a table is refused');
CREATE ROLE warm_stranger;
GRANT USAGE ON SCHEMA quiver TO warm_stranger;
SET LOCAL ROLE warm_stranger;
SELECT throws_ok($$SELECT quiver.prewarm('warm_plain')$$, '42501', NULL, 'who may not read the table is refused');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
