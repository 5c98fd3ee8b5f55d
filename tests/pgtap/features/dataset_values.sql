-- Datasets: made once, made again exactly, compared with what would be made now.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(20);

SELECT quiver.feature_create_view('score', 'customer', managed => true, features => '{"score": "float8"}', ttl => '5 hours',
    windows => '[{"name": "n", "agg": "count", "column": "score", "window": "5 hours"}]');
SELECT quiver.feature_create_view('spend', 'customer', source => 'payments', event_ts => 'paid_at', features => '["amount"]');
SELECT quiver.feature_create_service('both', ARRAY['score:*', 'spend:amount'], transforms => '{"ratio": "score / nullif(amount, 0)"}');
INSERT INTO score_history (user_id, event_ts, score) SELECT i % 4, timestamptz '2024-01-01Z' + i * interval '17 minutes', i FROM generate_series(1, 100) AS i;
CREATE TABLE labels AS SELECT i % 5 AS user_id, timestamptz '2024-01-01Z' + i * interval '31 minutes' AS event_ts, i AS label FROM generate_series(1, 50) AS i;

CALL quiver.feature_create_dataset('one', 'labels', features => ARRAY['score:*']);
SELECT is((SELECT count(*) FROM one), 50::bigint, 'a dataset is a table');
SELECT results_eq('SELECT row_id, label FROM one ORDER BY row_id', 'SELECT i::bigint, i FROM generate_series(1, 50) AS i', 'with its rows numbered in the order of the spine');
SELECT is((SELECT rows || ' ' || exact || ' ' || target_schema || '.' || target_table FROM quiver.feature_dataset WHERE name = 'one'), '50 true public.one',
    'its facts are kept; all views are managed, so replay is exact');
SELECT is((SELECT content_hash FROM quiver.feature_dataset WHERE name = 'one'),
    quiver.feature_hash('one', '{row_id,user_id,event_ts,label,score,n}'), 'the hash is that of the table');
CREATE TABLE shuffled AS SELECT * FROM one ORDER BY md5(label::text);
SET LOCAL datestyle = 'German'; SET LOCAL timezone = 'Asia/Tokyo';
SELECT is(quiver.feature_hash('shuffled', '{row_id,user_id,event_ts,label,score,n}'), (SELECT content_hash FROM quiver.feature_dataset WHERE name = 'one'),
    'in any order and under any settings');
RESET timezone; RESET datestyle;

-- Late rows, of this same transaction too, change what is known now and not what was seen.
INSERT INTO score_history (user_id, event_ts, score) SELECT i % 4, timestamptz '2024-01-01Z' + i * interval '17 minutes' + '1 s', -i FROM generate_series(1, 100) AS i;
CREATE TABLE again AS SELECT * FROM quiver.feature_replay_dataset('one') AS r(row_id bigint, user_id int, event_ts timestamptz, label int, score float8, n bigint);
SELECT set_eq('TABLE again', 'TABLE one', 'replay makes the same rows after late inserts');
SELECT results_eq($$SELECT feature, same, changed + appeared + vanished FROM quiver.feature_diff_dataset('one', false)$$,
    $$VALUES ('score', 50::bigint, 0::bigint), ('n', 50, 0)$$, 'of what it saw then, nothing differs');
SELECT ok((SELECT bool_and(rows = 50 AND same + changed + appeared + vanished = 50 AND changed > 30) FROM quiver.feature_diff_dataset('one')), 'now much would');
DELETE FROM labels;
SELECT set_eq($$SELECT * FROM quiver.feature_replay_dataset('one') AS r(row_id bigint, user_id int, event_ts timestamptz, label int, score float8, n bigint)$$,
    'TABLE one', 'the spine is kept with the dataset');

INSERT INTO labels VALUES (1, '2024-01-01 12:00Z', 7), (2, '2024-01-01 12:00Z', 8);
CALL quiver.feature_create_dataset('two', 'SELECT user_id, event_ts FROM labels', service => 'both', target => 'public.second', with_status => true);
SELECT is((SELECT exact FROM quiver.feature_dataset WHERE name = 'two'), false, 'a foreign source makes no promise of exact replay');
SELECT is((SELECT count(*) FROM second WHERE ratio = score / amount), 2::bigint, 'transforms are in the dataset');
UPDATE payments SET amount = amount + 1 WHERE user_id = 1;
SELECT results_eq($$SELECT feature, changed FROM quiver.feature_diff_dataset('two') WHERE changed > 0$$, $$VALUES ('amount', 1::bigint), ('ratio', 1)$$,
    'the diff names what changed, transforms included');
SELECT is((SELECT count(*) FROM quiver.feature_run WHERE kind = 'dataset' AND outputs = '["public.second"]' AND inputs = '["public.score_v1", "public.spend_v1"]'), 1::bigint,
    'the run records what was read and written');

SELECT throws_ok($$UPDATE score_history SET score = 1$$, '55006', NULL, 'a history is insert-only');
SELECT throws_ok($$DELETE FROM score_history$$, '55006', NULL, 'and keeps its rows');
SELECT throws_ok($$CALL quiver.feature_create_dataset('one', 'labels', features => ARRAY['score:*'])$$, '42710', 'dataset "one" already exists', 'a name is used once');
SELECT throws_ok($$CALL quiver.feature_create_dataset('three', 'SELECT *, NULL::timestamptz AS t FROM labels', spine_ts => 't', features => ARRAY['score:*'])$$,
    '22004', 'column "t" of the spine is NULL in 2 row(s)', 'times that are NULL are refused');
SELECT throws_ok($$SELECT quiver.feature_drop_view('score')$$, '55006', NULL, 'a view that a dataset uses is not dropped');
SELECT throws_ok($$SELECT quiver.feature_drop_service('both')$$, '55006', NULL, 'nor a service');
SELECT lives_ok($$SELECT quiver.feature_drop_dataset('two', true), quiver.feature_drop_service('both')$$, 'until the dataset is dropped');

SELECT * FROM finish();
ROLLBACK;
