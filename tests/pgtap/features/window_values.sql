-- Sliding windows: exact at both ends, every aggregate against SQL by hand.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(20);

SELECT setseed(0.4);
CREATE TABLE event AS
SELECT (random() * 9)::int AS user_id, timestamptz '2024-01-01Z' + (random() * 1000)::int * interval '1 minute' AS at,
    nullif((random() * 20)::int, 7)::float8 AS x, i, timestamptz '2024-01-01Z' + (random() * 2000)::int * interval '1 minute' AS seen
FROM generate_series(1, 2000) AS i;
CREATE TABLE spine AS
SELECT (random() * 10)::int AS user_id, timestamptz '2024-01-01Z' + (random() * 1000)::int * interval '1 minute' AS t FROM generate_series(1, 300);

SELECT quiver.feature_create_view('w', 'customer', source => 'event', event_ts => 'at', created_ts => 'seen', features => '["i"]', windows => jsonb_agg(
        jsonb_build_object('name', n, 'agg', agg, 'column', col, 'argument', argument, 'window', width, 'bound', bound)))
FROM (VALUES
    ('n', 'count', NULL, NULL, '2 hours', '[)'), ('nx', 'count', 'x', NULL, '2 hours', '[)'), ('total', 'sum', 'x', NULL, '2 hours', '[)'),
    ('mean', 'avg', 'x', NULL, '3 hours', '[)'), ('low', 'min', 'x', NULL, '3 hours', '(]'), ('high', 'max', 'x + 1', NULL, '3 hours', '(]'),
    ('sd', 'stddev', 'x', NULL, '2 hours', '[)'), ('var', 'variance', 'x', NULL, '2 hours', '[)'), ('kinds', 'distinct', 'x', NULL, '2 hours', '[)'),
    ('half', 'percentile', 'x', 0.5, '2 hours', '[)'), ('newest', 'last', 'x', NULL, '2 hours', '[)'), ('oldest', 'first', 'x', NULL, '2 hours', '[)'),
    ('near_half', 'percentile_sketch', 'x', 0.5, '2 hours', '[)'), ('top', 'top_k', 'x', 3, '2 hours', '[)')
) AS w(n, agg, col, argument, width, bound);

SELECT quiver.feature_columns(quiver.feature_historical_sql('spine', ARRAY['w:*'], spine_ts => 't')) AS columns \gset
CREATE TABLE got AS SELECT * FROM quiver.feature_get_historical('spine', ARRAY['w:*'], spine_ts => 't') AS r(:columns);

SELECT is((SELECT count(*) FROM got), 300::bigint, 'a row for each row of the spine');
CREATE FUNCTION pg_temp.differing(feature text, aggregate text, width text, bound text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE result bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM got s WHERE %s IS DISTINCT FROM (SELECT %s FROM event e WHERE e.user_id = s.user_id AND %s)', feature, aggregate,
        CASE bound WHEN '[)' THEN format('e.at >= s.t - interval %L AND e.at < s.t', width) ELSE format('e.at > s.t - interval %L AND e.at <= s.t', width) END)
        INTO result;
    RETURN result;
END $$;
SELECT is(pg_temp.differing(f, a, w, b), 0::bigint, f || ' is ' || a)
FROM (VALUES
    ('nx', 'count(x)', '2 hours', '[)'), ('total', 'sum(x)', '2 hours', '[)'), ('mean', 'avg(x)', '3 hours', '[)'), ('low', 'min(x)', '3 hours', '(]'),
    ('high', 'max(x + 1)', '3 hours', '(]'),
    -- Rounded: both depend on the order in which floats are added, which differs between servers.
    ('round(sd::numeric, 9)', 'round(stddev_samp(x)::numeric, 9)', '2 hours', '[)'), ('round(var::numeric, 9)', 'round(var_samp(x)::numeric, 9)', '2 hours', '[)'),
    ('kinds', 'count(DISTINCT x)', '2 hours', '[)'), ('half', 'percentile_cont(0.5) WITHIN GROUP (ORDER BY x)', '2 hours', '[)'),
    ('near_half', 'percentile_disc(0.5) WITHIN GROUP (ORDER BY x)', '2 hours', '[)'),
    ('newest', '(array_agg(x ORDER BY at DESC, seen DESC) FILTER (WHERE x IS NOT NULL))[1]', '2 hours', '[)'),
    ('oldest', '(array_agg(x ORDER BY at, seen) FILTER (WHERE x IS NOT NULL))[1]', '2 hours', '[)')
) AS c(f, a, w, b);
SELECT is((SELECT count(*) FROM got s WHERE s.top IS DISTINCT FROM (SELECT array_agg(x ORDER BY k DESC, x) FROM (SELECT x, count(*) AS k FROM event e
    WHERE e.user_id = s.user_id AND e.at >= s.t - interval '2 hours' AND e.at < s.t AND x IS NOT NULL GROUP BY x ORDER BY k DESC, x LIMIT 3) AS t)), 0::bigint,
    'top_k is the most frequent values, the smaller first among equals');
