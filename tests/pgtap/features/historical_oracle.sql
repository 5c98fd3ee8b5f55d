-- Requests against a slow and plain computation of the contract, on random data with ties, NULLs and infinities.
\ir ../lib/setup.sql
SELECT plan(12);

CREATE TABLE history (a int, b text, e timestamptz, c timestamptz, f int, g int);
CREATE TABLE spine (n int, a bigint, b varchar, t timestamptz, k timestamptz);
SELECT quiver.feature_create_entity('pair', '{"a": "int", "b": "text"}');
SELECT quiver.feature_create_view('h', 'pair', source => 'history', event_ts => 'e', created_ts => 'c', features => '["f", "g"]', ttl => '20 minutes');

CREATE FUNCTION pg_temp.fill(seed int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setseed(seed / 100.0);
    TRUNCATE history, spine;
    -- f is unique, so that (e, c) decides all but exact ties, which are left out.
    INSERT INTO history
    SELECT DISTINCT ON (a, b, e, c) * FROM (
        SELECT nullif((random() * 4)::int, 4), nullif((ARRAY['', 'x', 'X', 'nil'])[1 + (random() * 3)::int], 'nil'),
            CASE WHEN random() < 0.02 THEN 'infinity' WHEN random() < 0.02 THEN '-infinity'
                ELSE timestamptz '2024-03-31Z' + (random() * 60)::int * interval '1 minute' END,
            CASE WHEN random() < 0.8 THEN timestamptz '2024-03-31Z' + (random() * 90)::int * interval '1 minute' END,
            i, nullif((random() * 3)::int, 1)
        FROM generate_series(1, 300) AS i) AS r(a, b, e, c, f, g);
    INSERT INTO spine
    SELECT i, nullif((random() * 5)::int, 4), nullif((ARRAY['', 'x', 'X', 'nil'])[1 + (random() * 3)::int], 'nil'),
        CASE WHEN random() < 0.03 THEN 'infinity' WHEN random() < 0.02 THEN '-infinity'
            ELSE timestamptz '2024-03-31Z' + (random() * 60)::int * interval '1 minute' END,
        timestamptz '2024-03-31Z' + (random() * 90)::int * interval '1 minute'
    FROM generate_series(1, 150) AS i;
END $$;

-- How many rows differ from the contract, said with NOT EXISTS: there is no better row. `known` is SQL of a bound or NULL.
CREATE FUNCTION pg_temp.wrong(strict boolean, known text, arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    slow text;
    different bigint := 0;
    one bigint;
    statement text;
    matching text := 'x.a = s.a AND x.b = s.b AND x.e ' || CASE WHEN strict THEN '<' ELSE '<=' END || ' s.t' || coalesce(' AND x.c <= ' || known, '');
BEGIN
    slow := format('SELECT s.n, (SELECT CASE WHEN h.e >= s.t - interval ''20 minutes'' THEN h.f END FROM history h WHERE %s AND NOT EXISTS '
        '(SELECT FROM history x WHERE %s AND (x.e > h.e OR x.e = h.e AND coalesce(x.c, ''-infinity'') > coalesce(h.c, ''-infinity'')))) AS f FROM spine s',
        replace(matching, 'x.', 'h.'), matching);
    EXECUTE format('SELECT quiver.feature_historical_sql(''spine'', ARRAY[''h:f''], spine_ts => ''t''%s)', arguments) INTO statement;
    FOR seed IN 1 .. 10 LOOP
        PERFORM pg_temp.fill(seed);
        EXECUTE format('SELECT count(*) FROM (SELECT n, f FROM (%s) AS q) AS fast FULL JOIN (%s) AS slow USING (n) '
            'WHERE fast.f IS DISTINCT FROM slow.f OR fast.n IS NULL OR slow.n IS NULL', statement, slow) INTO one;
        different := different + one;
    END LOOP;
    RETURN different || ' of ' || (SELECT count(*) FROM spine) || ' rows, ' || (SELECT count(*) FROM history WHERE e IS NOT NULL) / 100 || '00 candidates';
END $$;

SELECT matches(pg_temp.wrong(strict, known, arguments), '^0 of 150 rows', coalesce(nullif(arguments, ''), 'no option'))
FROM (VALUES
    (1, false, NULL, ''),
    (2, true, NULL, ', strict => true'),
    (3, false, $$timestamptz '2024-03-31 00:40Z'$$, $$, known_at => '2024-03-31 00:40Z'$$),
    (4, true, $$timestamptz '2024-03-31 00:40Z'$$, $$, known_at => '2024-03-31 00:40Z', strict => true$$),
    (5, false, 's.k', $$, known_at_col => 'k'$$),
    (6, false, 's.t', $$, known_at_col => 't'$$),
    (7, true, 's.t', $$, known_at_col => 't', strict => true$$),
    (8, false, NULL, ', with_status => true'),
    (9, false, NULL, ', keep_order => true')
) AS cases (n, strict, known, arguments) ORDER BY n;

-- ignore_nulls, the same way.
SELECT is((SELECT count(*) FROM quiver.feature_get_historical('spine', ARRAY['h:g'], spine_ts => 't', ignore_nulls => true)
        AS r(n int, a bigint, b varchar, t timestamptz, k timestamptz, g int)
    WHERE g IS DISTINCT FROM (SELECT CASE WHEN h.e >= r.t - interval '20 minutes' THEN h.g END FROM history h
        WHERE h.a = r.a AND h.b = r.b AND h.e <= r.t AND h.g IS NOT NULL ORDER BY h.e DESC, h.c DESC NULLS LAST LIMIT 1)), 0::bigint, 'ignore_nulls');

-- A row that becomes known later never changes what was known.
CREATE TABLE before AS SELECT n, f FROM quiver.feature_get_historical('spine', ARRAY['h:f'], spine_ts => 't', known_at => '2024-03-31 00:40Z')
    AS r(n int, a bigint, b varchar, t timestamptz, k timestamptz, f int);
INSERT INTO history SELECT a, b, t, timestamptz '2024-03-31 00:40:00.000001Z', -1, -1 FROM spine;
SELECT set_eq($$SELECT n, f FROM quiver.feature_get_historical('spine', ARRAY['h:f'], spine_ts => 't', known_at => '2024-03-31 00:40Z')
    AS r(n int, a bigint, b varchar, t timestamptz, k timestamptz, f int)$$, 'SELECT * FROM before', 'what comes to be known later changes nothing of before');
SELECT ok((SELECT count(*) FILTER (WHERE f = -1) > 50 FROM quiver.feature_get_historical('spine', ARRAY['h:f'], spine_ts => 't')
    AS r(n int, a bigint, b varchar, t timestamptz, k timestamptz, f int)), 'though without a bound it does');

SELECT * FROM finish();
ROLLBACK;
