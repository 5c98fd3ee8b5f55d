-- The node of sliding windows answers as the ordinary plan does, on random data; when it is taken, and when not.
-- `make asof-oracle` runs 200 seeds.
\ir ../lib/setup.sql
\ir ../lib/asof_oracle.sql
\ir ../lib/window_oracle.sql
LOAD 'quiver';
SELECT plan(24);
SELECT pg_temp.asof_fill(1);
SELECT is_empty('SELECT pg_temp.windows_unused()', 'each query of the oracle gets the node when it is asked for');
SELECT is_empty('SELECT pg_temp.window_differences(seed) FROM unnest(array[1, 3, 5, 8, 17, 42]) seed',
    'with and without memory, alone and in parallel, windows are what the nested loop makes of them');

CREATE TABLE readings (sensor int, ts timestamptz, v float8, amount numeric, id serial);
INSERT INTO readings SELECT i % 50, timestamptz '2024-01-01' + i * interval '1 minute', (i % 1009)::float8 / 7, i % 101 / 4.0
    FROM generate_series(1, 20000) i;
CREATE INDEX ON readings (sensor, ts);
CREATE TABLE labels AS SELECT i AS label, i % 60 AS sensor, timestamptz '2024-01-01' + i * interval '5 minutes' AS ts FROM generate_series(1, 4000) i;
ANALYZE readings, labels;
\ir ../lib/plan.sql
CREATE FUNCTION pg_temp.windows(targets text, conditions text DEFAULT 'r.sensor = l.sensor AND r.ts >= l.ts - interval ''2 days'' AND r.ts < l.ts',
    tail text DEFAULT '', spine text DEFAULT 'labels') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT l.*, w.* FROM %s l LEFT JOIN LATERAL (SELECT %s FROM readings r WHERE %s %s) w ON true', spine, targets, conditions, tail)
$$;
SELECT matches(pg_temp.plan_of(pg_temp.windows('count(*), sum(v), avg(v)')),
    'Custom Scan \(AsofWindows\)\s+Join Type: Left\s+Window: .*sensor = l.sensor.*\s+->  Seq Scan on labels l\s+->  Seq Scan on readings r',
    'many windows take the node by cost, and EXPLAIN shows both sides');
