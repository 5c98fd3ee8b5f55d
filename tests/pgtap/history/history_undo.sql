-- Reverting one transaction in all tables: what it does, what later changes keep, conflicts, rights.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(27);
COMMIT;
CREATE SCHEMA history_undo_test;
SET search_path = history_undo_test, public;
CREATE TABLE customer (id int PRIMARY KEY, name text UNIQUE, email text, city text);
CREATE TABLE invoice (id int, part text, customer int REFERENCES customer, total numeric,
    twice numeric GENERATED ALWAYS AS (total * 2) STORED, tags text[], note text, PRIMARY KEY (part, id));
INSERT INTO customer SELECT i, 'c' || i, 'c' || i || '@example.org', 'Oslo' FROM generate_series(1, 5) i;
INSERT INTO invoice (id, part, customer, total, tags, note) SELECT i, 'a', i, 10 * i, ARRAY['x', NULL], 'n' FROM generate_series(1, 5) i;
SELECT quiver.history_enable('customer', hash => '{email}'), quiver.history_enable('invoice', exclude => '{note}') \g /dev/null
-- All but the column that is not kept.
CREATE FUNCTION state() RETURNS text LANGUAGE sql AS $$
    SELECT (SELECT string_agg(c::text, E'\n' ORDER BY id) FROM customer c) || E'\n'
        || (SELECT coalesce(string_agg((to_jsonb(i) - 'note')::text, E'\n' ORDER BY part, id), '') FROM invoice i) $$;
CREATE FUNCTION latest() RETURNS bigint LANGUAGE sql AS $$
    SELECT c.transaction FROM (SELECT * FROM quiver.history_changes('customer') UNION ALL SELECT * FROM quiver.history_changes('invoice')) c
    ORDER BY c.number DESC LIMIT 1 $$;
CREATE FUNCTION plan_of(transaction bigint, dry_run boolean DEFAULT true) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT string_agg(concat_ws(' ', action, regexp_replace(relation::text, '.*\.', ''), row_key::text), '; ')
    FROM quiver.history_revert_transaction(transaction, dry_run) $$;

-- One transaction with every kind of change; its parents come before its children, and children move between parents.
SELECT state() AS before \gset
BEGIN;
INSERT INTO customer VALUES (6, 'c6', NULL, NULL);
INSERT INTO invoice VALUES (6, 'a', 6, 60), (8, 'a', NULL, 8);
UPDATE customer SET city = 'Bergen', name = 'new ' || name WHERE id IN (1, 6);
UPDATE customer SET city = NULL WHERE id = 1;
UPDATE invoice SET total = NULL, tags = '{}' WHERE id = 1;
UPDATE invoice SET part = 'b' WHERE id = 2;
DELETE FROM invoice WHERE id = 3;
INSERT INTO invoice VALUES (3, 'a', 3, 33);
INSERT INTO invoice VALUES (7, 'a', 5, 1);
DELETE FROM invoice WHERE id = 7;
UPDATE invoice SET customer = 6 WHERE id IN (4, 8);
DELETE FROM customer WHERE id = 4;
COMMIT;
SELECT latest() AS t, state() AS after \gset
SELECT is(plan_of(:t), 'insert customer {4}; delete invoice {a,8}; update invoice {a,4}; update invoice {a,3}; delete invoice {b,2}; '
          'insert invoice {a,2}; update invoice {a,1}; update customer {1}; delete customer {6}; delete invoice {a,6}',
          'a dry run says what it takes');
SELECT is(state(), :'after', 'and changes nothing');
SELECT is((SELECT concat_ws(' ', was ->> 'total', was ->> 'tags') FROM quiver.history_revert_transaction(:t) WHERE row_key = '{a,1}'),
          '10 ["x", null]', 'the values that come back are shown');
SELECT is((SELECT now ->> 'name' FROM quiver.history_revert_transaction(:t) WHERE row_key = '{1}'), 'new c1', 'and those of now');
SELECT is((SELECT was FROM quiver.history_revert_transaction(:t) WHERE row_key = '{6}'), NULL, 'a row that the transaction made was not');
SELECT plan_of(:t) AS planned \gset
BEGIN;
SELECT is(plan_of(:t, false), :'planned', 'doing it says the same');
SELECT is(replace(state(), 'c4@example.org', ''), replace(:'before', 'c4@example.org', ''),
          'it takes all back but what is kept as a hash, in an order that foreign keys and unique keys allow');
