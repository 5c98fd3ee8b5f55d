-- The statements of the feature store run as as-of joins, and mean the same with and without.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(7);

SELECT quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', created_ts => 'seen_at', features => '["amount"]', ttl => '1 day');
SELECT quiver.feature_create_view('score', 'customer', managed => true, features => '{"score": "float8"}', ttl => '1 day');
INSERT INTO payments SELECT i % 200, timestamptz '2024-01-01Z' + i * interval '1 minute', timestamptz '2024-01-01Z' + i * interval '2 minutes', i FROM generate_series(1, 20000) AS i;
INSERT INTO score_history (user_id, event_ts, score) SELECT i % 200, timestamptz '2024-01-01Z' + i * interval '1 minute', i FROM generate_series(1, 20000) AS i;
CREATE TABLE labels AS SELECT i % 210 AS user_id, timestamptz '2024-01-01Z' + i * interval '37 minutes' AS event_ts FROM generate_series(1, 3000) AS i;
CREATE INDEX ON payments (user_id, paid_at);
ANALYZE payments, score_history, labels;
CREATE FUNCTION pg_temp.joins(statement text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE line text; n int := 0;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || statement LOOP
        n := n + (line ~ 'AsofJoin')::int;
    END LOOP;
    RETURN n;
END $$;
SELECT is(pg_temp.joins(quiver.feature_historical_sql('labels', ARRAY['spend:amount', 'score:score'], with_status => true)), 2, 'each view is one as-of join');
SELECT is(pg_temp.joins(quiver.feature_historical_sql('labels', ARRAY['spend:amount'], known_at => '2024-01-05')), 1, 'with known_at');
SELECT is(pg_temp.joins(quiver.feature_historical_sql('labels', ARRAY['spend:amount'], known_at_col => 'event_ts')), 1, 'with the time of the spine as known_at_col');
SELECT is(pg_temp.joins(quiver.feature_historical_sql('labels', ARRAY['spend:amount'], ignore_nulls => true, strict => true)), 1, 'with ignore_nulls and strict');
CALL quiver.feature_create_dataset('one', 'labels', features => ARRAY['spend:amount', 'score:score']);
SELECT is(pg_temp.joins(quiver.feature_replay_sql('one')), 2, 'the snapshot of a dataset is a filter of the history');
CREATE TABLE joined AS SELECT * FROM quiver.feature_get_historical('labels', ARRAY['spend:amount', 'score:score'], with_status => true) AS t(user_id int, event_ts timestamptz,
    amount float8, amount_status text, amount_age interval, score float8, score_status text, score_age interval);
SET LOCAL quiver.enable_asof_join = off;
SELECT is((SELECT count(*) FROM joined), 3000::bigint, 'a row for each row of the spine');
SELECT set_eq($$SELECT * FROM quiver.feature_get_historical('labels', ARRAY['spend:amount', 'score:score'], with_status => true) AS t(user_id int, event_ts timestamptz,
    amount float8, amount_status text, amount_age interval, score float8, score_status text, score_age interval)$$, 'TABLE joined', 'the same rows without the node');

SELECT * FROM finish();
ROLLBACK;
