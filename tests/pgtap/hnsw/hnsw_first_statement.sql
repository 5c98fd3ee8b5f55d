-- The statement in whose planning the library is loaded, by the index it meets, is planned like every other: a distance
-- that nobody reads is not computed. It is the first of a session, so this file has two, and no transaction.
\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset pager off
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS quiver;
DROP SCHEMA IF EXISTS first_statement CASCADE;
CREATE SCHEMA first_statement;
CREATE TABLE first_statement.item (id int, v vector(3));
INSERT INTO first_statement.item SELECT i, ARRAY[i, 1, 2]::real[]::vector FROM generate_series(1, 100) i;
CREATE INDEX ON first_statement.item USING hnsw (v vector_l2_ops);
CREATE FUNCTION first_statement.outputs() RETURNS SETOF text LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE line text;
BEGIN
    FOR line IN EXPLAIN (VERBOSE, COSTS OFF) SELECT n.id FROM first_statement.item q
        CROSS JOIN LATERAL (SELECT id FROM first_statement.item ORDER BY v <-> q.v LIMIT 1) n LOOP
        IF line ~ 'Output: item.id, ' THEN
            RETURN NEXT btrim(line);
        END IF;
    END LOOP;
END $$;
\connect
SET client_min_messages = warning;
SELECT plan(2);
SELECT results_eq('SELECT * FROM first_statement.outputs() LIMIT 1 OFFSET 1', $$VALUES ('Output: item.id, NULL::double precision')$$, 'the first');
SELECT results_eq('SELECT * FROM first_statement.outputs() LIMIT 1 OFFSET 1', $$VALUES ('Output: item.id, NULL::double precision')$$, 'the second');
SELECT * FROM finish();
DROP SCHEMA first_statement CASCADE;
