-- Online reads by every kind of key: several columns, text, no key at all, and rows of which the index knows many versions.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(13);

SELECT quiver.feature_create_entity('place', '{"country": "text", "code": "int"}');
SELECT quiver.feature_create_view('visits', 'place', managed => true, online => true, features => '{"n": "int"}');
SELECT quiver.feature_push_rows('visits', $$SELECT country, code, '2024-01-01Z'::timestamptz AS event_ts, code * 10 + length(country) AS n
    FROM unnest(ARRAY['a', 'ab', 'ä', '', repeat('long', 300)]) AS country, generate_series(-300, 300) AS code$$);
SELECT quiver.feature_create_service('places', ARRAY['visits:n']);
SELECT is((SELECT count(*) FROM visits_v1_online v WHERE (quiver.feature_online('places', v.code, v.country) ->> 'n')::int IS DISTINCT FROM v.n),
    0::bigint, 'each of 3,005 keys of two columns finds its row');
SELECT is(quiver.feature_online('places', 301, 'ab') -> 'n', 'null', 'a key past the last has none');
SELECT is(quiver.feature_online('places', 0, 'aa') -> 'n', 'null', 'nor one between others');
SELECT is(quiver.feature_online('places', NULL::int, 'ab') -> 'n', 'null', 'nor one with a NULL');
SELECT is(quiver.feature_online('places', 7::smallint, 'ab') -> 'n', '72', 'a smaller integer type finds it too');

SELECT quiver.feature_create_entity('everyone', '{}');
SELECT quiver.feature_create_view('total', 'everyone', managed => true, online => true, features => '{"users": "bigint"}');
SELECT quiver.feature_create_service('totals', ARRAY['total:users']);
SELECT is(quiver.feature_get_online('totals', '{}'), '{"users": null}', 'an empty table has no row');
SELECT quiver.feature_push('total', '{"event_ts": "2024-01-01Z", "users": 3}');
SELECT is(quiver.feature_get_online('totals', '{}'), '{"users": 3}', 'a view without keys has one');
SELECT is(quiver.feature_online('totals'), '{"users": 3}', 'and is read without a request, too');
SELECT throws_ok($$SELECT quiver.feature_online('places')$$, '22023', 'feature service "places" is read with 2 argument(s), not 0',
    'a service whose views have keys is not');

-- Versions that are not chained on their page: each has an entry of the same key, over several leaves.
SELECT quiver.feature_create_view('score', 'customer', managed => true, online => true, features => '{"score": "float8"}');
SELECT quiver.feature_create_service('scores', ARRAY['score:score']);
SELECT quiver.feature_push_rows('score', $$SELECT u AS user_id, '2024-01-01Z'::timestamptz AS event_ts, u / 4.0 AS score FROM generate_series(1, 400) AS u$$);
CREATE INDEX ON score_v1_online (score);
DECLARE before CURSOR FOR SELECT quiver.feature_online('scores', u) ->> 'score' FROM generate_series(199, 201) AS u;
DO $$ BEGIN FOR i IN 1 .. 1500 LOOP UPDATE score_v1_online SET score = i WHERE user_id = 200; END LOOP; END $$;
SELECT is(quiver.feature_online('scores', 200), '{"score": 1500}', 'of 1,501 versions the newest is read');
SELECT is(quiver.feature_online('scores', 201), '{"score": 50.25}', 'and the next key after them');
SELECT results_eq('FETCH ALL FROM before', $$VALUES ('49.75'), ('50'), ('50.25')$$, 'an older snapshot reads the first');
DELETE FROM score_v1_online WHERE user_id = 200;
SELECT is(quiver.feature_online('scores', 200), '{"score": null}', 'a deleted row is gone');

SELECT * FROM finish();
ROLLBACK;
