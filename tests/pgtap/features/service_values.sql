-- Precomputed services, validation rules, the serving log and skew, delivery.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(32);

SELECT quiver.feature_create_view('score', 'customer', managed => true, online => true, features => '{"score": "float8"}', ttl => '1 hour');
SELECT quiver.feature_create_view('state', 'customer', managed => true, online => true, features => '{"state": "text", "level": "int"}');
SELECT quiver.feature_push('state', '[{"user_id": 1, "event_ts": "2024-01-01Z", "state": "a", "level": 1}, {"user_id": 2, "event_ts": "2024-01-01Z", "state": "b"}]');
SELECT quiver.feature_create_service('both', ARRAY['score:score', 'state:*']);
SELECT quiver.feature_create_service('plain', ARRAY['score:score', 'state:*']);
CALL quiver.feature_precompute('both');

-- One row an entity, kept by pushes to each of its views.
SELECT columns_are('public', 'both_v1_online', ARRAY['user_id', 'm1_event_ts', 'm1_created_ts', 'm1_ingest_id', 'score', 'm2_event_ts', 'm2_created_ts', 'm2_ingest_id', 'level', 'state'],
    'a precomputed service is one table');
SELECT is(quiver.feature_online('both', 1), '{"score": null, "level": 1, "state": "a"}', 'filled with what was online');
SELECT quiver.feature_push('score', jsonb_build_array(jsonb_build_object('user_id', 1, 'event_ts', now() - interval '1 minute', 'score', 5),
    jsonb_build_object('user_id', 3, 'event_ts', now() - interval '61 minutes', 'score', 6)));