SELECT is(plan_of(:t), 'conflict customer {4}; conflict invoice {a,4}; conflict invoice {a,3}; conflict invoice {a,2}; conflict invoice {a,1}; conflict customer {1}',
          'once reverted it cannot be reverted again: its rows were changed');
COMMIT;
SELECT latest() AS undo \gset
SELECT is(plan_of(:undo, false) IS NOT NULL AND state() = :'after', true, 'the reverting is a transaction of its own and can be reverted');

-- What others did since.
UPDATE customer SET city = 'Rome' WHERE id = 2;
SELECT latest() AS t \gset
UPDATE customer SET name = 'zwei' WHERE id = 2;
SELECT is(plan_of(:t, false), 'update customer {2}', 'a later change of another column is no conflict');
SELECT is((SELECT c::text FROM customer c WHERE id = 2), '(2,zwei,c2@example.org,Oslo)', 'and stands');
UPDATE customer SET city = 'Bonn' WHERE id = 2;
SELECT latest() AS t \gset
UPDATE customer SET city = 'Kiel' WHERE id = 2;
SELECT state() AS before \gset
SELECT is(plan_of(:t), 'conflict customer {2}', 'one of the same column is');
SELECT throws_ok(format('SELECT * FROM quiver.history_revert_transaction(%s, false)', :t), '55000', NULL, 'which is refused');
SELECT is(state(), :'before', 'as a whole');
SELECT latest() AS later \gset
SELECT is(plan_of(:later, false), 'update customer {2}', 'the later one can be reverted');
SELECT is((SELECT city FROM customer WHERE id = 2), 'Bonn', 'to what was between them');

INSERT INTO customer VALUES (9, 'c9');
SELECT latest() AS t \gset
UPDATE customer SET city = 'Ulm' WHERE id = 9;
SELECT is(plan_of(:t), 'conflict customer {9}', 'a row that was changed after it was made is not deleted');
DELETE FROM customer WHERE id = 9;
SELECT is(plan_of(:t), NULL, 'one that is gone needs nothing');
SELECT latest() AS t \gset
INSERT INTO customer VALUES (9, 'other');
SELECT is(plan_of(:t), 'conflict customer {9}', 'a key that is taken again is a conflict');
DELETE FROM customer WHERE id = 9;

UPDATE customer SET email = 'secret' WHERE id = 3;
SELECT latest() AS t \gset
SELECT is(plan_of(:t), NULL, 'a column that is kept as a hash cannot come back');
BEGIN;
TRUNCATE invoice;
COMMIT;
SELECT latest() AS t \gset
SELECT is((SELECT count(*) FROM quiver.history_revert_transaction(:t, false) WHERE action = 'insert'), 7::bigint, 'TRUNCATE can be reverted');

-- Rights and bad arguments.
SELECT throws_ok('SELECT * FROM quiver.history_revert_transaction(NULL)', '22004', NULL, 'NULL is no transaction');
SELECT throws_ok('SELECT * FROM quiver.history_revert_transaction(-1)', 'P0002', NULL, 'an unknown transaction is refused');
SET client_min_messages = error;
DROP ROLE IF EXISTS history_undo_role;
CREATE ROLE history_undo_role;
RESET client_min_messages;
UPDATE customer SET city = 'Ghent' WHERE id = 3;
SELECT latest() AS t \gset
GRANT USAGE ON SCHEMA history_undo_test TO history_undo_role;
SET ROLE history_undo_role;
SELECT throws_ok(format('SELECT * FROM quiver.history_revert_transaction(%s)', :t), '42501', NULL, 'who may not read the table may not revert');
RESET ROLE;
GRANT SELECT ON customer TO history_undo_role;
SET ROLE history_undo_role;
SELECT is((SELECT action FROM quiver.history_revert_transaction(:t)), 'update', 'who may read it may see what it would take');
SELECT throws_ok(format('SELECT * FROM quiver.history_revert_transaction(%s, false)', :t), '42501', NULL, 'and needs the right to write for doing it');
RESET ROLE;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON customer USING (id < 3);
SELECT quiver.history_grant_reader('customer', 'history_undo_role') \g /dev/null
SET ROLE history_undo_role;
SELECT throws_ok(format('SELECT * FROM quiver.history_revert_transaction(%s)', :t), '42501', NULL, 'whom row security restricts is refused');
RESET ROLE;
SELECT * FROM finish();
SELECT quiver.history_disable('customer', drop => true), quiver.history_disable('invoice', drop => true) \g /dev/null
SET client_min_messages = error;
DROP SCHEMA history_undo_test CASCADE;
DROP ROLE history_undo_role;
