-- The oracle of sliding windows: queries over the tables of asof_oracle.sql, each compared with the
-- ordinary plan. Sums of floats are of eighths, which are exact whatever order they are added in.
CREATE TEMP TABLE window_queries (name text, query text);
INSERT INTO window_queries
SELECT name, 'SELECT s.sid, w.* FROM spine s ' || rest FROM (VALUES
    ('count, sum, mean of integers', $$LEFT JOIN LATERAL (SELECT count(*) AS a, count(h.v) AS b, sum(h.id) AS c, avg(h.id) AS d,
        sum(h.id::bigint * 4611686018427387) AS e, avg(h.k2b) AS f FROM history h
        WHERE h.k = s.k AND h.ts >= s.ts - interval '3 hours' AND h.ts < s.ts) w ON true$$),
    ('floats, the other bound', $$LEFT JOIN LATERAL (SELECT sum(h.id / 8.0::float8) AS a, avg(h.id / 8.0::float8) AS b,
        round(stddev_samp(h.id / 8.0::float8)::numeric, 9) AS c, round(variance(h.id / 8.0::float8)::numeric, 9) AS d,
        min(h.v) AS e, max(h.v) AS f, sum(h.v) = 'NaN' AS g FROM history h
        WHERE h.k = s.k AND h.ts > s.ts - interval '3 hours' AND h.ts <= s.ts) w ON true$$),
    ('distinct and percentiles', $$LEFT JOIN LATERAL (SELECT count(DISTINCT h.v) AS a, count(DISTINCT h.d) AS b,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY h.v) AS c, percentile_cont(0.9) WITHIN GROUP (ORDER BY h.id) AS d FROM history h
        WHERE s.k8 = h.k2b AND h.ts >= s.ts - interval '9 hours' AND h.ts < s.ts) w ON true$$),
    ('first and last', $$LEFT JOIN LATERAL (SELECT (array_agg(h.note ORDER BY h.ts DESC, h.id DESC) FILTER (WHERE h.note IS NOT NULL))[1] AS a,
        (array_agg(h.v ORDER BY h.ts, h.id) FILTER (WHERE h.v IS NOT NULL))[1] AS b FROM history h
        WHERE h.kt = s.kt AND h.ts >= s.ts - interval '5 hours' AND h.ts < s.ts) w ON true$$),
    ('ties by a column with NULLs', $$LEFT JOIN LATERAL (SELECT (array_agg(h.id ORDER BY h.ts DESC, h.created DESC NULLS LAST, h.id DESC) FILTER (WHERE h.id IS NOT NULL))[1] AS a,
        (array_agg(h.id ORDER BY h.ts, h.created NULLS FIRST, h.id) FILTER (WHERE h.id IS NOT NULL))[1] AS b, count(*) AS c FROM history h
        WHERE h.k = s.k AND h.ts >= s.ts - interval '5 hours' AND h.ts <= s.ts) w ON true$$),
    ('numeric and text, by their own functions', $$LEFT JOIN LATERAL (SELECT sum(h.kn) AS a, avg(h.kn + h.id) AS b, max(h.note) AS c,
        array_length(array_agg(h.id) FILTER (WHERE h.v > 0.5), 1) AS d, bool_or(h.v > 0.9) AS e, stddev(h.id) AS f, sum(h.v::float4) IS NULL AS g FROM history h
        WHERE h.kt = s.kt AND h.k2 = s.k2 AND h.ts >= s.ts - interval '9 hours' AND h.ts < s.ts) w ON true$$),
    ('filters and expressions over aggregates', $$LEFT JOIN LATERAL (SELECT sum(h.id) FILTER (WHERE h.v > 0.3) AS a, count(*) FILTER (WHERE h.note IS NULL) AS b,
        coalesce(sum(h.id), 0) / nullif(count(*), 0) AS c, count(*) + 1 AS d, max(h.ts) - min(h.ts) AS e FROM history h
        WHERE h.k = s.k AND h.ts >= s.ts - interval '6 hours' AND h.ts < s.ts AND h.id % 7 <> 3) w ON true$$),
    ('known at the row''s time', $$LEFT JOIN LATERAL (SELECT count(*) AS a, sum(h.id) AS b, count(DISTINCT h.v) AS c,
        (array_agg(h.v ORDER BY h.ts DESC, h.id DESC) FILTER (WHERE h.v IS NOT NULL))[1] AS d FROM history h
        WHERE h.k = s.k AND h.ts >= s.ts - interval '9 hours' AND h.ts < s.ts AND h.created <= s.ts) w ON true$$),
    ('known at another time of the row', $$LEFT JOIN LATERAL (SELECT count(*) AS a, max(h.id) AS b, string_agg(h.id::text, ',' ) IS NULL AS c FROM history h
        WHERE h.k = s.k AND h.ts >= s.ts - interval '9 hours' AND h.ts < s.ts AND h.created < s.known) w ON true$$),
    ('all that was before', $$LEFT JOIN LATERAL (SELECT count(*) AS a, min(h.id) AS b FROM history h WHERE h.k = s.k AND h.ts < s.ts) w ON true$$),
    ('what comes after', $$LEFT JOIN LATERAL (SELECT count(*) AS a, max(h.id) AS b FROM history h
        WHERE h.k = s.k AND s.ts < h.ts AND h.ts <= s.ts + interval '7 hours') w ON true$$),
    ('no key, two lower bounds', $$LEFT JOIN LATERAL (SELECT count(*) AS a, max(h.id) AS b FROM history h
        WHERE h.ts < s.ts AND h.ts >= s.ts - interval '2 hours' AND h.ts > s.known - interval '8 hours') w ON true$$),
    ('dates and numeric keys', $$LEFT JOIN LATERAL (SELECT count(*) AS a, min(h.d) AS b FROM history h
        WHERE h.kn = s.kn AND h.d >= s.d - 1 AND h.d < s.d) w ON true$$),
    ('conditions', $$LEFT JOIN LATERAL (SELECT count(*) AS a, sum(h.id) AS b FROM history h
        WHERE h.k = s.k AND h.ts >= s.ts - interval '9 hours' AND h.ts < s.ts) w ON w.a > s.x AND s.x < 8 WHERE w.b IS NULL OR w.b % 2 = s.sid % 2$$),
    ('having', $$LEFT JOIN LATERAL (SELECT sum(h.id) AS a, count(h.v) AS b FROM history h WHERE h.k = s.k AND h.ts >= s.ts - interval '9 hours' AND h.ts < s.ts
        HAVING count(*) > 2 AND max(h.v) IS DISTINCT FROM 0.5 AND 1 < avg(h.id)) w ON true$$),
    ('conditions moved into the subquery', $$CROSS JOIN LATERAL (SELECT count(*) + 1 AS a, avg(h.id / 8.0::float8) AS b, 7 AS c FROM history h
        WHERE h.k = s.k AND h.ts >= s.ts - interval '9 hours' AND h.ts < s.ts) w WHERE w.a > 3 AND (w.b < 20 OR w.b IS NULL) AND w.c > 5$$),
    ('inner, and two windows', $$CROSS JOIN LATERAL (SELECT count(*) AS a FROM history h
        WHERE h.k = s.k AND h.ts >= s.ts - interval '9 hours' AND h.ts < s.ts) w
        CROSS JOIN LATERAL (SELECT max(h.v) AS m FROM history h
        WHERE h.k = s.k AND h.ts >= s.ts - interval '1 hour' AND h.ts < s.ts) w2 WHERE w.a > s.x - 4$$)
) AS q(name, rest);

