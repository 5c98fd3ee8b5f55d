-- What row history refuses, and who may do what.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(32);
CREATE SCHEMA history_errors_test;
SET search_path = history_errors_test, public;
CREATE TABLE item (id int PRIMARY KEY, a text, email text, b int);
CREATE TABLE keyless (a int);
CREATE VIEW seen AS TABLE item;
CREATE TEMP TABLE passing (id int PRIMARY KEY);
CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE one PARTITION OF parts DEFAULT;
SELECT is(pg_temp.error_of(statement), expected, statement) FROM (VALUES
    ('SELECT quiver.history_enable(NULL)', '22004 | the table must not be null'),
    ('SELECT quiver.history_enable(99999999::oid::regclass)', '42P01 | there is no table with OID 99999999'),
    ('SELECT quiver.history_enable(''keyless'')', '55000 | table history_errors_test.keyless has no primary key | A row''s history is found by its key.'),
    ('SELECT quiver.history_enable(''seen'')', '42809 | history_errors_test.seen is not an ordinary table'),
    ('SELECT quiver.history_enable(''passing'')', '42809 | passing is not an ordinary table'),
    ('SELECT quiver.history_enable(''one'')', '42809 | history_errors_test.one is a partition'),
    ('SELECT quiver.history_enable(''pg_class'')', '42501 | pg_class belongs to the system'),
    ('SELECT quiver.history_enable(''quiver.history_table'')', '42501 | quiver.history_table belongs to the system'),
    ('SELECT quiver.history_enable(''item'', exclude => ''{nope}'')', '42703 | column "nope" of table history_errors_test.item does not exist'),
    ('SELECT quiver.history_enable(''item'', hash => ''{id}'')', '22023 | column "id" is part of the key'),
    ('SELECT quiver.history_enable(''item'', retain => ''-1 day'')', '22023 | retain must be positive, not -1 days'),
    ('SELECT quiver.history_enable(''item'', partition_days => 0)', '22023 | partition_days must be between 1 and 3660, not 0'),
    ('SELECT quiver.history_disable(''item'')', '55000 | table history_errors_test.item has no history'),
    ('SELECT * FROM quiver.history_changes(''item'')', '55000 | table item has no history'),
    ('SELECT * FROM quiver.history_at(NULL::item, now())', '55000 | table history_errors_test.item has no history'),
    ('SELECT * FROM quiver.history_at(1, now())', '42804 | a row of a table is expected, not a value of type integer'),
    ('SELECT * FROM quiver.history_at(NULL::item, NULL)', '22004 | the moment must not be null'),
    ('SELECT quiver.history_trigger()', '39P01 | quiver.history_trigger() is called by triggers only')) t (statement, expected);

SELECT quiver.history_enable('item', hash => '{email}') \g /dev/null
SELECT is(pg_temp.error_of('SELECT quiver.history_enable(''item'')'), '42710 | table history_errors_test.item has history already', 'not twice');
SELECT matches(pg_temp.error_of('SELECT * FROM quiver.history_at(NULL::item, ''2001-01-01'')'),
               '^22023 . the history of table history_errors_test.item is not kept since 2001', 'not before it was enabled');
SELECT is(pg_temp.error_of('CREATE TRIGGER x AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION quiver.history_trigger(); INSERT INTO item VALUES (1)'),
          '39P01 | quiver.history_trigger() wants a statement trigger with transition tables', 'the trigger function wants its own triggers');

INSERT INTO item VALUES (1, 'a', 'ann@example.org', 1), (2, 'b', 'ann@example.org', 2);
UPDATE item SET email = 'bob@example.org' WHERE id = 1;
UPDATE item SET email = 'ann@example.org' WHERE id = 1;
SELECT is((SELECT array[count(*), count(DISTINCT v), max(length(v)), count(*) FILTER (WHERE v LIKE '%ann%')] FROM
           quiver.history_changes('item') c, unnest(c.columns, c.after) u (c, v) WHERE u.c = 3), '{4,2,64,0}'::bigint[],
          'hashes say that a value came back and not which');
SELECT is(quiver.history_erase('item', '{1}'), 3::bigint, 'erasing blanks all changes of a row');
SELECT is((SELECT count(*) FROM quiver.history_changes('item', key => '{1}') c, unnest(c.before || c.after) v WHERE v IS NOT NULL), 0::bigint,
          'and leaves nothing of it');
SELECT is((SELECT count(*) FROM quiver.history_changes('item', key => '{2}') c, unnest(c.after) v WHERE v IS NOT NULL), 3::bigint,
          'others keep theirs');

CREATE ROLE history_owner_test;
CREATE ROLE history_reader_test;
CREATE ROLE history_other_test;
GRANT USAGE ON SCHEMA history_errors_test TO PUBLIC;
ALTER TABLE item OWNER TO history_owner_test;
GRANT SELECT ON item TO history_reader_test;
GRANT SELECT (id), UPDATE (b), INSERT ON item TO history_other_test;
SET LOCAL ROLE history_other_test;
UPDATE item SET b = 3;
SELECT is(pg_temp.error_of('SELECT * FROM quiver.history_changes(''item'')'), '42501 | permission denied for the history of table item',
          'a role that reads a column does not read history');
SELECT is(pg_temp.error_of('SELECT quiver.history_disable(''item'')'), '42501 | must be owner of table item', 'nor ends it');
SELECT is(pg_temp.error_of('SELECT quiver.history_changes_inner(''item'', NULL, NULL)'), '42501 | permission denied for function history_changes_inner',
          'nor goes around the gate');
SET LOCAL ROLE history_reader_test;
SELECT cmp_ok((SELECT count(*) FROM quiver.history_changes('item') WHERE op = 'U'), '=', 4::bigint,
          'who reads the table reads its history, also what others without rights on it have changed');
RESET ROLE;
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_row ON item USING (id = 1);
SET LOCAL ROLE history_reader_test;
SELECT is(pg_temp.error_of('SELECT * FROM quiver.history_at(NULL::item, now())'),
          '42501 | permission denied for the history of table item | Row security restricts what this role sees of the table, and it does not hold for earlier values.',
          'unless row security hides rows of it');
SET LOCAL ROLE history_owner_test;
SELECT quiver.history_grant_reader('item', 'history_reader_test') \g /dev/null
SET LOCAL ROLE history_reader_test;
SELECT cmp_ok((SELECT count(*) FROM quiver.history_changes('item')), '>', 3::bigint, 'the owner may grant it');
RESET ROLE;
SELECT is(pg_temp.error_of('SET ROLE history_owner_test; DELETE FROM quiver_history.transactions'),
          '42501 | permission denied for table transactions', 'nobody writes to history, not even the owner');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