SELECT matches(pg_temp.plan_of(pg_temp.windows('count(*)'), 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF'),
    'Spine Rows: 4000\s+History Rows: 20000\s+Rows Kept: \d+\s+Batches: 1\s+Window Memory: \d+ kB', 'EXPLAIN ANALYZE counts rows and memory');
SELECT doesnt_match(pg_temp.plan_of(pg_temp.windows('count(*)', spine => '(SELECT * FROM labels WHERE label = 1)')), 'AsofWindows',
    'a few windows are left to the index');
SELECT doesnt_match(pg_temp.plan_of(pg_temp.windows(targets, conditions, tail)), 'AsofWindows', description)
FROM (VALUES
    ('sum(v)', 'r.sensor = l.sensor', '', 'no time condition, no node'),
    ('sum(v)', 'r.sensor = l.sensor AND r.ts < l.ts AND r.ts > l.ts - interval ''1 day'' AND random() < 2', '', 'a volatile condition is left to the nested loop'),
    ('sum(v + l.label)', 'r.sensor = l.sensor AND r.ts < l.ts', '', 'an aggregate that mixes both sides is left to the nested loop'),
    ('sum(v)', 'r.sensor = l.sensor AND r.ts < l.ts', 'HAVING count(*) > l.label', 'HAVING that mentions the spine is left to the nested loop'),
    ('sum(v)', 'r.sensor = l.sensor AND r.ts < l.ts', 'HAVING count(*) > (SELECT 3)', 'as is one with a subquery'),
    ('sum(v)', 'r.sensor = l.sensor AND r.ts < l.ts', 'GROUP BY r.id', 'groups are left to the nested loop'),
    ('string_agg(id::text, '','' ORDER BY id)', 'r.sensor = l.sensor AND r.ts < l.ts', '', 'an ordered aggregate is left to the nested loop')
) AS c(targets, conditions, tail, description);
SELECT matches(pg_temp.plan_of(pg_temp.windows('count(*) AS n, sum(v) AS total') || ' WHERE w.n > 200'), 'AsofWindows[\s\S]*Join Filter: [^\n]*200',
    'a condition that the planner has moved to the aggregates is the node''s');
SELECT matches(pg_temp.plan_of(pg_temp.windows('sum(v)', tail => 'HAVING count(*) > 3')), 'AsofWindows', 'HAVING is the node''s');
SET LOCAL quiver.enable_asof_join = off;
SELECT doesnt_match(pg_temp.plan_of(pg_temp.windows('count(*)')), 'AsofWindows', 'the setting leaves windows to the nested loop');
-- As the index gives the rows in order of time, sums and deviations of floats are the same to the last bit.
SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_seqscan = off;
CREATE TABLE expected AS SELECT * FROM labels l LEFT JOIN LATERAL (SELECT sum(v) AS a, avg(v) AS b, stddev(v) AS c, variance(v) AS d, sum(amount) AS e, avg(amount) AS f
    FROM readings r WHERE r.sensor = l.sensor AND r.ts >= l.ts - interval '2 days' AND r.ts < l.ts) w ON true;
RESET enable_bitmapscan;
RESET enable_seqscan;
SET LOCAL quiver.enable_asof_join = on;
SET LOCAL quiver.asof_strategy = hash;
CREATE TABLE got AS SELECT * FROM labels l LEFT JOIN LATERAL (SELECT sum(v) AS a, avg(v) AS b, stddev(v) AS c, variance(v) AS d, sum(amount) AS e, avg(amount) AS f
    FROM readings r WHERE r.sensor = l.sensor AND r.ts >= l.ts - interval '2 days' AND r.ts < l.ts) w ON true;
SELECT results_eq('SELECT label, a, b, c, d, e, f FROM got ORDER BY label', 'SELECT label, a, b, c, d, e, f FROM expected ORDER BY label',
    'floats are added in order of time');
-- Many rows of one time: an index gives them out in the order of their addresses. From 16 on count(DISTINCT v) makes the planner sort
-- what comes from the index by v, which is no order of time.
SELECT set_config(name, 'off', true) FROM pg_settings WHERE name = 'enable_presorted_aggregate';
CREATE TABLE beats AS SELECT (i * 7919) % 40 AS sensor, timestamptz '2024-01-01' + (i * 31 % 97) * interval '1 hour' AS ts,
    CASE WHEN i % 11 > 0 THEN exp((i::bigint * 104729 % 1000) / 31.0::float8) END AS v FROM generate_series(1, 30000) i;
CREATE INDEX ON beats (sensor, ts);
CREATE VIEW loud_beats AS SELECT sensor, ts, v * 1.1 AS v FROM beats WHERE v IS NULL OR v > 2;
ANALYZE beats;
CREATE FUNCTION pg_temp.sums(source text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT l.label, w.* FROM labels l LEFT JOIN LATERAL (SELECT sum(v) AS a, avg(v) AS b, stddev(v) AS c, count(DISTINCT v) AS d,
        max(v) AS e, count(*) AS f FROM %s b WHERE b.sensor = l.sensor AND b.ts >= l.ts - interval ''1 day'' AND b.ts < l.ts) w ON true', source)
$$;
SELECT pg_temp.sums('(SELECT * FROM beats WHERE v > 1000000)') AS by_value \gset
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT matches(pg_temp.plan_of(pg_temp.sums(source)), 'Gather\s+Workers Planned: 2\s+->  Parallel Custom Scan \(AsofWindows\).*Parallel Seq Scan on beats',
    format('workers share windows over %s', source)) FROM unnest('{beats,loud_beats}'::text[]) AS source;
SET LOCAL quiver.asof_strategy = probe;
SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_seqscan = off;
SELECT format('CREATE TABLE expected_%s AS %s', source, pg_temp.sums(source)) FROM unnest('{beats,loud_beats}'::text[]) AS source \gexec
RESET enable_bitmapscan;
RESET enable_seqscan;
SET LOCAL quiver.asof_strategy = hash;
SELECT format('CREATE TABLE got_%s AS %s', source, pg_temp.sums(source)) FROM unnest('{beats,loud_beats}'::text[]) AS source \gexec
SELECT results_eq(format('SELECT * FROM got_%s ORDER BY label', source), format('SELECT * FROM expected_%s ORDER BY label', source),
    format('workers add floats of %s in the order of an index', source)) FROM unnest('{beats,loud_beats}'::text[]) AS source;
SET LOCAL max_parallel_workers_per_gather = 0;
-- A history that is read by value: rows of one time do not come in the order of their addresses.
SET LOCAL quiver.asof_strategy = probe;
SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_seqscan = off;
CREATE TABLE expected_by_value AS :by_value;
CREATE INDEX beats_by_value ON beats (v);
SET LOCAL quiver.asof_strategy = hash;
SELECT matches(pg_temp.plan_of(:'by_value'), 'AsofWindows[\s\S]*Index Scan using beats_by_value', 'a history may come in an order of its own');
CREATE TABLE got_by_value AS :by_value;
SELECT results_eq('TABLE got_by_value ORDER BY label', 'TABLE expected_by_value ORDER BY label', 'and is added in the order of addresses all the same');
RESET enable_bitmapscan;
RESET enable_seqscan;
SELECT throws_ok($$SELECT w.* FROM (VALUES (1, now()), (2, now())) l(sensor, ts) LEFT JOIN LATERAL (SELECT sum(v) FROM
    (VALUES (1, now() - interval '2 hours', 1.7e308::float8), (1, now() - interval '1 hour', 1.7e308)) r(sensor, ts, v)
    WHERE r.sensor = l.sensor AND r.ts < l.ts) w ON true$$, '22003', NULL, 'a sum that overflows is an error, as it is in PostgreSQL');
CREATE AGGREGATE public.own_greatest(int) (SFUNC = int4larger, STYPE = int);
REVOKE EXECUTE ON FUNCTION public.own_greatest(int) FROM public;
CREATE ROLE window_reader;
GRANT SELECT ON readings, labels TO window_reader;
SET LOCAL ROLE window_reader;
SELECT throws_ok(pg_temp.windows('public.own_greatest(r.id)'), '42501', NULL, 'an aggregate needs EXECUTE, whichever node calls it');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
