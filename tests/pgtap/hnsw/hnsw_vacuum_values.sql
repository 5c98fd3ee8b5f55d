-- Vacuum: rows go, their room is used again, recall stays. VACUUM runs in no transaction, so this file has none.
\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset pager off
-- A database of its own: transactions of other tests would keep dead rows alive.
SELECT format('hnsw_vacuum_%s', pg_backend_pid()) AS own, current_database() AS home \gset
CREATE DATABASE :own;
\connect :own
SET client_min_messages = warning;
SET jit = off;
CREATE EXTENSION pgtap;
CREATE EXTENSION quiver;
\ir ../lib/recall.sql
SELECT plan(17);
SELECT setseed(0.25);

CREATE TABLE vacuumed (id int, v vector(6)) WITH (autovacuum_enabled = off);
CREATE FUNCTION pg_temp.fill(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO vacuumed SELECT i, ARRAY(SELECT random() FROM generate_series(1, 6) j WHERE i > 0)::vector FROM generate_series(first, last) i
$$;
SELECT pg_temp.fill(1, 4000) \g /dev/null
CREATE INDEX vacuumed_v ON vacuumed USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 40);
CREATE TEMP TABLE probe AS SELECT array_agg(v::text) AS queries FROM vacuumed WHERE id % 100 = 3;
SELECT cmp_ok((SELECT pg_temp.recall('vacuumed', '<->', queries, 10) FROM probe), '>=', 0.95::float8, 'recall before');

DELETE FROM vacuumed WHERE id % 4 <> 0;
VACUUM vacuumed;
SELECT cmp_ok((SELECT pg_temp.recall('vacuumed', '<->', queries, 10) FROM probe), '>=', 0.95::float8, 'recall after 75 % are deleted');
SELECT is((SELECT count(*) FROM (SELECT FROM vacuumed ORDER BY v <-> '[0,0,0,0,0,0]' LIMIT 5) s), 5::bigint, 'a LIMIT is served');

SELECT pg_relation_size('vacuumed_v') AS size \gset
SELECT pg_temp.fill(5000, 7999) \g /dev/null
SELECT cmp_ok(pg_relation_size('vacuumed_v'), '<=', (:size * 1.02)::bigint, 'room of the deleted is used again');
SELECT cmp_ok((SELECT pg_temp.recall('vacuumed', '<->', queries, 10) FROM probe), '>=', 0.95::float8, 'recall after inserting into it');

-- Churn: a fifth goes and comes, four times.
DELETE FROM vacuumed WHERE id % 5 = 0;
VACUUM vacuumed;
SELECT pg_temp.fill(10000, 10700) \g /dev/null
DELETE FROM vacuumed WHERE id % 5 = 1;
VACUUM vacuumed;
SELECT pg_temp.fill(11000, 11700) \g /dev/null
DELETE FROM vacuumed WHERE id % 5 = 2;
VACUUM vacuumed;
SELECT pg_temp.fill(12000, 12700) \g /dev/null
DELETE FROM vacuumed WHERE id % 5 = 3;
VACUUM vacuumed;
SELECT pg_temp.fill(13000, 13700) \g /dev/null
SELECT cmp_ok((SELECT pg_temp.recall('vacuumed', '<->', queries, 10) FROM probe), '>=', 0.95::float8, 'recall after four rounds of a fifth each');
SELECT cmp_ok(pg_relation_size('vacuumed_v'), '<=', (:size * 1.02)::bigint, 'and the size has not changed');

