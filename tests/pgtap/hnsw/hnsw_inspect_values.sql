-- hnsw_stats, hnsw_verify, hnsw_last_scan: what they say of a sound index, and that they refuse other things.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(19);
SELECT setseed(0.5);

CREATE TABLE items (id int, v vector(4));
INSERT INTO items SELECT i, ARRAY(SELECT random() FROM generate_series(1, 4) j WHERE i > 0)::vector FROM generate_series(1, 1500) i;
INSERT INTO items SELECT i, '[1,1,1,1]' FROM generate_series(1501, 1530) i;
CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 20);
INSERT INTO items SELECT i, ARRAY(SELECT random() FROM generate_series(1, 4) j WHERE i > 0)::vector FROM generate_series(1601, 1700) i;
INSERT INTO items VALUES (1701, NULL);

SELECT is(heap_rows, 1630::bigint, 'hnsw_stats counts the rows') FROM quiver.hnsw_stats('items_v');
SELECT is((SELECT sum(l) FROM unnest(levels) l), vertices::numeric, 'every vertex has a level') FROM quiver.hnsw_stats('items_v');
SELECT ok(levels[2] BETWEEN 200 AND 600, 'a quarter or so reaches layer 1 when m is 4') FROM quiver.hnsw_stats('items_v');
SELECT is(ARRAY[format, dimensions, m, ef_construction], ARRAY[2, 4, 4, 20], 'it knows the options') FROM quiver.hnsw_stats('items_v');
SELECT ok(mean_links BETWEEN 2 AND 8, 'lists hold up to 2m links') FROM quiver.hnsw_stats('items_v');
SELECT is(pages, pg_relation_size('items_v') / 8192, 'pages are those of the file') FROM quiver.hnsw_stats('items_v');

SELECT is(problems, '{}', 'hnsw_verify finds a sound index sound') FROM quiver.hnsw_verify('items_v');
SELECT is(ARRAY[heap_rows, absent_rows, differing_values], ARRAY[1630, 0, 0]::bigint[], 'all rows are there with their values') FROM quiver.hnsw_verify('items_v');
SELECT cmp_ok(unreachable, '<=', 5::bigint, 'nearly every vertex can be reached') FROM quiver.hnsw_verify('items_v');
UPDATE items SET v = '[2,2,2,2]' WHERE id = 7;
SELECT is(problems, '{}', 'an updated row does not disturb it') FROM quiver.hnsw_verify('items_v');

SET LOCAL enable_seqscan = off;
SELECT count(*) FROM (SELECT FROM items ORDER BY v <-> '[0,0,0,0]' LIMIT 5) s \g /dev/null
SELECT ok(vertices_visited >= 40 AND distances_computed >= vertices_visited AND reranked = 0, 'hnsw_last_scan tells the work of a scan') FROM quiver.hnsw_last_scan();

CREATE INDEX items_id ON items (id);
CREATE TABLE empty (v vector(2));
CREATE INDEX empty_v ON empty USING hnsw (v vector_l2_ops);
SELECT is(ARRAY[vertices, heap_rows], ARRAY[0, 0]::bigint[], 'an empty index has no vertices') FROM quiver.hnsw_stats('empty_v');
SELECT is(entry_level, NULL, 'and no entry level') FROM quiver.hnsw_stats('empty_v');
SELECT is(problems, '{}', 'and is sound') FROM quiver.hnsw_verify('empty_v');
SELECT is(problems, NULL, 'NULL gives NULL') FROM quiver.hnsw_verify(NULL);
SELECT is(pg_temp.error_of($$SELECT quiver.hnsw_stats('items_id')$$), '42809 | index "items_id" is not an hnsw index', 'another index is refused');
SELECT matches(pg_temp.error_of($$SELECT quiver.hnsw_stats('items')$$), '^42809 \| relation with OID \d+ is not an index$', 'a table is refused');
SELECT matches(pg_temp.error_of($$SELECT quiver.hnsw_verify(0)$$), '^42809', 'what does not exist is refused');
CREATE ROLE hnsw_stranger;
SET LOCAL ROLE hnsw_stranger;
SELECT is(pg_temp.error_of($$SELECT quiver.hnsw_stats('items_v'::regclass)$$), '42501 | permission denied for table items', 'who may not read the table may not look');
SELECT * FROM finish();
ROLLBACK;
