-- Online reads by every kind of key: several columns, text, no key at all, and rows of which the index knows many versions.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(17);

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

-- Where integer keys lie is guessed: keys that lie unevenly, at both ends of the type, and between two others.
SELECT quiver.feature_create_entity('thing', '{"thing": "bigint"}'), quiver.feature_create_entity('small', '{"small": "smallint"}');
SELECT quiver.feature_create_view('uneven', 'thing', managed => true, online => true, features => '{"n": "numeric"}');
SELECT quiver.feature_create_service('things', ARRAY['uneven:n']);
SELECT quiver.feature_push_rows('uneven', $$SELECT k AS thing, '2024-01-01Z'::timestamptz AS event_ts, k::numeric / 4 AS n
    FROM (SELECT 3 * i FROM generate_series(-4000, 4000) AS i UNION SELECT s * (2 ^ i)::bigint FROM generate_series(14, 62) AS i, unnest('{-1,1}'::int[]) AS s
          UNION VALUES (9223372036854775807), (-9223372036854775808)) AS keys(k)$$);
SELECT is((SELECT count(*) FROM uneven_v1_online v WHERE (quiver.feature_online('things', v.thing) ->> 'n')::numeric IS DISTINCT FROM v.n), 0::bigint,
    'each of 8,101 keys that lie unevenly finds its row');
SELECT is((SELECT count(*) FROM uneven_v1_online v, unnest('{-1,1}'::int[]) AS d WHERE v.thing BETWEEN -9000000000000000000 AND 9000000000000000000
    AND NOT EXISTS (SELECT FROM uneven_v1_online o WHERE o.thing = v.thing + d) AND quiver.feature_online('things', v.thing + d) ->> 'n' IS NOT NULL), 0::bigint,
    'and none between them does');
DELETE FROM uneven_v1_online WHERE thing BETWEEN -9000 AND 9000 AND thing % 50 <> 0;
SELECT is((SELECT count(*) FROM uneven_v1_online v WHERE (quiver.feature_online('things', v.thing) ->> 'n')::numeric IS DISTINCT FROM v.n), 0::bigint,
    'nor where most are gone');
SELECT quiver.feature_create_view('few', 'small', managed => true, online => true, features => '{"n": "int"}');
SELECT quiver.feature_create_service('smalls', ARRAY['few:n']);
SELECT quiver.feature_push_rows('few', $$SELECT i::smallint AS small, '2024-01-01Z'::timestamptz AS event_ts, i AS n FROM generate_series(-32768, 32767) AS i$$);
SELECT is((SELECT count(*) FROM few_v1_online v WHERE (quiver.feature_online('smalls', v.small) ->> 'n')::int IS DISTINCT FROM v.n), 0::bigint,
    'each of all 65,536 small ones finds its row');

SELECT * FROM finish();
ROLLBACK;
