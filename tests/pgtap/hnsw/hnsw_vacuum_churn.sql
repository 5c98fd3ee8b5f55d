-- Recall through deletes, vacuums and inserts: three quarters gone, then ten rounds in which a fifth goes and comes. VACUUM runs
-- in no transaction, so this file has none.
\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset pager off
SELECT format('hnsw_churn_%s', pg_backend_pid()) AS own, current_database() AS home \gset
CREATE DATABASE :own;
\connect :own
SET client_min_messages = warning;
SET jit = off;
CREATE EXTENSION pgtap;
CREATE EXTENSION quiver;
\ir ../lib/recall.sql
SELECT plan(9);
SELECT setseed(0.35);
SET hnsw.ef_search = 100;

CREATE FUNCTION pg_temp.fill(name regclass, first int, last int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO %s SELECT i, ARRAY(SELECT random() FROM generate_series(1, 24) j WHERE i > 0)::vector FROM generate_series(%s, %s) i', name, first, last);
END $$;
CREATE TABLE exact (id int, v vector(24)) WITH (autovacuum_enabled = off);
CREATE TABLE coded (LIKE exact) WITH (autovacuum_enabled = off);
SELECT pg_temp.fill('exact', 1, 4000), pg_temp.fill('coded', 1, 4000) \g /dev/null
CREATE INDEX exact_v ON exact USING hnsw (v vector_l2_ops);
CREATE INDEX coded_v ON coded USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq, rerank = heap);
CREATE TEMP TABLE probe AS SELECT array_agg(ARRAY(SELECT random() FROM generate_series(1, 24) WHERE i > 0)::text) AS texts FROM generate_series(1, 100) i;
UPDATE probe SET texts = (SELECT array_agg(translate(t, '{}', '[]')) FROM unnest(texts) t);
CREATE FUNCTION pg_temp.loses(name text, before float8) RETURNS float8 LANGUAGE sql AS $$
    SELECT before - pg_temp.recall(name, '<->', texts, 10) FROM probe
$$;
SELECT pg_temp.recall('exact', '<->', texts, 10) AS exact_before, pg_temp.recall('coded', '<->', texts, 10) AS coded_before FROM probe \gset

DELETE FROM exact WHERE id % 4 <> 0;
DELETE FROM coded WHERE id % 4 <> 0;
-- In a session whose messages can be read.
\setenv OWN :own
\set said `psql -XqAt -d "$OWN" -c 'SET client_min_messages = debug1' -c 'SET max_parallel_maintenance_workers = 1' -c 'VACUUM exact, coded' 2>&1 | grep -c 'repairing with 1 parallel workers'`
SELECT is(:said, 2, 'a large repair is shared with a worker');
SELECT cmp_ok(pg_temp.loses('exact', :exact_before), '<=', 0.01::float8, 'recall after three quarters are deleted');
SELECT cmp_ok(pg_temp.loses('coded', :coded_before), '<=', 0.01::float8, 'with codes too');
SELECT pg_temp.fill('exact', 5001, 8000), pg_temp.fill('coded', 5001, 8000) \g /dev/null

-- Ten rounds, whose statements are made for each: a fifth goes, among them in turn all of the first, and as many come.
SELECT format('DELETE FROM exact WHERE id %% 10 IN (%1$s, (%1$s + 3) %% 10) AND id < %2$s', round, 10000 + 1000 * round),
       format('DELETE FROM coded WHERE id %% 10 IN (%1$s, (%1$s + 3) %% 10) AND id < %2$s', round, 10000 + 1000 * round),
       'VACUUM exact, coded',
       format('DO $$BEGIN PERFORM pg_temp.fill(name::regclass, %1$s, %1$s + 3999 - (SELECT count(*) FROM exact)::int) FROM unnest(ARRAY[''exact'', ''coded'']) name; END$$', 10000 + 1000 * round)
FROM generate_series(0, 9) AS round
\gexec
SELECT is((SELECT count(*) FROM exact), 4000::bigint, 'as many rows as at first');
SELECT cmp_ok(pg_temp.loses('exact', :exact_before), '<=', 0.01::float8, 'recall after ten rounds of a fifth each');
SELECT cmp_ok(pg_temp.loses('coded', :coded_before), '<=', 0.01::float8, 'with codes too');
SELECT is((SELECT (vertices, heap_rows, problems)::text FROM quiver.hnsw_verify('exact_v')), '(4000,4000,{})', 'and the index is sound');
SELECT is((SELECT (vertices, heap_rows, problems)::text FROM quiver.hnsw_verify('coded_v')), '(4000,4000,{})', 'with codes too');
SELECT cmp_ok((SELECT max(unreachable) FROM (VALUES ('exact_v'), ('coded_v')) AS i (name), quiver.hnsw_verify(name::regclass)), '=', 0::bigint, 'and nothing is out of reach');
SELECT * FROM finish();
\connect :home
DROP DATABASE :own;
