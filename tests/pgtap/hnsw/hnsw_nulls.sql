-- NULLs and zero vectors: not indexed, so not in what the index returns.
\ir ../lib/setup.sql
SELECT plan(8);

CREATE TABLE items (id int, v vector(3), h halfvec(3), s sparsevec(3), t tinyvec(3));
INSERT INTO items SELECT i, x::vector, x::vector::halfvec, x::vector::sparsevec, x::tinyvec
    FROM (VALUES (1, '[0,0,0]'), (2, '[1,2,3]'), (3, '[1,1,1]'), (4, NULL)) r (i, x);
CREATE INDEX v_l2 ON items USING hnsw (v vector_l2_ops);
SET LOCAL enable_seqscan = off;
SELECT results_eq($$SELECT id FROM items ORDER BY v <-> '[3,3,3]'$$, ARRAY[2, 3, 1], 'Euclidean distance leaves out NULL alone');
DROP INDEX v_l2;

CREATE INDEX v_cos ON items USING hnsw (v vector_cosine_ops);
SELECT results_eq($$SELECT id FROM items ORDER BY v <=> '[3,3,3]'$$, ARRAY[3, 2], 'cosine distance of vector leaves out zero vectors, too');
INSERT INTO items (id, v) VALUES (5, '[0,0,0]'), (6, NULL), (7, '[3,2,0]');
SELECT results_eq($$SELECT id FROM items ORDER BY v <=> '[3,3,3]'$$, ARRAY[3, 2, 7], 'also those that come later');
SELECT is(count(*), 3::bigint, 'a zero query is compared as it is') FROM (SELECT FROM items ORDER BY v <=> '[0,0,0]') s;
DROP INDEX v_cos;

CREATE INDEX ON items USING hnsw (h halfvec_cosine_ops);
SELECT results_eq($$SELECT id FROM items ORDER BY h <=> '[3,3,3]'$$, ARRAY[3, 2], 'cosine distance of halfvec');
CREATE INDEX ON items USING hnsw (s sparsevec_cosine_ops);
SELECT results_eq($$SELECT id FROM items ORDER BY s <=> '{1:3,2:3,3:3}/3'$$, ARRAY[3, 2], 'cosine distance of sparsevec');
CREATE INDEX ON items USING hnsw (t tinyvec_cosine_ops);
SELECT results_eq($$SELECT id FROM items ORDER BY t <=> '[3,3,3]'$$, ARRAY[3, 2], 'cosine distance of tinyvec');
CREATE UNLOGGED TABLE unlogged_items (id int, v vector(3));
CREATE INDEX ON unlogged_items USING hnsw (v vector_l2_ops);
INSERT INTO unlogged_items SELECT id, v FROM items WHERE v IS NOT NULL;
SELECT results_eq($$SELECT id FROM unlogged_items ORDER BY v <-> '[3,3,3]' LIMIT 2$$, ARRAY[2, 7], 'an unlogged table is indexed like any other');
SELECT * FROM finish();
ROLLBACK;