-- All but one, and all.
DELETE FROM vacuumed WHERE id <> 13500;
VACUUM vacuumed;
SET enable_seqscan = off;
SELECT results_eq($$SELECT id FROM vacuumed ORDER BY v <-> '[0,0,0,0,0,0]' LIMIT 1$$, ARRAY[13500], 'the last row is found');
DELETE FROM vacuumed;
SELECT is_empty($$SELECT id FROM vacuumed ORDER BY v <-> '[0,0,0,0,0,0]' LIMIT 1$$, 'deleted rows are not returned before vacuum');
VACUUM vacuumed;
SELECT is_empty($$SELECT id FROM vacuumed ORDER BY v <-> '[0,0,0,0,0,0]' LIMIT 1$$, 'nor after it');
SELECT pg_temp.fill(1, 500) \g /dev/null
SELECT cmp_ok((SELECT pg_temp.recall('vacuumed', '<->', queries, 10) FROM probe), '>=', 0.95::float8, 'an index emptied by vacuum is filled again');

-- Rows that share a value: some of them go.
CREATE TABLE shared (id int, v vector(3)) WITH (autovacuum_enabled = off);
CREATE INDEX ON shared USING hnsw (v vector_l2_ops);
INSERT INTO shared SELECT i, '[1,2,3]' FROM generate_series(1, 10) i;
DELETE FROM shared WHERE id IN (1, 3, 10);
VACUUM shared;
SET hnsw.ef_search = 1;
SELECT results_eq($$SELECT id FROM (SELECT id FROM shared ORDER BY v <-> '[1,2,3]' LIMIT 20) s ORDER BY id$$, ARRAY[2, 4, 5, 6, 7, 8, 9], 'the others of equal value stay');
INSERT INTO shared SELECT i, '[1,2,3]' FROM generate_series(11, 13) i;
SELECT is((SELECT count(*) FROM (SELECT id FROM shared ORDER BY v <-> '[1,2,3]' LIMIT 20) s), 10::bigint, 'and new ones join them, ten in all');
RESET hnsw.ef_search;

-- Of dead rows the server leaves no more than their places, long before vacuum. These are no fault of the index.
CREATE TABLE pruned (id int, v vector(3)) WITH (autovacuum_enabled = off);
CREATE INDEX pruned_v ON pruned USING hnsw (v vector_l2_ops);
INSERT INTO pruned SELECT i, ARRAY[i, 1, 1]::vector FROM generate_series(1, 300) i;
UPDATE pruned SET v = ARRAY[id, 2, 2]::vector WHERE id < 200;
SET enable_indexscan = off;
SELECT count(*) FROM pruned \g /dev/null
RESET enable_indexscan;
SELECT is((SELECT problems FROM quiver.hnsw_verify('pruned_v')), '{}', 'places of dead rows are no problem');

-- Values of varying size in reused room.
CREATE TABLE sparse (id int, v sparsevec(1000)) WITH (autovacuum_enabled = off);
CREATE FUNCTION pg_temp.fill_sparse(first int, last int, size int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO sparse SELECT i, ('{' || (SELECT string_agg(k || ':' || (1 + (i * k) % 7), ',') FROM generate_series(1, 1 + (i * 7) % size) k) || '}/1000')::sparsevec
    FROM generate_series(first, last) i
$$;
SELECT pg_temp.fill_sparse(1, 600, 40) \g /dev/null
CREATE INDEX sparse_v ON sparse USING hnsw (v sparsevec_l2_ops);
DELETE FROM sparse WHERE id % 3 <> 0;
VACUUM sparse;
SELECT pg_relation_size('sparse_v') AS size \gset
SELECT pg_temp.fill_sparse(1001, 1200, 80) \g /dev/null
SELECT pg_temp.fill_sparse(2001, 2200, 10) \g /dev/null
SELECT cmp_ok((SELECT pg_temp.recall('sparse', '<->', (SELECT array_agg(v::text) FROM sparse WHERE id % 50 = 0), 10)), '>=', 0.95::float8, 'sparse vectors of other sizes are found');
SELECT cmp_ok(pg_relation_size('sparse_v'), '<=', (:size * 1.3)::bigint, 'and use the room of the deleted');
SELECT is(count(*), 600::bigint, 'all rows are there') FROM sparse;
SELECT * FROM finish();
\connect :home
DROP DATABASE :own;
