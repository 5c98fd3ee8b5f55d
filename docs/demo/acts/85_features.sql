-- A training set as it was known
-- Will a flight leave late? A feature must be what was known when the label happened: the mean delay
-- of the airport's departures of the last two hours, strictly before this one. 40,000 departures of
-- 20 airports, made by a formula; each delay becomes known when the aircraft has left.

\set show off
SET client_min_messages = warning;
CREATE TABLE departure AS
SELECT 'APT' || i % 20 AS airport,
    timestamptz '2024-01-01Z' + i * interval '1 minute' AS planned,
    timestamptz '2024-01-01Z' + i * interval '1 minute'
        + ((i * 7919 % 90) * (1 + sin(i / 700.0)) / 2) * interval '1 minute' AS seen,
    ((i * 7919 % 90) * (1 + sin(i / 700.0)) / 2)::float8 AS delay
FROM generate_series(1, 40000) AS i;
CREATE INDEX ON departure (airport, planned);
ANALYZE departure;
CREATE VIEW label AS
SELECT airport, planned AS event_ts, delay > 30 AS late FROM departure WHERE planned >= '2024-01-20Z';
DO $$ BEGIN PERFORM quiver.feature_create_entity('airport', '{"airport": "text"}'); END $$;
\set show on

SELECT quiver.feature_create_view('departures', 'airport', source => 'departure',
    event_ts => 'planned', created_ts => 'seen', features => '["delay"]', windows =>
    '[{"name": "mean_2h", "agg": "avg", "column": "delay", "window": "2 hours"}]') AS version;

-- One row out for each row in, with what was known at its time and not what came to be known later.

CREATE TABLE training AS
SELECT * FROM quiver.feature_get_historical('label', ARRAY['departures:*'], known_at_col => 'event_ts')
    AS t(airport text, event_ts timestamptz, late bool, delay float8, mean_2h float8);

SELECT late, count(*), round(avg(mean_2h)::numeric, 1) AS mean_delay_before
FROM training GROUP BY late ORDER BY late;

-- A managed view keeps history and online row in one transaction. The second push is late: it is
-- kept, and does not win.

SELECT quiver.feature_create_view('weather', 'airport', managed => true, online => true,
    features => '{"wind": "int"}') AS version;

SELECT * FROM quiver.feature_push('weather', jsonb_build_array(
    jsonb_build_object('airport', 'APT1', 'event_ts', now() - interval '1 minute', 'wind', 31)));

SELECT * FROM quiver.feature_push('weather', jsonb_build_array(
    jsonb_build_object('airport', 'APT1', 'event_ts', now() - interval '1 hour', 'wind', 12)));

SELECT quiver.feature_create_service('takeoff', ARRAY['weather:wind'],
    inputs => '{"limit_kn": "int"}', transforms => '{"margin": "limit_kn - wind"}') AS version;

SELECT quiver.feature_online('takeoff', 'APT1', 40);

-- A dataset remembers the snapshot that it read: late rows do not change what it is made of.

CALL quiver.feature_create_dataset('gusts',
    $$SELECT 'APT1' AS airport, now() AS event_ts, 40 AS limit_kn$$, service => 'takeoff');

SELECT * FROM quiver.feature_push('weather', jsonb_build_array(
    jsonb_build_object('airport', 'APT1', 'event_ts', now() - interval '1 second', 'wind', 38)));

SELECT 'as it was' AS made, wind, margin FROM quiver.feature_replay_dataset('gusts')
    AS t(row_id bigint, airport text, event_ts timestamptz, limit_kn int, wind int, margin int)
UNION ALL
SELECT 'now, online', (f ->> 'wind')::int, (f ->> 'margin')::int
FROM quiver.feature_online('takeoff', 'APT1', 40) AS f;
