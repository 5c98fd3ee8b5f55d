-- History goes on through changes of the table: columns added, dropped, renamed, of another type; new names and schemas.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(14);
COMMIT;
CREATE SCHEMA history_ddl_test;
CREATE SCHEMA history_ddl_test_2;
SET search_path = history_ddl_test, public;
CREATE TABLE item (id int PRIMARY KEY, a text, b int, c text);
SELECT quiver.history_enable('item', exclude => '{c}') \g /dev/null
INSERT INTO item VALUES (1, 'one', 1, 'secret'), (2, 'two', 2, 'secret');
SELECT clock_timestamp() AS first \gset
UPDATE item SET a = 'uno' WHERE id = 1;
ALTER TABLE item RENAME a TO "A name";
UPDATE item SET "A name" = 'ein' WHERE id = 1;
SELECT is((SELECT "A name" FROM quiver.history_at(NULL::item, :'first') WHERE id = 1), 'one', 'a renamed column has its values of before');
SELECT is((SELECT array_agg(changed) FROM quiver.history_timeline('item', '{1}') WHERE op = 'U'),
          ARRAY['{"A name": ["one", "uno"]}', '{"A name": ["uno", "ein"]}']::jsonb[], 'the timeline has the new name');
ALTER TABLE item ADD d int DEFAULT 5;
UPDATE item SET d = 6 WHERE id = 2;
SELECT is((SELECT before || after FROM quiver.history_changes('item', key => '{2}') WHERE op = 'U'), '{5,6}', 'an added column is kept');
ALTER TABLE item ALTER b TYPE bigint;
UPDATE item SET b = 10000000000 WHERE id = 2;
SELECT is((SELECT b FROM quiver.history_at(NULL::item, :'first') WHERE id = 2), 2::bigint, 'a column of another type has its value of before');
SELECT is((SELECT c FROM quiver.history_at(NULL::item, :'first') WHERE id = 2), NULL, 'a column that is left out is unknown');
ALTER TABLE item DROP b;
DELETE FROM item WHERE id = 2;
SELECT is((SELECT t::text FROM quiver.history_at(NULL::item, :'first') t WHERE id = 2), '(2,two,,5)', 'a dropped column is gone, the rest is there');
SELECT is((SELECT string_agg(k, ',' ORDER BY k) FROM quiver.history_timeline('item', '{2}') l, jsonb_object_keys(l.changed) k WHERE op = 'I'),
          'A name,b', 'the timeline still knows it');
ALTER TABLE item ADD b text;
UPDATE item SET b = 'another' WHERE id = 1;
SELECT is((SELECT before[1] FROM quiver.history_changes('item', key => '{1}') WHERE op = 'U' ORDER BY number DESC LIMIT 1), NULL,
          'a column of a dropped one''s name is another');
ALTER TABLE item RENAME TO thing;
ALTER TABLE thing SET SCHEMA history_ddl_test_2;
INSERT INTO history_ddl_test_2.thing (id) VALUES (7);
SELECT is((SELECT array_agg(id ORDER BY id) FROM quiver.history_at(NULL::history_ddl_test_2.thing, :'first')), '{1,2}',
          'renamed and moved, the table has its history');
SELECT is((SELECT count(*) FROM quiver.history_changes('history_ddl_test_2.thing', key => '{7}')), 1::bigint, 'which goes on');

ALTER TABLE history_ddl_test_2.thing RENAME id TO number;
INSERT INTO history_ddl_test_2.thing (number) VALUES (8);
SELECT is((SELECT array_agg(number ORDER BY number) FROM quiver.history_at(NULL::history_ddl_test_2.thing, :'first')), '{1,2}',
          'the key may be renamed');
ALTER TABLE history_ddl_test_2.thing DROP number;
SELECT is(pg_temp.error_of('INSERT INTO history_ddl_test_2.thing DEFAULT VALUES'),
          '55000 | a column of the key of the history of table history_ddl_test_2.thing is gone', 'without its key a table is refused to change');
DROP TABLE history_ddl_test_2.thing;
SELECT is((SELECT string_agg(action, ',') FROM quiver.history_maintain() WHERE name = 'history_ddl_test.item'), 'the table is gone',
          'maintenance notices a dropped table');
SELECT store AS store FROM quiver.history_table WHERE name = 'history_ddl_test.item' \gset
SELECT cmp_ok((SELECT count(*) FROM :store), '>', 5::bigint, 'whose history stays');
SELECT * FROM finish();
SET client_min_messages = error;
DROP SCHEMA history_ddl_test, history_ddl_test_2 CASCADE;