SELECT is(quiver.feature_online('both', 1), '{"score": 5, "level": 1, "state": "a"}', 'a push to one view leaves the others as they are');
SELECT quiver.feature_push('score', '{"user_id": 1, "event_ts": "2020-01-01Z", "score": 0}'), quiver.feature_push('state', '{"user_id": 1, "event_ts": "2024-01-02Z", "state": "c"}');
SELECT is(quiver.feature_online('both', 1), '{"score": 5, "level": null, "state": "c"}', 'late rows do not win there either');
SELECT is((SELECT jsonb_agg(quiver.feature_get_online('both', jsonb_build_object('user_id', u), true) #- '{score,age_seconds}' #- '{state,age_seconds}' #- '{level,age_seconds}') FROM generate_series(1, 4) AS u),
    (SELECT jsonb_agg(quiver.feature_get_online('plain', jsonb_build_object('user_id', u), true) #- '{score,age_seconds}' #- '{state,age_seconds}' #- '{level,age_seconds}') FROM generate_series(1, 4) AS u),
    'values and states are those of the service that is not precomputed');
SELECT ok(quiver.feature_expire('score') > 0, 'what is past the ttl can be deleted');
SELECT is((SELECT jsonb_agg(quiver.feature_get_online('both', jsonb_build_object('user_id', u), true) -> 'score' -> 'status') FROM generate_series(1, 4) AS u),
    (SELECT jsonb_agg(quiver.feature_get_online('plain', jsonb_build_object('user_id', u), true) -> 'score' -> 'status') FROM generate_series(1, 4) AS u),
    'and is gone from the one table, too');
DELETE FROM both_v1_online;
CALL quiver.feature_materialize('score', 'full');
CALL quiver.feature_materialize('state', 'full');
SELECT is((SELECT count(*) FROM generate_series(1, 4) AS u WHERE quiver.feature_online('both', u) IS DISTINCT FROM quiver.feature_online('plain', u)), 0::bigint, 'full materialisation makes it again');
CREATE ROLE feature_reader;
GRANT SELECT ON both_v1_online TO feature_reader;
ALTER TABLE both_v1_online ENABLE ROW LEVEL SECURITY;
CREATE POLICY two ON both_v1_online FOR SELECT TO feature_reader USING (user_id = 2);
SET LOCAL ROLE feature_reader;
SELECT is(quiver.feature_online('both', 1) || quiver.feature_online('both', 2), '{"score": null, "level": null, "state": "b"}', 'row security holds for the one table');
RESET ROLE;
SELECT quiver.feature_create_service('twice', ARRAY['score as a:score', 'score as b(user_id=other):score']);
SELECT throws_ok($$CALL quiver.feature_precompute('twice')$$, '0A000', NULL, 'a service about two entities is refused');

-- Rules.
SELECT quiver.feature_create_rule('score', 'in_range', 'score BETWEEN 0 AND 100', 'block');
SELECT quiver.feature_create_rule('score', 'not_old', 'event_ts > ''2000-01-01Z''', 'quarantine');
SELECT quiver.feature_create_rule('score', 'usual', 'score < 50', 'warn');
SELECT is(pg_temp.refusal_of($$SELECT quiver.feature_push('score', '[{"user_id": 7, "event_ts": "2024-01-01Z", "score": 101}, {"user_id": 8, "event_ts": "2024-01-01Z", "score": 1}]')$$),
    '23514 | 1 row(s) for feature view "score" fail rule "in_range" | Nothing of the push was stored; correct the rows, or change the mode of the rule.', 'a blocking rule refuses the push');
SELECT is((SELECT count(*) FROM score_history WHERE user_id IN (7, 8)), 0::bigint, 'as a whole');
SELECT is(quiver.feature_push('score', '[{"user_id": 7, "event_ts": "1999-01-01Z", "score": 1}, {"user_id": 8, "event_ts": "2024-01-01Z", "score": 60}, {"user_id": 9, "event_ts": "2024-01-01Z"}]')::text,
    '(2,2,0,1,1)', 'others set rows aside or count them; NULL passes');
SELECT is((SELECT array_agg(user_id) FROM score_history WHERE user_id IN (7, 8, 9)), '{8,9}', 'what is set aside is not stored');
SELECT is((SELECT rules::text || (payload ->> 'user_id') FROM quiver.feature_quarantine), '{not_old}7', 'but kept with its reason');
SELECT results_eq('SELECT rule, rows, failed FROM quiver.feature_rule_result ORDER BY rule', $$VALUES ('not_old', 3::bigint, 1::bigint), ('usual', 3, 1)$$, 'and counted');
SELECT results_eq($$SELECT rule, rows, failed FROM quiver.feature_validate('score')$$, $$VALUES ('in_range', 5::bigint, 0::bigint), ('not_old', 5, 0), ('usual', 5, 1)$$,
    'stored rows can be checked at any time');
SELECT is(pg_temp.refusal_of($$SELECT quiver.feature_create_rule('score', 'x', 'score + 1')$$), '42804 | rule "x" is double precision, not boolean', 'a rule is boolean');
SELECT throws_ok($$SELECT quiver.feature_create_rule('score', 'x', 'scorre > 1')$$, '42703', NULL, 'over columns that there are');
SELECT throws_ok($$SELECT quiver.feature_create_rule('score', 'x', 'random() > 1')$$, '0A000', NULL, 'and not volatile');
SELECT lives_ok($$SELECT quiver.feature_drop_rule('score', 'in_range')$$, 'a rule can be dropped');
SELECT throws_ok($$SELECT quiver.feature_drop_rule('score', 'in_rnage')$$, '42704', NULL, 'once');

-- Serving and skew.
SELECT is(quiver.feature_serve('plain', '[{"user_id": 1}, {"user_id": 2}]'), quiver.feature_get_online('plain', '[{"user_id": 1}, {"user_id": 2}]'), 'serving answers as a read does');
SELECT is((SELECT count(*) FROM quiver.feature_serving_log), 2::bigint, 'and logs each request');
SELECT results_eq($$SELECT feature, served, same, mismatched + missing + extra FROM quiver.feature_check_skew('plain')$$,
    $$VALUES ('score', 2::bigint, 2::bigint, 0::bigint), ('level', 2, 2, 0), ('state', 2, 2, 0)$$, 'what was served is what is known');
UPDATE state_v1_online SET state = 'wrong', level = 4 WHERE user_id = 1;
SELECT quiver.feature_serve('plain', '{"user_id": 1}');
SELECT results_eq($$SELECT feature, same, mismatched, missing, extra FROM quiver.feature_check_skew('plain')$$,
    $$VALUES ('score', 3::bigint, 0::bigint, 0::bigint, 0::bigint), ('level', 2, 0, 0, 1), ('state', 2, 1, 0, 0)$$, 'a store that was tampered with shows');
SELECT is((SELECT count(*) FROM (SELECT quiver.feature_serve('plain', jsonb_build_object('user_id', u), 0.25) FROM generate_series(1, 400) AS u) AS s), 400::bigint, 'a sample');
SELECT ok((SELECT count(*) BETWEEN 60 AND 140 FROM quiver.feature_serving_log WHERE id > 3), 'of entities is logged');
SELECT throws_ok($$SELECT quiver.feature_serve('plain', '{"user_id": 1}', 2)$$, '22023', NULL, 'a sample is a fraction');

-- Delivery.
SELECT quiver.feature_deliver('state', notify => true, outbox => true);
SELECT quiver.feature_push('state', '{"user_id": 5, "event_ts": "2024-01-02Z", "state": "z"}');
SELECT is((SELECT payload ->> 'state' FROM quiver.feature_outbox), 'z', 'the outbox has the row');
SELECT is((SELECT quiver.feature_outbox_trim(max(id)) FROM quiver.feature_outbox), 1::bigint, 'until it is trimmed');
SELECT throws_ok($$SELECT quiver.feature_deliver('stae', true)$$, '42704', NULL, 'of a view that there is');

SELECT * FROM finish();
ROLLBACK;