SELECT is((SELECT count(*) FROM got WHERE user_id = 10 AND total IS NULL AND nx = 0 AND top IS NULL), (SELECT count(*) FROM spine WHERE user_id = 10),
    'an empty window counts 0 and sums to NULL');

-- Beyond what a sketch holds, its ranks are close.
CREATE TABLE wide AS SELECT 1 AS user_id, timestamptz '2024-01-01Z' + n * interval '1 second' AS at, (n * 7919 % 20011)::float8 AS x FROM generate_series(0, 19999) AS n;
SELECT quiver.feature_create_view('sketched', 'customer', source => 'wide', event_ts => 'at',
    windows => '[{"name": "p", "agg": "percentile_sketch", "column": "x", "argument": 0.9, "window": "1 day"}]');
SELECT cmp_ok((SELECT abs((SELECT avg((x <= p)::int) FROM wide) - 0.9) FROM quiver.feature_get_historical('SELECT 1 AS user_id, timestamptz ''2024-01-01 20:00Z'' AS event_ts', ARRAY['sketched:p'])
    AS r(user_id int, event_ts timestamptz, p float8)), '<', 0.01::numeric, 'a sketch of 20,000 rows gives the quantile within a hundredth');

-- The bounds, to the microsecond.
CREATE TABLE tick AS SELECT 1 AS user_id, timestamptz '2024-01-01 12:00Z' AS at;
SELECT quiver.feature_create_view('open', 'customer', source => 'tick', event_ts => 'at',
    windows => '[{"name": "c", "agg": "count", "window": "1 day"}, {"name": "d", "agg": "count", "window": "1 day", "bound": "(]"}]');
SELECT results_eq($$SELECT c, d FROM quiver.feature_get_historical('SELECT 1 AS user_id, t AS event_ts FROM unnest(''{2024-01-01 12:00Z,
    2024-01-01 12:00:00.000001Z, 2024-01-02 12:00Z, 2024-01-02 12:00:00.000001Z}''::timestamptz[]) AS t', ARRAY['open:*'], keep_order => true)
    AS r(user_id int, event_ts timestamptz, c bigint, d bigint)$$, $$VALUES (0::bigint, 1::bigint), (1, 1), (1, 0), (0, 0)$$,
    '[t - w, t) leaves out t and takes t - w; (t - w, t] the other way round');

-- With known_at, and NULL keys.
SELECT is((SELECT count(*) FROM quiver.feature_get_historical('spine', ARRAY['w:nx'], spine_ts => 't', known_at_col => 't') AS r(user_id int, t timestamptz, nx bigint)
    WHERE nx IS DISTINCT FROM (SELECT count(x) FROM event e WHERE e.user_id = r.user_id AND e.at >= r.t - interval '2 hours' AND e.at < r.t AND e.seen <= r.t)),
    0::bigint, 'known_at bounds windows as well');
SELECT is((SELECT (nx, nx_status)::text FROM quiver.feature_get_historical('SELECT NULL::int AS user_id, now() AS event_ts', ARRAY['w:nx'], with_status => true)
    AS r(user_id int, event_ts timestamptz, nx bigint, nx_status text, nx_age interval)), '(,null_key)', 'a NULL key has no windows');
SELECT is((SELECT count(*) FROM quiver.feature_get_historical('spine', ARRAY['w:i', 'w:n'], spine_ts => 't')
    AS r(user_id int, t timestamptz, i int, n bigint) WHERE n > 0 AND i IS NULL), 0::bigint, 'lookups and windows of one view come together');

SELECT * FROM finish();
ROLLBACK;
