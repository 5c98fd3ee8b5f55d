-- What a definition becomes: rows of the catalogue, immutable versions, a real SQL view.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(25);

SELECT is(quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', created_ts => 'seen_at',
    features => '{"amount": "amount", "is_big": "amount > 15"}', ttl => '1 day', tags => '{"team": "risk"}'), 1, 'the first version is 1');
SELECT has_view('public', 'spend_v1', 'a version is a SQL view');
SELECT columns_are('public', 'spend_v1', ARRAY['user_id', 'event_ts', 'created_ts', 'amount', 'is_big', 'source_xmin'],
    'with keys, times and features');
SELECT is((SELECT reloptions FROM pg_class WHERE relname = 'spend_v1'), ARRAY['security_invoker=true'], 'that checks the caller''s rights');
SELECT is((SELECT ttl FROM quiver.feature_view_version WHERE view = 'spend'), '24:00:00'::interval, 'a day is kept as 24 hours');
SELECT results_eq($$SELECT name, type, expression FROM quiver.feature_column WHERE view = 'spend' ORDER BY position$$,
    $$VALUES ('amount', 'double precision', 'amount'), ('is_big', 'boolean', 'amount > 15')$$, 'features have types');
SELECT is(quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', created_ts => 'seen_at',
    features => '{"is_big": "amount > 15", "amount": "amount"}', ttl => '24 hours'), 1, 'the same definition again is no new version');
SELECT is(quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', created_ts => 'seen_at',
    features => '{"amount": "amount", "is_big": "amount > 15"}', ttl => '1 day', tags => '{"team": "pay"}', description => 'spending'), 1,
    'nor are tags');
SELECT is((SELECT tags || jsonb_build_object('d', description) FROM quiver.feature_view WHERE name = 'spend'),
    '{"team": "pay", "d": "spending"}', 'which are updated');
SELECT is(quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at',
    features => '["amount", {"doubled": "amount * 2"}]', replace => true), 2, 'another definition is version 2');
SELECT is((SELECT active FROM quiver.feature_view WHERE name = 'spend'), 2, 'which is active');
SELECT has_view('public', 'spend_v1', 'and version 1 is still there');
SELECT lives_ok($$SELECT quiver.feature_activate('spend', 1)$$, 'an old version can be active again');
SELECT is((quiver.feature_version_of('spend')).version, 1, 'and is then what the name means');

SELECT throws_ok($$ALTER TABLE payments DROP COLUMN amount$$, '2BP01', NULL, 'a column that a version uses cannot be dropped');
SELECT throws_ok($$UPDATE quiver.feature_view_version SET ttl = NULL$$, '55006', NULL, 'a version does not change');
SELECT throws_ok($$UPDATE quiver.feature_column SET expression = '1'$$, '55006', NULL, 'nor do its features');
SELECT throws_ok($$DELETE FROM quiver.feature_column$$, '55006', NULL, 'which go only with it');

-- A query as source, keys under other names, no search_path in what is kept.
CREATE SCHEMA shop;
CREATE TABLE shop.orders (uid int, at timestamptz, total numeric);
SET LOCAL search_path = shop, public;
SELECT quiver.feature_create_view('orders', 'customer', source => 'SELECT uid, at, sum(total) AS total FROM orders GROUP BY uid, at',
    event_ts => 'at', key_map => '{"user_id": "uid"}', schema => 'public');
RESET search_path;
SELECT matches((SELECT source FROM quiver.feature_view_version WHERE view = 'orders'), 'FROM shop\.orders', 'names of a source are kept qualified');
SELECT columns_are('public', 'orders_v1', ARRAY['user_id', 'event_ts', 'total'], 'without features all other columns are taken');

-- Services pin versions.
SELECT is(quiver.feature_create_service('risk', ARRAY['spend:amount', 'spend@2 as doubled(user_id=payer):doubled'],
    inputs => '{"asked": "numeric"}', transforms => '{"twice": "share * 2", "share": "asked / nullif(amount, 0)::numeric"}'), 1,
    'a service has versions too');
SELECT results_eq($$SELECT view_version, alias, spine_keys, outputs FROM quiver.feature_service_member ORDER BY position$$,
    $$VALUES (1, 'spend', '{user_id}'::text[], '{amount}'::text[]), (2, 'doubled', '{payer}', '{doubled__doubled}')$$,
    'of pinned versions of views');
SELECT results_eq($$SELECT name, type, arguments FROM quiver.feature_transform ORDER BY position$$,
    $$VALUES ('share', 'numeric', '{asked,amount}'::text[]), ('twice', 'numeric', '{share}')$$, 'transforms come in the order of their use');
SELECT is((SELECT provolatile FROM pg_proc WHERE proname = 'risk_v1_share'), 'i', 'each is an immutable SQL function if it can be');
SELECT throws_ok($$SELECT quiver.feature_drop_view('spend', 2)$$, '55006', NULL, 'a version that a service pins is not dropped');

SELECT * FROM finish();
ROLLBACK;
