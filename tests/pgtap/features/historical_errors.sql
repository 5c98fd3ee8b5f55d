-- What historical requests refuse before they read a row, and what while they do.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(27);

SELECT quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', created_ts => 'seen_at',
    features => '["amount"]');
SELECT quiver.feature_create_view('spent', 'customer', source => 'payments', event_ts => 'paid_at', features => '["amount", "note"]');
SELECT quiver.feature_create_service('risk', ARRAY['spend:amount'], inputs => '{"asked": "numeric"}');
CREATE TABLE labels AS SELECT 1::bigint AS user_id, now() AS event_ts;
CREATE TABLE null_times AS SELECT 1::bigint AS user_id, CASE WHEN n > 2 THEN now() END AS event_ts FROM generate_series(1, 5) AS n;

SELECT is(pg_temp.refusal_of('SELECT quiver.feature_historical_sql(' || arguments || ')'), error, arguments)
FROM (VALUES
    (1, $$'labels'$$, '22023 | neither features nor a service is asked for | Pass features or service.'),
    (2, $$'labels', ARRAY['spend:amount'], service => 'risk'$$, '22023 | both features and a service are asked for | Drop features or service.'),
    (3, $$'labels', ARRAY[]::text[]$$, '22023 | no features are asked for | Name some in features, or a service.'),
    (4, $$'labels', ARRAY['spned:amount']$$, '42704 | feature view "spned" does not exist | Perhaps you meant "spend".'),
    (5, $$'labels', ARRAY['completely_else:amount']$$, '42704 | feature view "completely_else" does not exist | There are: spend, spent.'),
    (6, $$'labels', ARRAY['spend:amuont']$$, '42704 | feature of view "spend" version 1 "amuont" does not exist | Perhaps you meant "amount".'),
    (7, $$'labels', ARRAY['spend@7:amount']$$, '42704 | feature view "spend" has no version 7 | It has versions 1.'),
    (8, $$'labels', ARRAY['spend(uid=x):amount']$$, '42704 | key of view "spend" "uid" does not exist | There are: user_id.'),
    (9, $$'labels', ARRAY['spend:amount; x']$$,
        '42601 | "spend:amount; x" is no reference to a feature | Write view:feature, view:*, view@2:feature or view as alias(key=column):feature.'),
    (10, $$'labels', service => 'riks'$$, '42704 | feature service "riks" does not exist | Perhaps you meant "risk".'),
    (11, $$'labels', service => 'risk@3'$$, '42704 | feature service "risk" has no version 3 | Its newest is 1.'),
    (12, $$'labels', service => 'risk'$$,
        '42703 | the spine lacks asked | It has user_id, event_ts. | Add them to the spine, or say in spine_ts and key_map what they are called there.'),
    (13, $$'SELECT 1 AS x', ARRAY['spend:amount'], known_at_col => 'k'$$,
        '42703 | the spine lacks event_ts, k, user_id | It has x. | Add them to the spine, or say in spine_ts and key_map what they are called there.'),
    (14, $$'SELECT ''1''::text AS user_id, now() AS event_ts', ARRAY['spend:amount']$$,
        '42804 | column "user_id" of the spine is text, key "user_id" of feature view "spend" is bigint | Cast it in the spine; keys are never compared as text.'),
    (15, $$'SELECT 1 AS user_id, current_date AS event_ts', ARRAY['spend:amount']$$,
        '42804 | column "event_ts" of the spine must be timestamp with time zone, not date | Say which zone it is in, for example (day::timestamp AT TIME ZONE ''UTC'').'),
    (16, $$'labels', ARRAY['spend:amount', 'spent:amount']$$,
        '42701 | feature "amount" is asked for from more than one view | Pass full_names => true, or give one of the views an alias.'),
    (17, $$'SELECT *, 1 AS amount FROM labels', ARRAY['spend:amount']$$,
        '42701 | column "amount" would be twice in the result | Pass full_names => true, or rename the column of the spine.'),
    (18, $$'labels', ARRAY['spent:note'], known_at => '2024-01-01'$$,
        '0A000 | feature view "spent" has no created_ts, so nothing is known of when its rows became known | Define it with created_ts, or drop known_at.'),
    (19, $$'SELECT *, now() AS k FROM labels', ARRAY['spend:amount'], known_at => now(), known_at_col => 'k'$$,
        '22023 | both known_at and known_at_col are given | Drop known_at for a bound by row, or known_at_col for one bound.'),
    (20, $$'labels', ARRAY['spend:amount'], on_null_ts => 'skip'$$, '22023 | on_null_ts must be "error" or "null", not "skip"'),
    (21, $$'no_such_table', ARRAY['spend:amount']$$, '42P01 | relation "no_such_table" does not exist'),
    (22, $$NULL, ARRAY['spend:amount']$$, '22004 | the spine is NULL | Pass the name of a table or view, or a query.')
) AS cases (n, arguments, error) ORDER BY n;

SELECT is(pg_temp.refusal_of($$SELECT * FROM quiver.feature_get_historical('null_times', ARRAY['spend:amount']) AS t(user_id bigint, event_ts timestamptz, amount float8)$$),
    '22004 | column "event_ts" of the spine is NULL in 2 row(s) | Leave those rows out, or pass on_null_ts => ''null'' to get NULL features for them.',
    'times that are NULL are counted and refused');
SELECT is((SELECT count(*) FROM quiver.feature_get_historical('null_times', ARRAY['spend:amount'], on_null_ts => 'null')
    AS t(user_id bigint, event_ts timestamptz, amount float8) WHERE event_ts IS NULL AND amount IS NULL), 2::bigint, 'unless asked for');
SELECT is(pg_temp.refusal_of($$SELECT * FROM quiver.feature_get_historical('labels', ARRAY['spend:amount']) AS t(a int)$$),
    '42804 | the column list does not fit the result | Given: a integer. | Write: AS t(user_id bigint, event_ts timestamp with time zone, amount double precision)',
    'a wrong column list gets the right one as a hint');

-- Rights are the caller's.
CREATE ROLE feature_reader;
GRANT SELECT ON labels, spend_v1 TO feature_reader;
SET LOCAL ROLE feature_reader;
SELECT is(pg_temp.refusal_of($$SELECT * FROM quiver.feature_get_historical('labels', ARRAY['spend:amount']) AS t(user_id bigint, event_ts timestamptz, amount float8)$$),
    '42501 | permission denied for table payments', 'a reader of the view still needs rights on its source');
RESET ROLE;
GRANT SELECT ON payments TO feature_reader;
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
CREATE POLICY small ON payments FOR SELECT TO feature_reader USING (amount < 25);
SET LOCAL ROLE feature_reader;
SELECT is((SELECT amount FROM quiver.feature_get_historical('labels', ARRAY['spend:amount']) AS t(user_id bigint, event_ts timestamptz, amount float8)),
    20::float8, 'and sees only the rows that row security lets through');

SELECT * FROM finish();
ROLLBACK;