CREATE FUNCTION pg_temp.window_differences(seed int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    q record;
    expected text;
    answer text;
    settings text;
BEGIN
    PERFORM pg_temp.asof_fill(seed);
    SET LOCAL parallel_setup_cost = 0;
    SET LOCAL parallel_tuple_cost = 0;
    SET LOCAL min_parallel_table_scan_size = 0;
    FOR q IN SELECT * FROM window_queries LOOP
        SET LOCAL quiver.enable_asof_join = off;
        SET LOCAL max_parallel_workers_per_gather = 0;
        expected := pg_temp.asof_answer(q.query);
        SET LOCAL quiver.enable_asof_join = on;
        SET LOCAL quiver.asof_strategy = hash;
        FOREACH settings IN ARRAY '{4MB 0,4MB 2,64kB 0}'::text[] LOOP
            PERFORM set_config('work_mem', split_part(settings, ' ', 1), true);
            PERFORM set_config('max_parallel_workers_per_gather', split_part(settings, ' ', 2), true);
            answer := pg_temp.asof_answer(q.query);
            IF answer IS DISTINCT FROM expected THEN
                RETURN NEXT format('seed %s, %s, %s: %s instead of %s', seed, q.name, settings, answer, expected);
            END IF;
        END LOOP;
        RESET quiver.asof_strategy;
        RESET work_mem;
    END LOOP;
END $$;

-- Queries that do not get the node when it is asked for.
CREATE FUNCTION pg_temp.windows_unused() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    q record;
    plan json;
BEGIN
    SET LOCAL quiver.asof_strategy = hash;
    FOR q IN SELECT * FROM window_queries LOOP
        EXECUTE 'EXPLAIN (FORMAT json) ' || q.query INTO plan;
        IF plan::text NOT LIKE '%AsofWindows%' THEN
            RETURN NEXT q.name;
        END IF;
    END LOOP;
    RESET quiver.asof_strategy;
END $$;
