-- The as-of oracle: random data with every nasty case, queries over them, and the comparison of each
-- strategy with the ordinary plan. Tables are plain ones, which parallel workers may read.
CREATE FUNCTION pg_temp.asof_time(spread int) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN random() < 0.03 THEN NULL
                WHEN random() < 0.03 THEN 'infinity'
                WHEN random() < 0.03 THEN '-infinity'
                -- Across the change of Berlin's clocks, in steps that make ties.
                ELSE timestamptz '2024-10-26 20:00+00' + (random() * spread)::int * interval '15 minutes' END
$$;

-- A seed makes the same two tables each time; some seeds make one of them empty, some a spine that 64 kB do not hold.
CREATE FUNCTION pg_temp.asof_fill(seed int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    spread int := 5 + seed % 7 * 40;
    keys int := 1 + seed % 5 * 8;
    spine_rows int := CASE WHEN seed % 29 = 3 THEN 0 WHEN seed % 50 = 17 THEN 3000 ELSE 40 + seed % 11 * 20 END;
    history_rows int := CASE WHEN seed % 31 = 5 THEN 0 ELSE 60 + seed % 13 * 30 END;
BEGIN
    PERFORM setseed(seed / 1000.0);
    DROP TABLE IF EXISTS spine, history;
    CREATE TABLE spine AS
        SELECT i AS sid, k, k::bigint AS k8, 'key ' || k AS kt, md5(k::text)::uuid AS ku,
               k2, k::numeric / 2 AS kn, t AS ts, t::date AS d, known, x
        FROM (SELECT i, CASE WHEN random() < 0.04 THEN NULL ELSE (random() * keys)::int END AS k,
                     CASE WHEN random() < 0.04 THEN NULL ELSE (random() * 2)::int END AS k2,
                     pg_temp.asof_time(spread) AS t, pg_temp.asof_time(spread) AS known,
                     (random() * 10)::int AS x
              FROM generate_series(1, spine_rows) i) r;
    CREATE TABLE history AS
        SELECT i AS id, k, k::smallint AS k2b, 'key ' || k AS kt, md5(k::text)::uuid AS ku,
               k2, k::numeric / 2 AS kn, t AS ts, t::timestamp AS local, t::date AS d, created, v,
               CASE WHEN random() < 0.2 THEN NULL
                    ELSE repeat('note ' || i || ' ', 1 + (random() * 30)::int) END AS note
        FROM (SELECT i, CASE WHEN random() < 0.04 THEN NULL ELSE (random() * keys)::int END AS k,
                     CASE WHEN random() < 0.04 THEN NULL ELSE (random() * 2)::int END AS k2,
                     pg_temp.asof_time(spread) AS t, pg_temp.asof_time(spread) AS created,
                     CASE WHEN random() < 0.2 THEN NULL
                          WHEN random() < 0.05 THEN 'NaN' ELSE round(random()::numeric, 1)::float8 END AS v
              FROM generate_series(1, history_rows) i) r;
    ANALYZE spine, history;
END $$;

CREATE TEMP TABLE asof_queries (name text, query text);
INSERT INTO asof_queries
SELECT name, 'SELECT s.sid, f.* FROM spine s ' || rest FROM (VALUES
    ('integer key', $$LEFT JOIN LATERAL (SELECT h.id, h.v, h.ts FROM history h
        WHERE h.k = s.k AND h.ts <= s.ts ORDER BY h.ts DESC, h.id DESC LIMIT 1) f ON true$$),
    ('strict', $$LEFT JOIN LATERAL (SELECT h.id, h.v FROM history h
        WHERE h.k = s.k AND h.ts < s.ts ORDER BY h.ts DESC, h.id LIMIT 1) f ON true$$),
    ('forward', $$LEFT JOIN LATERAL (SELECT h.id, h.v FROM history h
        WHERE s.k8 = h.k2b AND h.ts >= s.ts ORDER BY h.ts, h.id DESC LIMIT 1) f ON true$$),
    ('forward, strict, bounded, inner', $$CROSS JOIN LATERAL (SELECT h.id, h.note FROM history h
        WHERE s.k8 = h.k AND h.ts > s.ts AND h.ts <= s.ts + interval '2 hours'
        ORDER BY h.ts, h.v NULLS FIRST, h.id LIMIT 1) f$$),
    ('text key', $$LEFT JOIN LATERAL (SELECT h.id, h.note FROM history h
        WHERE h.kt = s.kt AND h.ts <= s.ts ORDER BY h.ts DESC, h.note DESC NULLS LAST, h.id LIMIT 1) f ON true$$),
    ('uuid and integer keys', $$LEFT JOIN LATERAL (SELECT h.id, h.v FROM history h
        WHERE h.ku = s.ku AND s.k2 = h.k2 AND s.ts >= h.ts ORDER BY h.ts DESC, h.ku, h.v DESC, h.id LIMIT 1) f ON true$$),
    ('numeric key, date', $$LEFT JOIN LATERAL (SELECT h.id, h.d FROM history h
        WHERE h.kn = s.kn AND h.d <= s.d ORDER BY h.d DESC, h.ts DESC NULLS LAST, h.id LIMIT 1) f ON true$$),
    ('date against time with zone', $$LEFT JOIN LATERAL (SELECT h.id FROM history h
        WHERE h.k = s.k AND h.d < s.ts ORDER BY h.d DESC, h.id LIMIT 1) f ON true$$),
    ('time without zone', $$LEFT JOIN LATERAL (SELECT h.id, h.local FROM history h
        WHERE h.k = s.k AND h.local <= s.ts AT TIME ZONE 'Europe/Berlin'
        ORDER BY h.local DESC, h.id LIMIT 1) f ON true$$),
    ('no key', $$LEFT JOIN LATERAL (SELECT h.id, h.note FROM history h
        WHERE h.ts <= s.ts ORDER BY h.ts DESC, h.id LIMIT 1) f ON true$$),
    ('time to live', $$LEFT JOIN LATERAL (SELECT h.id, h.v FROM history h
        WHERE h.k = s.k AND h.ts <= s.ts AND h.ts >= s.ts - interval '45 minutes'
        ORDER BY h.ts DESC, h.id LIMIT 1) f ON true$$),
    ('time to live, open, by days', $$LEFT JOIN LATERAL (SELECT h.id, h.v FROM history h
        WHERE h.k = s.k AND h.ts <= s.ts AND h.ts > s.ts - interval '1 day'
        ORDER BY h.ts DESC, h.id LIMIT 1) f ON true$$),
    ('known at the spine''s time', $$LEFT JOIN LATERAL (SELECT h.id, h.created FROM history h
        WHERE h.k = s.k AND h.ts <= s.ts AND h.created <= s.ts
        ORDER BY h.ts DESC, h.created DESC, h.id LIMIT 1) f ON true$$),
    ('known before, strict', $$LEFT JOIN LATERAL (SELECT h.id, h.created, h.note FROM history h
        WHERE h.kt = s.kt AND h.ts < s.ts AND h.created < s.ts
        ORDER BY h.ts DESC, h.created DESC NULLS LAST, h.id LIMIT 1) f ON true$$),
    ('known at one time', $$LEFT JOIN LATERAL (SELECT h.id, h.v FROM history h
        WHERE h.k = s.k AND h.ts <= s.ts AND h.created <= '2024-10-27 01:00+00'
        ORDER BY h.ts DESC, h.created DESC, h.id LIMIT 1) f ON true$$),
    ('NULL values ignored', $$LEFT JOIN LATERAL (SELECT h.v, h.id FROM history h
        WHERE h.k = s.k AND h.ts <= s.ts AND h.v IS NOT NULL ORDER BY h.ts DESC, h.v DESC, h.id LIMIT 1) f ON true$$),
    ('expressions', $$LEFT JOIN LATERAL (SELECT h.id + 1 AS a, upper(h.note) AS b, 7 AS c, h.v AS d, h.v AS e
        FROM history h WHERE h.k + 1 = s.k + 1 AND h.ts + interval '1 hour' <= s.ts
        ORDER BY h.ts + interval '1 hour' DESC, abs(h.id) LIMIT 1) f ON true$$),
    ('conditions', $$LEFT JOIN LATERAL (SELECT h.id, h.v FROM history h
        WHERE h.k = s.k AND h.ts <= s.ts ORDER BY h.ts DESC, h.id LIMIT 1) f ON f.v > 0.3 AND s.x < 8
        WHERE f.id IS NULL OR f.id % 2 = s.sid % 2$$),
    ('inner condition', $$JOIN LATERAL (SELECT h.id, h.v FROM history h
        WHERE h.k = s.k AND h.ts <= s.ts ORDER BY h.ts DESC, h.id LIMIT 1) f ON f.id % 3 <> s.x % 3$$),
    ('a join as history, a view as spine', $$JOIN spine t USING (sid) LEFT JOIN LATERAL (
        SELECT h.id, g.note FROM history h LEFT JOIN history g ON g.id = h.id + 1
        WHERE h.k = s.k AND h.ts <= t.ts AND h.id > 3 ORDER BY h.ts DESC, h.id LIMIT 1) f ON true$$),
    ('a float as time', $$LEFT JOIN LATERAL (SELECT h.id, h.v FROM history h
        WHERE h.k = s.k AND h.v <= s.x / 10.0::float8 ORDER BY h.v DESC, h.id LIMIT 1) f ON true$$),
    ('one after the other', $$LEFT JOIN LATERAL (SELECT h.id, h.v FROM history h
        WHERE h.k = s.k AND h.ts <= s.ts ORDER BY h.ts DESC, h.id LIMIT 1) f ON true
        LEFT JOIN LATERAL (SELECT h.id AS id2, h.note FROM history h
        WHERE h.k = f.id % 9 AND h.ts <= s.ts ORDER BY h.ts DESC, h.id LIMIT 1) g ON true$$)
) q (name, rest);
-- Joins that may share one index of the spine: by the same keys and times, whatever else differs.
INSERT INTO asof_queries VALUES
    ('three of the same keys', $$SELECT s.sid, f.*, g.*, e.* FROM spine s
        LEFT JOIN LATERAL (SELECT h.id, h.v, h.ts FROM history h WHERE h.k = s.k AND h.ts <= s.ts ORDER BY h.ts DESC, h.id DESC LIMIT 1) f ON true
        LEFT JOIN LATERAL (SELECT h.id AS id2, h.note FROM history h WHERE h.k = s.k AND h.ts < s.ts AND h.ts > s.ts - interval '3 hours'
            ORDER BY h.ts DESC, h.note, h.id LIMIT 1) g ON g.id2 <> f.id
        LEFT JOIN LATERAL (SELECT h.id AS id3, h.created FROM history h WHERE h.k = s.k AND h.ts <= s.ts AND h.created <= s.ts AND h.id % 5 <> 2
            ORDER BY h.ts DESC, h.created DESC, h.id LIMIT 1) e ON true$$),
    ('three of the same keys, rows left out between', $$SELECT s.sid, f.*, g.*, e.* FROM spine s
        LEFT JOIN LATERAL (SELECT h.id, h.v FROM history h WHERE h.kt = s.kt AND h.k2 = s.k2 AND h.ts <= s.ts ORDER BY h.ts DESC, h.id DESC LIMIT 1) f ON s.x > 1
        JOIN LATERAL (SELECT h.id AS id2, h.note FROM history h WHERE h.kt = s.kt AND h.k2 = s.k2 AND h.ts <= s.ts AND h.v IS NOT NULL
            ORDER BY h.ts DESC, h.id LIMIT 1) g ON g.id2 % 3 <> s.x % 3
        LEFT JOIN LATERAL (SELECT h.id + 1 AS id3, h.v AS v3 FROM history h WHERE h.kt = s.kt AND h.k2 = s.k2 AND h.ts <= s.ts ORDER BY h.ts DESC, h.id LIMIT 1) e
            ON true WHERE e.id3 IS NULL OR f.id IS DISTINCT FROM e.id3 - 1 OR s.sid % 2 = 0$$),
    ('the next rows of the same keys', $$SELECT s.sid, f.*, g.* FROM spine s
        LEFT JOIN LATERAL (SELECT h.id FROM history h WHERE h.k = s.k AND h.ts >= s.ts ORDER BY h.ts, h.id LIMIT 1) f ON true
        LEFT JOIN LATERAL (SELECT h.id AS id2, h.note FROM history h WHERE h.k = s.k AND h.ts > s.ts ORDER BY h.ts, h.note NULLS FIRST, h.id LIMIT 1) g ON true$$);

CREATE FUNCTION pg_temp.asof_answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE 'SELECT count(*) || '' rows '' || coalesce(md5(string_agg(r::text, ''|'' ORDER BY r::text)), '''')
             FROM (' || query || ') r' INTO answer;
    RETURN answer;
END $$;

-- What each strategy answers where that differs from the ordinary plan.
CREATE FUNCTION pg_temp.asof_differences(seed int) RETURNS SETOF text LANGUAGE plpgsql AS $$
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
    FOR q IN SELECT * FROM asof_queries LOOP
        SET LOCAL quiver.enable_asof_join = off;
        SET LOCAL max_parallel_workers_per_gather = 0;
        expected := pg_temp.asof_answer(q.query);
        SET LOCAL quiver.enable_asof_join = on;
        FOREACH settings IN ARRAY '{hash 4MB 0,hash 4MB 2,merge 4MB 0,auto 4MB 1,hash 64kB 0}'::text[] LOOP
            PERFORM set_config('quiver.asof_strategy', split_part(settings, ' ', 1), true);
            PERFORM set_config('work_mem', split_part(settings, ' ', 2), true);
            PERFORM set_config('max_parallel_workers_per_gather', split_part(settings, ' ', 3), true);
            answer := pg_temp.asof_answer(q.query);
            IF answer IS DISTINCT FROM expected THEN
                RETURN NEXT format('seed %s, %s, %s: %s instead of %s', seed, q.name, settings, answer, expected);
            END IF;
        END LOOP;
        RESET quiver.asof_strategy;
        RESET work_mem;
    END LOOP;
END $$;

-- Queries of the oracle that do not get the node when it is asked for.
CREATE FUNCTION pg_temp.asof_unused() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    q record;
    plan json;
    strategy text;
BEGIN
    FOR q IN SELECT * FROM asof_queries LOOP
        FOREACH strategy IN ARRAY '{hash,merge}'::text[] LOOP
            PERFORM set_config('quiver.asof_strategy', strategy, true);
            EXECUTE 'EXPLAIN (FORMAT json) ' || q.query INTO plan;
            IF plan::text NOT LIKE '%AsofJoin%' THEN
                RETURN NEXT q.name || ', ' || strategy;
            END IF;
        END LOOP;
    END LOOP;
    RESET quiver.asof_strategy;
END $$;
