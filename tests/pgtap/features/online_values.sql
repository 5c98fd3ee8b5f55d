-- The online store: pushes, late data, the ttl, requests, and that reads follow changes of definitions.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(38);

SELECT quiver.feature_create_view('score', 'customer', managed => true, online => true, features => '{"score": "float8", "label": "text"}', ttl => '1 hour');
SELECT is(quiver.feature_push('score', '[{"user_id": 1, "event_ts": "2024-01-01Z", "score": 1}, {"user_id": 2, "event_ts": "2024-01-01Z", "score": 2},
    {"user_id": 2, "event_ts": "2024-01-02Z", "score": 3}]')::text, '(3,2,0,0,0)', 'a push adds to the history and changes the newest online');
SELECT is((SELECT score FROM score_v1_online WHERE user_id = 2), 3::float8, 'of two rows of one key the newer');
SELECT is(quiver.feature_push('score', '{"user_id": 2, "event_ts": "2023-12-31Z", "score": 9}')::text, '(1,0,1,0,0)', 'a late row is counted as late');
SELECT is((SELECT score FROM score_v1_online WHERE user_id = 2), 3::float8, 'and does not win online');
SELECT is((SELECT count(*) FROM score_history WHERE user_id = 2), 3::bigint, 'but is in the history');
SELECT is(quiver.feature_push('score', '[{"user_id": 2, "event_ts": "2024-01-02Z", "created_ts": "2024-01-02Z", "score": 8}]')::text, '(1,0,1,0,0)',
    'with equal event time the later created_ts counts');
SELECT is(quiver.feature_push('score', jsonb_build_array(jsonb_build_object('user_id', 2, 'event_ts', now() + interval '1 day', 'score', 7)))::text, '(1,0,0,0,0)',
    'what lies in the future is not online yet');
SELECT is(quiver.feature_push('score', '[]')::text, '(0,0,0,0,0)', 'nothing pushed is nothing done');
SELECT throws_ok($$SELECT quiver.feature_push('score', '[{"user_id": 2, "event_ts": "2024-01-02Z", "created_ts": "2024-01-02Z", "score": 8}]')$$, '23505', NULL,
    'a row of the same key and both times is refused');
SELECT is(pg_temp.refusal_of($$SELECT quiver.feature_push('score', '[{"user_id": 1, "scorre": 2}]')$$),
    '42703 | rows for feature view "score" lack event_ts | Given: scorre, user_id. | Every row needs its keys and event_ts.', 'rows without a time are refused');
SELECT is(pg_temp.refusal_of($$SELECT quiver.feature_push('score', '[{"user_id": 1, "event_ts": "2024-01-01Z", "scorre": 2}]')$$),
    '42704 | column of feature view "score" "scorre" does not exist | Perhaps you meant "score".', 'as are unknown features');
SELECT throws_ok($$SELECT quiver.feature_push('score', '[{"user_id": null, "event_ts": "2024-01-01Z"}]')$$, '23502', NULL, 'and NULL keys');
SELECT throws_ok($$SELECT quiver.feature_push('score', '3')$$, '22023', NULL, 'and what is no row');

-- Reads.
SELECT quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', created_ts => 'seen_at', features => '["amount", "note"]', online => true);
SELECT quiver.feature_create_view('events', 'customer', source => 'payments', event_ts => 'paid_at', windows => '[{"name": "n", "agg": "count", "window": "100000 days"}]');
SELECT quiver.feature_create_service('risk', ARRAY['score:score', 'spend:*', 'events:n'], inputs => '{"asked": "numeric"}',
    transforms => '{"ratio": "asked / nullif(amount, 0)::numeric", "twice": "ratio * 2"}');
CALL quiver.feature_materialize('spend');
SELECT is((SELECT array_agg((user_id, amount)::text ORDER BY user_id) FROM spend_v1_online), ARRAY['(1,25)', '(2,30)', '(3,2)'],
    'materialising takes the newest row of each key up to now, and no NULL key');
SELECT is(quiver.feature_online('risk', 1, 50), '{"score": null, "amount": 25, "note": "corrected", "n": 3, "ratio": 2.0000000000000000, "twice": 4.0000000000000000}',
    'a read gives looked up features, windows and transforms; past the ttl is NULL');
SELECT quiver.feature_push('score', jsonb_build_object('user_id', 1, 'event_ts', now() - interval '30 minutes', 'score', 0.1));
SELECT is(quiver.feature_online('risk', 1, 50) -> 'score', '0.1', 'a push is seen by the same transaction');
SELECT is(quiver.feature_get_online('risk', '[{"user_id": 2, "asked": 3}, {"user_id": 77, "asked": null}, {"user_id": 2, "asked": 3}]'),
    '[{"score": null, "amount": 30, "note": "never known", "n": 2, "ratio": 0.10000000000000000000, "twice": 0.20000000000000000000},
      {"score": null, "amount": null, "note": null, "n": 0, "ratio": null, "twice": null},
      {"score": null, "amount": 30, "note": "never known", "n": 2, "ratio": 0.10000000000000000000, "twice": 0.20000000000000000000}]'::jsonb, 'many requests are answered in order');
SELECT is(jsonb_path_query_array(quiver.feature_get_online('risk', '[{"user_id": 1, "asked": 3}, {"user_id": 2, "asked": 3}, {"user_id": 7, "asked": 3}, {"user_id": null, "asked": 3}]', true),
    '$[*].score.status'), '["present", "expired", "not_found", "null_key"]', 'with the same states as offline');
SELECT is((quiver.feature_get_online('risk', '{"user_id": 1, "asked": 3}', true) -> 'note') - 'age_seconds',
    '{"value": "corrected", "status": "present", "event_ts": "2024-01-01T12:00:00+00:00"}', 'and the time of the value');
SELECT is(quiver.feature_online('risk', NULL::bigint, 1), '{"score": null, "amount": null, "note": null, "n": null, "ratio": null, "twice": null}', 'a NULL key has no features');

-- Online is offline at this moment.
SELECT results_eq($$SELECT u, (quiver.feature_online('risk', u, 3) ->> 'amount')::float8, (quiver.feature_online('risk', u, 3) ->> 'score')::float8 FROM generate_series(1, 5) AS u$$,
    $$SELECT user_id, amount, score FROM quiver.feature_get_historical('SELECT u AS user_id, now() AS event_ts, 3 AS asked FROM generate_series(1, 5) AS u', service => 'risk', keep_order => true)
      AS t(user_id int, event_ts timestamptz, asked int, score float8, amount float8, note varchar, n bigint, ratio numeric, twice numeric)$$, 'online equals offline now');

SELECT is(pg_temp.refusal_of($$SELECT quiver.feature_online('risk', 1)$$),
    '22023 | feature service "risk" is read with 2 argument(s), not 1 | quiver.feature_online_arguments lists them: join keys, then inputs.', 'too few arguments');
SELECT is(pg_temp.refusal_of($$SELECT quiver.feature_get_online('risk', '{"user": 1}')$$),
    '42703 | the request for feature service "risk" lacks user_id, asked | A request is an object of join keys and inputs; quiver.feature_online_arguments lists them.', 'missing arguments are named');
SELECT is(pg_temp.refusal_of($$SELECT quiver.feature_get_online('riks', '{}')$$), '42704 | feature service "riks" does not exist | Perhaps you meant "risk".', 'an unknown service');
SELECT throws_ok($$SELECT quiver.feature_get_online('risk', '[1]')$$, '22023', NULL, 'a request that is no object');
SELECT throws_ok($$SELECT quiver.feature_get_online('risk', '{"user_id": "x", "asked": 1}')$$, '22P02', NULL, 'a key of another type');

-- What a session keeps follows the definitions.
SELECT quiver.feature_create_service('risk', ARRAY['score:label'], replace => true);
SELECT is(quiver.feature_online('risk', 1), '{"label": null}', 'a new version of a service is read at once');
SELECT is(quiver.feature_online('risk@1', 1, 50) -> 'amount', '25', 'the old one can be named');
DROP TABLE spend_v1_online;
SELECT throws_ok($$SELECT quiver.feature_online('risk@1', 1, 50)$$, '42P01', NULL, 'a dropped online table is noticed');

-- A new version of a managed view shares its history; pushes reach the online rows of both.
SELECT is(quiver.feature_create_view('score', 'customer', managed => true, online => true, replace => true, features => '{"score": "float8", "extra": "int"}'), 2, 'version 2 has another feature');
CALL quiver.feature_materialize('score');
SELECT is((SELECT score FROM score_v2_online WHERE user_id = 2), 3::float8, 'and is filled from the history');
SELECT is(quiver.feature_push('score', jsonb_build_object('user_id', 5, 'event_ts', now(), 'score', 5, 'extra', 6, 'label', 'x'))::text, '(1,2,0,0,0)', 'a push changes both');
SELECT is((SELECT count(*) FROM quiver.feature_status WHERE view = 'score' AND online_rows > 0), 2::bigint, 'as the status view says');
SELECT is((SELECT is_stale FROM quiver.feature_freshness WHERE view = 'score'), NULL, 'without a ttl nothing is stale');
SELECT is(quiver.feature_expire('score', 1), 1::bigint, 'rows past the ttl can be deleted');

-- Row security and column rights hold for direct reads as well.
CREATE ROLE feature_reader;
SET LOCAL ROLE feature_reader;
SELECT throws_ok($$SELECT quiver.feature_online('risk', 5)$$, '42501', NULL, 'a reader needs rights on the online table');
RESET ROLE;
GRANT SELECT (user_id, event_ts, label) ON score_v1_online TO feature_reader;
SET LOCAL ROLE feature_reader;
SELECT is(quiver.feature_online('risk', 5), '{"label": "x"}', 'those on the columns are enough');
RESET ROLE;
GRANT SELECT ON score_v1_online TO feature_reader;
ALTER TABLE score_v1_online ENABLE ROW LEVEL SECURITY;
CREATE POLICY others ON score_v1_online FOR SELECT TO feature_reader USING (user_id <> 5);
SET LOCAL ROLE feature_reader;
SELECT is(quiver.feature_online('risk', 5), '{"label": null}', 'rows that row security hides are not found');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
