-- Point-in-time lookups: the rules of docs/feature_store.md, each by hand.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(23);

SELECT quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', created_ts => 'seen_at',
    features => '["amount", "note"]', ttl => '2 hours');
SELECT quiver.feature_create_view('forever', 'customer', source => 'payments', event_ts => 'paid_at', features => '["amount"]');
CREATE TABLE labels (n int, user_id bigint, event_ts timestamptz, known timestamptz);
INSERT INTO labels VALUES
    (1, 1, '2024-01-01 12:00Z', '2024-01-01 12:00Z'), (2, 1, '2024-01-01 14:00Z', '2024-01-04'),
    (3, 1, '2024-01-01 14:00:00.000001Z', '2024-01-04'), (4, 1, '2024-01-01 09:00Z', '2024-01-04'),
    (5, 2, '2024-01-01 12:00Z', '2024-01-04'), (6, NULL, '2024-01-01 12:00Z', '2024-01-04'),
    (7, 3, '2024-01-01 12:00Z', '2024-01-04'), (8, 3, 'infinity', '2024-01-04'), (9, 4, '2024-01-01 12:00Z', '2024-01-04'),
    (2, 1, '2024-01-01 14:00Z', '2024-01-04');
-- looked(arguments): n and amount of what a request over labels returns.
CREATE FUNCTION pg_temp.looked(arguments text, feature text DEFAULT 'amount') RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE format('SELECT string_agg(n || '':'' || coalesce(%I::text, ''-''), '' '' ORDER BY n) FROM (%s) AS r', feature,
        pg_temp.statement(arguments)) INTO result;
    RETURN result;
END $$;
CREATE FUNCTION pg_temp.statement(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE 'SELECT quiver.feature_historical_sql(' || arguments || ')' INTO result;
    RETURN result;
END $$;

SELECT matches(pg_temp.looked($$'labels', ARRAY['forever:amount']$$), '^1:2[05] 2:2[05] 2:2[05] 3:2[05] 4:- 5:30 6:- 7:2 8:1 9:-$',
    'the latest not after t, duplicates of the spine kept, infinity ordinary');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend:amount']$$), '1:25 2:25 2:25 3:- 4:- 5:30 6:- 7:- 8:1 9:-',
    'ties go to created_ts; the ttl is inclusive, and one microsecond more is too old');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend:amount'], strict => true$$), '1:10 2:25 2:25 3:- 4:- 5:30 6:- 7:- 8:- 9:-',
    'strict leaves out what happened at t');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend:amount'], known_at => '2024-01-02Z'$$), '1:20 2:20 2:20 3:- 4:- 5:- 6:- 7:- 8:1 9:-',
    'known_at sees no correction that came later, nor a row of unknown time; the winner is expired, not replaced');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend:amount'], known_at_col => 'known'$$), '1:10 2:25 2:25 3:- 4:- 5:- 6:- 7:- 8:1 9:-',
    'known_at_col bounds each row by its own column');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend:amount'], known_at_col => 'event_ts'$$), '1:10 2:20 2:20 3:- 4:- 5:- 6:- 7:- 8:1 9:-',
    'the time of the spine can be that column');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend:*'], ignore_nulls => true, known_at => '2024-01-02Z'$$, 'note'),
    '1:a 2:- 2:- 3:- 4:- 5:- 6:- 7:- 8:end 9:-', 'ignore_nulls looks for the newest value that is not NULL, under the same ttl');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend:*'], ignore_nulls => true, known_at => '2024-01-02Z'$$),
    '1:20 2:20 2:20 3:- 4:- 5:- 6:- 7:- 8:1 9:-', 'feature by feature');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend:amount'], with_status => true$$, 'amount_status'),
    '1:present 2:present 2:present 3:expired 4:not_found 5:present 6:null_key 7:expired 8:present 9:not_found', 'a status says why');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend:amount'], with_status => true$$, 'amount_age'),
    '1:00:00:00 2:02:00:00 2:02:00:00 3:02:00:00.000001 4:- 5:01:00:00 6:- 7:- 8:- 9:-', 'and an age, if both times are finite');
SELECT is(pg_temp.looked($$'SELECT n, user_id AS payer, event_ts AS at FROM labels', ARRAY['spend:amount'], spine_ts => 'at', key_map => '{"user_id": "payer"}'$$),
    '1:25 2:25 2:25 3:- 4:- 5:30 6:- 7:- 8:1 9:-', 'a spine may be a query with names of its own');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend as a:amount', 'spend as b:amount']$$, 'b__amount'),
    '1:25 2:25 2:25 3:- 4:- 5:30 6:- 7:- 8:1 9:-', 'one view may come twice under aliases');
SELECT is(pg_temp.looked($$'labels', ARRAY['spend:amount'], full_names => true$$, 'spend__amount'),
    '1:25 2:25 2:25 3:- 4:- 5:30 6:- 7:- 8:1 9:-', 'full_names name the view too');

