-- The worked example of docs/flights.md on two airports: delays strictly before each departure, with many ties.
\ir ../lib/setup.sql
LOAD 'quiver';
SELECT plan(5);
CREATE TABLE flight (id bigint GENERATED ALWAYS AS IDENTITY, departure timestamptz, delay int, origin text);
\copy flight (departure, delay, origin) from 'tests/data/flights/flights.tsv'
ANALYZE flight;
SET LOCAL quiver.asof_strategy = hash;
\o /dev/null
\ir ../../../bench/features/flights.sql
\o
CREATE FUNCTION pg_temp.nodes(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN (length(plan::text) - length(replace(plan::text, '"AsofWindows"', ''))) / length('"AsofWindows"');
END $$;
SELECT is(pg_temp.nodes(quiver.feature_historical_sql('flight', ARRAY['delays:*'], spine_ts => 'departure')), 2::bigint,
    'both widths of the view are windows nodes');
SELECT is((SELECT count(*) FROM training), (SELECT count(*) FROM flight), 'a row for each flight');
SELECT cmp_ok((SELECT count(*) FROM (SELECT FROM flight GROUP BY origin, departure HAVING count(*) > 1) t), '>', 50::bigint, 'many flights leave in the same minute');
SELECT is((SELECT count(*) FROM training WHERE departure = (SELECT min(departure) FROM flight f WHERE f.origin = training.origin) AND flights_1h > 0), 0::bigint,
    'flights of the first minute have no history, not even one another');
SET LOCAL quiver.enable_asof_join = off;
SELECT is((SELECT count(*) FROM training t WHERE (flights_1h, delay_1h, delay_24h, worst_24h, median_24h) IS DISTINCT FROM (
    SELECT (count(*) FILTER (WHERE f.departure >= t.departure - interval '1 hour'), avg(delay) FILTER (WHERE f.departure >= t.departure - interval '1 hour'),
        avg(delay), max(delay), percentile_cont(0.5) WITHIN GROUP (ORDER BY delay))
    FROM flight f WHERE f.origin = t.origin AND f.departure >= t.departure - interval '24 hours' AND f.departure < t.departure)), 0::bigint,
    'each feature is what SQL by hand makes of it');
SELECT * FROM finish();
ROLLBACK;
