-- Vacuum links again what its repair has cut off. It runs in no transaction, so this file has none.
\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset pager off
SELECT format('hnsw_reach_%s', pg_backend_pid()) AS own, current_database() AS home \gset
CREATE DATABASE :own;
\connect :own
SET client_min_messages = warning;
CREATE EXTENSION pgtap;
CREATE EXTENSION quiver;
SELECT plan(4);
SELECT setseed(0.6);

CREATE TABLE exact (id int, v vector(12)) WITH (autovacuum_enabled = off);
INSERT INTO exact SELECT i, ARRAY(SELECT random() FROM generate_series(1, 12) j WHERE i > 0)::vector FROM generate_series(1, 12000) i;
CREATE TABLE coded WITH (autovacuum_enabled = off) AS SELECT * FROM exact;
-- Lists of six: repair finds few other ways.
CREATE INDEX exact_v ON exact USING hnsw (v vector_l2_ops) WITH (m = 3, ef_construction = 8);
CREATE INDEX coded_v ON coded USING hnsw (v vector_l2_ops) WITH (m = 3, ef_construction = 8, quantizer = rabitq, rerank = heap);
CREATE FUNCTION pg_temp.verdict(name text) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s rows, %s unreachable: %s', heap_rows, unreachable, problems) FROM quiver.hnsw_verify(name::regclass)
$$;
DELETE FROM exact WHERE id % 3 <> 0;
DELETE FROM coded WHERE id % 3 <> 0;
SET max_parallel_maintenance_workers = 0;
VACUUM exact, coded;
SELECT is(pg_temp.verdict('exact_v'), '4000 rows, 0 unreachable: {}', 'after two thirds are deleted all is in reach');
SELECT is(pg_temp.verdict('coded_v'), '4000 rows, 0 unreachable: {}', 'with codes too');
-- The entry point among them.
DELETE FROM exact WHERE id % 2 = 0;
VACUUM exact;
SELECT is(pg_temp.verdict('exact_v'), '2000 rows, 0 unreachable: {}', 'and again');
DELETE FROM exact;
VACUUM exact;
SELECT is(pg_temp.verdict('exact_v'), '0 rows, 0 unreachable: {}', 'an index that has lost all its rows is sound');
SELECT * FROM finish();
\connect :home
DROP DATABASE :own;