SELECT results_eq($$SELECT n FROM quiver.feature_get_historical('SELECT n, user_id, event_ts FROM (SELECT * FROM labels ORDER BY n DESC, user_id) AS l',
        ARRAY['spend:amount'], keep_order => true) AS t(n int, user_id bigint, event_ts timestamptz, amount float8)$$,
    $$VALUES (9), (8), (7), (6), (5), (4), (3), (2), (2), (1)$$, 'keep_order keeps the order of the spine');
SELECT is((SELECT count(*) FROM quiver.feature_get_historical('SELECT * FROM labels WHERE false', ARRAY['spend:amount'])
    AS t(n int, user_id bigint, event_ts timestamptz, known timestamptz, amount float8)), 0::bigint, 'an empty spine gives no row');
CREATE TYPE looked_up AS (user_id bigint, event_ts timestamptz, amount float8);
SELECT is((SELECT amount FROM quiver.feature_get_historical(NULL::looked_up, 'SELECT 2::bigint AS user_id, ''2024-01-01 12:00Z''::timestamptz AS event_ts',
    ARRAY['spend:amount'])), 30::float8, 'a row type makes a column list needless');

-- Composite keys do not run together; ties of a source.
SELECT quiver.feature_create_entity('pair', '{"a": "int", "b": "int"}');
CREATE TABLE pairs AS SELECT * FROM (VALUES (1, 23, '2024-01-01Z'::timestamptz, 'one'), (12, 3, '2024-01-01Z', 'twelve'), (12, 3, '2024-01-01Z', 'tie')) AS v(a, b, t, f);
SELECT quiver.feature_create_view('pair_any', 'pair', source => 'pairs', event_ts => 't');
SELECT quiver.feature_create_view('pair_error', 'pair', source => 'pairs', event_ts => 't', on_tie => 'error');
SELECT is((SELECT f FROM quiver.feature_get_historical('SELECT 1 AS a, 23 AS b, now() AS event_ts', ARRAY['pair_any:f'])
    AS t(a int, b int, event_ts timestamptz, f text)), 'one', 'composite keys are compared one by one');
SELECT is((SELECT count(*) FROM quiver.feature_get_historical('SELECT 12 AS a, 3 AS b, now() AS event_ts', ARRAY['pair_any:f'])
    AS t(a int, b int, event_ts timestamptz, f text)), 1::bigint, 'a tie does not double a row');
SELECT throws_ok($$SELECT * FROM quiver.feature_get_historical('SELECT 12 AS a, 3 AS b, now() AS event_ts', ARRAY['pair_error:f'])
    AS t(a int, b int, event_ts timestamptz, f text)$$, '21000', NULL, 'on_tie => error refuses it');
SELECT lives_ok($$SELECT * FROM quiver.feature_get_historical('SELECT 1 AS a, 23 AS b, now() AS event_ts', ARRAY['pair_error:f'])
    AS t(a int, b int, event_ts timestamptz, f text)$$, 'but only where it matters');

-- Snapshots without a spine; features of the world.
SELECT results_eq($$SELECT user_id, amount FROM quiver.feature_at(ARRAY['spend:amount'], at => '2024-01-01 11:00Z')
    AS t(user_id int, event_ts timestamptz, amount float8) ORDER BY 1$$, $$VALUES (1, 10::float8), (2, 30), (3, NULL), (NULL, NULL)$$,
    'all entities that were known at a moment');
SELECT quiver.feature_create_entity('world', '{}');
SELECT quiver.feature_create_view('rate', 'world', source => $$SELECT '2024-01-01Z'::timestamptz + n * interval '1 hour' AS at, n AS rate FROM generate_series(1, 20) AS n$$,
    event_ts => 'at');
SELECT is(pg_temp.looked($$'labels', ARRAY['rate:rate']$$, 'rate'), '1:12 2:14 2:14 3:14 4:9 5:12 6:12 7:12 8:20 9:12', 'an entity without keys is for all rows');

-- Days are 24 hours where the clock is set forward.
SET LOCAL timezone = 'Europe/Berlin';
SELECT quiver.feature_create_view('daily', 'customer', source => $$SELECT 1 AS user_id, '2024-03-30 12:00+01'::timestamptz AS at, 7 AS f$$, event_ts => 'at', ttl => '1 day');
SELECT is((SELECT array_agg(f ORDER BY event_ts) FROM quiver.feature_get_historical(
    $$SELECT 1 AS user_id, t AS event_ts FROM unnest('{2024-03-31 13:00+02, 2024-03-31 13:00:01+02}'::timestamptz[]) AS t$$, ARRAY['daily:f'])
    AS t(user_id int, event_ts timestamptz, f int)), '{7,NULL}', 'a ttl of a day is 24 hours across a change of clocks');

SELECT * FROM finish();
ROLLBACK;
