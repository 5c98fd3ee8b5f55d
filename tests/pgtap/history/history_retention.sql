-- Partitions: made ahead, filled, dropped when past retention; what is asked of a time before that is refused.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(14);
CREATE SCHEMA history_retention_test;
SET search_path = history_retention_test, public;
CREATE TABLE kept (id int PRIMARY KEY, v text);
CREATE TABLE forever (id int PRIMARY KEY, v text);
SELECT quiver.history_enable('kept', retain => '10 days', partition_days => 1) AS store,
    quiver.history_enable('forever', partition_days => 1) AS other \gset
CREATE FUNCTION parts(store regclass) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(coalesce(((to_date(substring(c.relname FROM '_(\d{8})$'), 'YYYYMMDD') - (now() AT TIME ZONE 'UTC')::date))::text, 'rest'),
        ' ' ORDER BY substring(c.relname FROM '_(\d{8})$'))
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = store $$;
CREATE FUNCTION part_of(store regclass, key text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    part text;
BEGIN
    EXECUTE format('SELECT CASE WHEN tableoid::regclass::text ~ ''_\d{8}$'' THEN ''of a day'' ELSE ''rest'' END FROM %s WHERE key = $1', store)
    INTO STRICT part USING key;
    RETURN part;
END $$;
-- A partition of some days ago, with one change of a transaction of that day.
CREATE FUNCTION old_part(store regclass, days int, transaction bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date := (now() AT TIME ZONE 'UTC')::date - days;
BEGIN
    EXECUTE format('CREATE TABLE quiver_history.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
        (SELECT relname FROM pg_class WHERE oid = store) || '_' || to_char(day, 'YYYYMMDD'), store,
        day || ' 00:00:00+00', day + 1 || ' 00:00:00+00');
    EXECUTE format('INSERT INTO %s VALUES (%L, %s, 0, 0, ''I'', ''{1}'')', store, day || ' 12:00:00+00', transaction);
    INSERT INTO quiver_history.transactions (id, number, committed_at, began_at, xid, session)
    VALUES (transaction, -transaction, (day || ' 12:00:00+00')::timestamptz, (day || ' 12:00:00+00')::timestamptz, 3, 'x');
END $$;

SELECT is(parts(:'store'), '0 1 2 rest', 'today''s partition and two to come are there from the beginning');
SELECT old_part(:'store', 20, -20), old_part(:'store', 11, -11), old_part(:'store', 9, -9), old_part(:'other', 20, -21) \g /dev/null
UPDATE quiver.history_table SET kept_since = now() - interval '30 days' WHERE store IN (:'store'::regclass, :'other'::regclass);
INSERT INTO kept VALUES (2, 'x');
SELECT is(parts(:'store'), '-20 -11 -9 0 1 2 rest', 'partitions of earlier days are there');
SELECT is((SELECT count(*) FROM quiver.history_changes('kept')), 4::bigint, 'with their changes');

CREATE TEMPORARY TABLE done AS SELECT * FROM quiver.history_maintain() WHERE name LIKE '%kept';
SELECT is((SELECT count(*) FROM done WHERE action LIKE 'dropped what was before%'), 2::bigint,
          'history_maintain() tells of what it drops');
SELECT is(parts(:'store'), '-9 0 1 2 rest', 'what is past retention goes, as whole partitions');
SELECT is(parts(:'other'), '-20 0 1 2 rest', 'a history without retention keeps all');
SELECT is((SELECT count(*) FROM quiver.history_changes('kept')), 2::bigint, 'the changes are gone with their partitions');
SELECT is((SELECT kept_since FROM quiver.history_status() WHERE relation = 'kept'::regclass),
          ((now() AT TIME ZONE 'UTC')::date - 10)::timestamp AT TIME ZONE 'UTC', 'and the history says since when it is kept');
SELECT is((SELECT string_agg(id::text, ' ' ORDER BY id) FROM quiver_history.transactions WHERE id < 0), '-21 -20 -11 -9',
          'transactions that another history may need are kept');
SELECT throws_ok($$SELECT * FROM quiver.history_at(NULL::kept, now() - interval '15 days')$$, '22023', NULL,
                  'a moment before that is refused');
SELECT is((SELECT count(*) FROM quiver.history_maintain() WHERE name LIKE '%kept'), 0::bigint, 'a second run has nothing to do');

UPDATE quiver.history_table SET retain = '12 days' WHERE store = :'other'::regclass;
SELECT count(*) FROM quiver.history_maintain() \g /dev/null
SELECT is((SELECT string_agg(id::text, ' ' ORDER BY id) FROM quiver_history.transactions WHERE id < 0), '-11 -9',
          'once no history reaches back to them they go');

-- What came when no partition was there lies in the default one and moves when its partition is made.
SELECT format('DROP TABLE quiver_history.%I', c.relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = :'store'::regclass AND c.relname ~ to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD$') \gexec
INSERT INTO kept VALUES (3, 'y');
SELECT is(part_of(:'store', '{3}'), 'rest',
          'a change without a partition of its time goes to the default one');
SELECT count(*) FROM quiver.history_maintain() \g /dev/null
SELECT is(parts(:'store') || ', ' || part_of(:'store', '{3}'), '-9 0 1 2 rest, of a day', 'history_maintain() makes it and moves the change there');
SELECT * FROM finish();
ROLLBACK;
