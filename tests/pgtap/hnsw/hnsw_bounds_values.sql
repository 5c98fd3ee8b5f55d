-- Conditions on the distance end a scan early; without iteration no row is lost, with it hardly one: against the same scan with
-- the bound switched off, in every mode, metric and kind of index.
\ir ../lib/setup.sql
SELECT plan(19);
SELECT setseed(0.5);
SET LOCAL jit = off;
SET LOCAL enable_seqscan = off;
SET LOCAL hnsw.max_scan_tuples = 100000;

CREATE TABLE items (id int, g int, v vector(8), h halfvec(8), b bit(64), s sparsevec(8));
INSERT INTO items SELECT i, i % 10, v, v::halfvec(8), NULL::bit(64), v::sparsevec(8)
    FROM (SELECT i, ARRAY(SELECT (random() - 0.2 + (i * j % 13) / 20.0)::real FROM generate_series(1, 8) j)::vector(8) AS v FROM generate_series(1, 3000) i) r;
UPDATE items SET b = (SELECT string_agg((random() < 0.5)::int::text, '') FROM generate_series(1, 64) WHERE items.id > 0)::bit(64);

-- Rows within a bound, by a way of reading.
CREATE FUNCTION pg_temp.within(condition text, distance text, k int, use_bounds bool, OUT ids int[], OUT visited bigint, OUT plan text) LANGUAGE plpgsql AS $$
DECLARE q text := format('SELECT id FROM items WHERE %s ORDER BY %s LIMIT %s', condition, distance, k); line text;
BEGIN
    PERFORM set_config('quiver.hnsw_distance_bounds', use_bounds::text, true);
    EXECUTE format('SELECT array_agg(id) FROM (%s) r', q) INTO ids;
    SELECT vertices_visited INTO visited FROM quiver.hnsw_last_scan();
    plan := '';
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || q LOOP plan := plan || line || E'\n'; END LOOP;
END $$;

