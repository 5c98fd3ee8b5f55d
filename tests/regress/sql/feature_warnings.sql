-- What the feature store warns of: times that leak, a bound in the future, rows of which nobody knows when they were known.
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE TABLE payments (user_id bigint, paid_at timestamptz, seen_at timestamptz, amount float8);
INSERT INTO payments VALUES (1, '2024-01-01 10:00Z', '2024-01-01 11:00Z', 10), (1, '2024-01-02 10:00Z', NULL, 20), (2, '2024-01-02Z', NULL, 30);
SELECT quiver.feature_create_entity('customer', '{"user_id": "bigint"}') \g /dev/null
SELECT quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', created_ts => 'seen_at',
    features => '["amount"]', windows => '[{"name": "before", "agg": "count", "window": "3 days"},
        {"name": "upto", "agg": "count", "window": "3 days", "bound": "(]"}]') \g /dev/null
CREATE VIEW labels AS SELECT user_id, paid_at AS event_ts FROM payments WHERE user_id = 1;

-- Each payment finds itself, unless only what was before is asked for.
SELECT * FROM quiver.feature_get_historical('labels', ARRAY['spend:amount']) AS t(user_id bigint, event_ts timestamptz, amount float8);
SELECT * FROM quiver.feature_get_historical('labels', ARRAY['spend:amount'], strict => true) AS t(user_id bigint, event_ts timestamptz, amount float8);
SELECT * FROM quiver.feature_get_historical('labels', ARRAY['spend:before']) AS t(user_id bigint, event_ts timestamptz, n bigint);
SELECT * FROM quiver.feature_get_historical('labels', ARRAY['spend:upto']) AS t(user_id bigint, event_ts timestamptz, n bigint);
SELECT * FROM quiver.feature_get_historical('SELECT user_id, event_ts + interval ''1 s'' AS event_ts FROM labels', ARRAY['spend:before'])
    AS t(user_id bigint, event_ts timestamptz, n bigint);

CALL quiver.feature_create_dataset('known', 'labels', features => ARRAY['spend:amount'], strict => true, known_at => '2024-02-01Z');
SELECT statistics - 'rows' FROM quiver.feature_run WHERE name = 'known';
CALL quiver.feature_create_dataset('all_of_it', 'labels', features => ARRAY['spend:amount'], strict => true);
SELECT statistics FROM quiver.feature_run WHERE name = 'all_of_it';
CALL quiver.feature_create_dataset('ahead', 'labels', features => ARRAY['spend:amount'], strict => true, known_at => '2999-01-01Z');
