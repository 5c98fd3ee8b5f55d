-- Materialisation: incremental runs miss no row, whatever its event time; ranges, full runs, what they refuse.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(22);

SELECT quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', created_ts => 'seen_at', features => '["amount"]', online => true);
SELECT quiver.feature_create_view('queried', 'customer', source => 'SELECT * FROM payments', event_ts => 'paid_at', created_ts => 'seen_at', features => '["amount"]', online => true);
SELECT quiver.feature_create_view('score', 'customer', managed => true, online => true, features => '{"score": "float8"}');
CREATE FUNCTION pg_temp.amounts(relation text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE format('SELECT string_agg(user_id || '':'' || amount, '' '' ORDER BY user_id) FROM %I', relation) INTO result;
    RETURN result;
END $$;
SELECT is(quiver.feature_fill_online('spend', 'incremental', NULL, NULL, NULL), 3::bigint, 'the first run takes all');
INSERT INTO payments VALUES (4, '2000-01-01Z', '2000-01-01Z', 40), (2, '2000-01-01Z', NULL, 5);
SELECT is(quiver.feature_fill_online('spend', 'incremental', NULL, NULL, NULL), 1::bigint, 'a late row of a new key is not missed');
SELECT is(pg_temp.amounts('spend_v1_online'), '1:25 2:30 3:2 4:40', 'and a late row of a known key does not win');
UPDATE payments SET amount = 41, seen_at = '2000-01-02Z' WHERE user_id = 4;
SELECT is(quiver.feature_fill_online('spend', 'incremental', NULL, NULL, NULL), 1::bigint, 'a changed row is a new row');

-- Of the statement it can be seen that only new rows are read.
SELECT matches(quiver.feature_new_rows(quiver.feature_version_of('spend'), (SELECT w FROM quiver.feature_watermark w WHERE view = 'spend'), pg_current_xact_id()),
    '^\(age\(v\.source_xmin\) <= \d+ OR v\.event_ts > ', 'rows of a table are told by the age of their transaction');
SELECT is(quiver.feature_fill_online('queried', 'incremental', NULL, NULL, NULL) + quiver.feature_fill_online('queried', 'incremental', NULL, NULL, NULL), 4::bigint,
    'a query is read as a whole each time');
SELECT is(quiver.feature_new_rows(quiver.feature_version_of('queried'), (SELECT w FROM quiver.feature_watermark w WHERE view = 'queried'), pg_current_xact_id()), NULL,
    'as nothing tells its rows');

-- Due later: pushed before a run, with a time that comes between two runs. That it comes is said by moving the time, not by waiting.
SELECT quiver.feature_push('score', jsonb_build_object('user_id', 1, 'event_ts', clock_timestamp() + interval '1 hour', 'score', 1));
SELECT is(quiver.feature_fill_online('score', 'incremental', NULL, NULL, NULL), 0::bigint, 'what is not due is not online');
SET LOCAL session_replication_role = replica;
UPDATE score_history SET event_ts = (SELECT until + interval '1 microsecond' FROM quiver.feature_watermark WHERE view = 'score');
RESET session_replication_role;
SELECT is(quiver.feature_fill_online('score', 'incremental', NULL, NULL, NULL), 1::bigint, 'and comes when it is due');

SELECT quiver.feature_fill_online('spend', 'full', NULL, NULL, NULL);
DELETE FROM payments WHERE user_id = 4;
SELECT quiver.feature_fill_online('spend', 'incremental', NULL, NULL, NULL);
SELECT is(pg_temp.amounts('spend_v1_online'), '1:25 2:30 3:2 4:41', 'deletes of a source are not seen by incremental runs');
SELECT quiver.feature_fill_online('spend', 'full', NULL, NULL, NULL);
SELECT is(pg_temp.amounts('spend_v1_online'), '1:25 2:30 3:2', 'but by full ones');
DELETE FROM spend_v1_online;
SELECT quiver.feature_fill_online('spend', 'range', '2024-01-01 11:00Z', '2999-01-01Z', NULL);
SELECT is(pg_temp.amounts('spend_v1_online'), '1:25 2:30', 'a range is inclusive at both ends');
SELECT ok((SELECT (statistics ->> 'until')::timestamptz < clock_timestamp() FROM quiver.feature_run WHERE statistics ->> 'mode' = 'range'), 'and cut off at now, as the run records');

-- Rows that are older than the last run, in tables that were attached after it.
CREATE TABLE parted (user_id int, at timestamptz, amount int) PARTITION BY LIST (user_id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 (LIKE parted);
INSERT INTO parted_2 VALUES (2, '2024-01-01Z', 20);
CREATE TABLE parent (user_id int, at timestamptz, amount int);
CREATE TABLE child (LIKE parent);
INSERT INTO child VALUES (3, '2024-01-01Z', 30);
SELECT quiver.feature_create_view(source, 'customer', source => source, event_ts => 'at', features => '["amount"]', online => true)
FROM unnest('{parted,parent}'::text[]) AS source;
INSERT INTO parted VALUES (1, '2024-01-01Z', 10);
SELECT is(quiver.feature_fill_online('parted', 'incremental', NULL, NULL, NULL), 1::bigint, 'rows of a partition');
SELECT quiver.feature_fill_online('parent', 'incremental', NULL, NULL, NULL);
-- As long after that run as rows of parted_2 are older than it.
UPDATE quiver.feature_watermark SET snapshot = format('%1$s:%1$s:', (pg_current_xact_id()::text::bigint + 1))::pg_snapshot WHERE view IN ('parted', 'parent');
SELECT matches(quiver.feature_new_rows(quiver.feature_version_of('parted'), (SELECT w FROM quiver.feature_watermark w WHERE view = 'parted'), pg_current_xact_id()),
    '^\(age', 'rows of partitions are told by their transactions');
ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES IN (2);
ALTER TABLE child INHERIT parent;
SELECT quiver.feature_fill_online('parted', 'incremental', NULL, NULL, NULL), quiver.feature_fill_online('parent', 'incremental', NULL, NULL, NULL);
SELECT is(pg_temp.amounts('parted_v1_online'), '1:10 2:20', 'a partition that is attached later brings older rows along');
SELECT is(pg_temp.amounts('parent_v1_online'), '3:30', 'as does a child');
SELECT matches(quiver.feature_new_rows(quiver.feature_version_of('parted'), (SELECT w FROM quiver.feature_watermark w WHERE view = 'parted'), pg_current_xact_id()),
    '^\(age', 'which are then known');

SELECT throws_ok($$CALL quiver.feature_materialize('spend', 'all')$$, '22023', 'mode must be "incremental", "full" or "range", not "all"', 'an unknown mode');
SELECT throws_ok($$CALL quiver.feature_materialize('spend', 'range', '2024-01-02Z', '2024-01-01Z')$$, '22023', NULL, 'a range the wrong way round');
SELECT throws_ok($$CALL quiver.feature_materialize('spend', 'full', '2024-01-02Z')$$, '22023', NULL, 'a bound without a range');
SELECT throws_ok($$CALL quiver.feature_materialize('spned')$$, '42704', NULL, 'an unknown view');

SELECT * FROM finish();
ROLLBACK;