-- For bounds that some hundred, ten and no rows meet: what differs between on and off, and how many visits were saved.
CREATE FUNCTION pg_temp.judge(what text, class text, op text, col text, options text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    distance text; r float8; scan_mode text; a record; b record; share float8; bad text := ''; condition text; saved bigint := 0; found int := 0; expected int := 0;
BEGIN
    EXECUTE format('CREATE INDEX by_distance ON items USING hnsw (%I %s) %s', col, class, options);
    EXECUTE format('SELECT quote_ident(%L) || %L || quote_literal(%I::text) FROM items WHERE id = 77', col, ' ' || op || ' ', col) INTO distance;
    FOREACH scan_mode IN ARRAY '{off,relaxed_order,strict_order}'::text[] LOOP
        PERFORM set_config('hnsw.iterative_scan', scan_mode, true);
        FOREACH share IN ARRAY '{0,0.003,0.05}'::float8[] LOOP
            EXECUTE format('SELECT percentile_disc($1) WITHIN GROUP (ORDER BY %s) - CASE WHEN $1 = 0 THEN 1 ELSE 0 END FROM items', distance) INTO r USING share;
            FOREACH condition IN ARRAY ARRAY[format('%s <= %L', distance, r), format('%L > %s', r, distance), format('%s BETWEEN -1e6 AND %L AND g < 7', distance, r)] LOOP
                a := pg_temp.within(condition, distance, 500, true);
                b := pg_temp.within(condition, distance, 500, false);
                found := found + coalesce(array_length(a.ids, 1), 0);
                expected := expected + coalesce(array_length(b.ids, 1), 0);
                IF scan_mode = 'off' AND options = '' AND a.ids IS DISTINCT FROM b.ids OR a.plan !~ 'Index Scan using by_distance' THEN
                    bad := bad || format('%s %s: %s and %s rows; ', scan_mode, condition, array_length(a.ids, 1), array_length(b.ids, 1));
                END IF;
                saved := saved + b.visited - a.visited;
            END LOOP;
        END LOOP;
    END LOOP;
    DROP INDEX by_distance;
    -- What is far, going on might still lead to something near.
    IF found < 0.97 * expected THEN
        bad := bad || format('%s rows of %s', found, expected);
    END IF;
    RETURN CASE WHEN bad = '' AND saved <= 0 THEN 'nothing saved' ELSE bad END;
END $$;
SELECT is(pg_temp.judge('', 'vector_l2_ops', '<->', 'v'), '', 'Euclidean distance: the same rows, fewer visits');
SELECT is(pg_temp.judge('', 'vector_cosine_ops', '<=>', 'v'), '', 'cosine distance: the same');
SELECT is(pg_temp.judge('', 'vector_ip_ops', '<#>', 'v'), '', 'inner product: the same');
SELECT is(pg_temp.judge('', 'vector_l1_ops', '<+>', 'v'), '', 'taxicab distance: the same');
SELECT is(pg_temp.judge('', 'halfvec_l2_ops', '<->', 'h'), '', 'halfvec: the same');
SELECT is(pg_temp.judge('', 'halfvec_cosine_ops', '<=>', 'h'), '', 'halfvec, cosine: the same');
SELECT is(pg_temp.judge('', 'sparsevec_l2_ops', '<->', 's'), '', 'sparsevec: the same');
SELECT is(pg_temp.judge('', 'bit_hamming_ops', '<~>', 'b'), '', 'Hamming distance: the same');
SELECT is(pg_temp.judge('', 'bit_jaccard_ops', '<%>', 'b'), '', 'Jaccard distance: the same');
SELECT is(pg_temp.judge('', 'vector_l2_ops', '<->', 'v', 'WITH (quantizer = rabitq)'), '', 'codes: the same');
SELECT is(pg_temp.judge('', 'vector_cosine_ops', '<=>', 'v', 'WITH (quantizer = rabitq, rerank = heap)'), '', 'codes with values in the table, cosine: the same');

CREATE INDEX by_l2 ON items USING hnsw (v vector_l2_ops);
SET LOCAL hnsw.iterative_scan = strict_order;
SET LOCAL quiver.hnsw_distance_bounds = on;
SELECT is(ids, NULL, 'a bound that nothing meets gives no row') FROM pg_temp.within('v <-> ''[1,1,1,1,1,1,1,1]'' < 0', 'v <-> ''[1,1,1,1,1,1,1,1]''', 10, true);
SELECT cmp_ok(vertices_visited, '<', 150::bigint, 'and ends after two searches') FROM quiver.hnsw_last_scan();

-- Bounds that are known when the scan begins.
PREPARE near(vector, float8) AS SELECT id FROM items WHERE v <-> $1 < $2 ORDER BY v <-> $1;
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT lives_ok('EXECUTE near(''[9,9,9,9,9,9,9,9]'', 1)', 'a bound may be a parameter');
SELECT cmp_ok(vertices_visited, '<', 150::bigint, 'which ends the scan') FROM quiver.hnsw_last_scan();
DO $$ BEGIN PERFORM id FROM items WHERE v <-> '[9,9,9,9,9,9,9,9]' < (SELECT 1.0 + max(g) * 0 FROM items) ORDER BY v <-> '[9,9,9,9,9,9,9,9]'; END $$;
SELECT cmp_ok(vertices_visited, '<', 150::bigint, 'so does the result of a subquery') FROM quiver.hnsw_last_scan();
SELECT results_eq(
    $$ SELECT o.id, n.id FROM items o CROSS JOIN LATERAL (SELECT id FROM items i WHERE i.v <-> o.v < o.g / 20.0 + 0.01 ORDER BY i.v <-> o.v LIMIT 3) n
        WHERE o.id < 60 ORDER BY 1, 2 $$,
    $$ SELECT o.id, n.id FROM items o CROSS JOIN LATERAL (SELECT id FROM items i WHERE (i.v <-> o.v) + 0 < o.g / 20.0 + 0.01 ORDER BY (i.v <-> o.v) + 0 LIMIT 3) n
        WHERE o.id < 60 ORDER BY 1, 2 $$, 'in a lateral join each search has its own bound');
-- A bound on another distance is none of this scan's.
SELECT is(array_length(ids, 1), 10, 'a bound on the distance to something else ends nothing')
    FROM pg_temp.within('v <-> ''[0,0,0,0,0,0,0,0]'' < 9', 'v <-> ''[1,1,1,1,1,1,1,1]''', 10, true);
SELECT is(array_length(ids, 1), 10, 'NaN is a bound that all distances meet')
    FROM pg_temp.within('v <-> ''[1,1,1,1,1,1,1,1]'' < ''NaN''', 'v <-> ''[1,1,1,1,1,1,1,1]''', 10, true);
SELECT * FROM finish();
ROLLBACK;
