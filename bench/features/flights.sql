-- The delay history of an airport before each departure, as a feature view (docs/flights.md). Needs table flight.
SELECT quiver.feature_create_entity('origin', '{"origin": "text"}');
SELECT quiver.feature_create_view('delays', 'origin', source => 'flight', event_ts => 'departure', windows => '[
    {"name": "flights_1h", "agg": "count", "window": "1 hour"},
    {"name": "delay_1h", "agg": "avg", "column": "delay", "window": "1 hour"},
    {"name": "delay_24h", "agg": "avg", "column": "delay", "window": "24 hours"},
    {"name": "worst_24h", "agg": "max", "column": "delay", "window": "24 hours"},
    {"name": "median_24h", "agg": "percentile", "column": "delay", "argument": 0.5, "window": "24 hours"}]');
CREATE TABLE training AS SELECT * FROM quiver.feature_get_historical('SELECT id, origin, departure, delay > 30 AS late FROM flight',
    ARRAY['delays:*'], spine_ts => 'departure')
    AS t(id bigint, origin text, departure timestamptz, late boolean, flights_1h bigint, delay_1h numeric, delay_24h numeric,
         worst_24h int, median_24h float8);
