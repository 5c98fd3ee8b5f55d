-- A bound on the distance beside conditions that the index decides: the rows of a sort, hardly one missing, none too
-- many, and the scan ends at the bound; by a walk and by a sweep, in every mode and kind of index.
\ir ../lib/setup.sql
SELECT plan(7);
SELECT setseed(0.5);
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0;

CREATE TABLE items (id int, v vector(8), g int, price numeric, tags int[]);
INSERT INTO items SELECT i, ARRAY(SELECT (random() + (i * j % 13) / 8.0)::real FROM generate_series(1, 8) j)::vector(8), i % 100, i % 40 / 10.0, ARRAY[i % 7, i % 11]
    FROM generate_series(1, 5000) i;

-- Of conditions that half of the rows meet, a tenth and one in a hundred, and bounds that some of those are within, few or none:
-- what is wrong.
CREATE FUNCTION pg_temp.judge(options text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    distance text; r float8; scan_mode text; share float8; condition text; query text; line text; plan text;
    found int[]; truth int[]; ended text; hits int := 0; expected int := 0; bad text := '';
BEGIN
    EXECUTE 'CREATE INDEX by_all ON items USING hnsw (v vector_l2_ops, g, price, tags) ' || options;
    SELECT format('v <-> %L', v::text) INTO distance FROM items WHERE id = 77;
    FOREACH condition IN ARRAY ARRAY['g < 50', 'price BETWEEN 1 AND 1.3', 'g = 42', 'tags && ''{3}'' AND g IN (1, 2, 3, 4, 5, 6)'] LOOP
        FOREACH share IN ARRAY '{0,0.05,0.4}'::float8[] LOOP
            EXECUTE format('SELECT percentile_disc($1) WITHIN GROUP (ORDER BY %s) - CASE WHEN $1 = 0 THEN 1 ELSE 0 END FROM items WHERE %s', distance, condition)
                INTO r USING share;
            query := format('SELECT id FROM items WHERE %s AND %s <= %L ORDER BY %2$s LIMIT 2000', condition, distance, r);
            SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on;
            EXECUTE format('SELECT array_agg(id) FROM (%s) s', query) INTO truth;
            SET LOCAL enable_indexscan = on; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off;
            plan := '';
            FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
            FOREACH scan_mode IN ARRAY '{off,relaxed_order,strict_order}'::text[] LOOP
                PERFORM set_config('hnsw.iterative_scan', scan_mode, true);
                EXECUTE format('SELECT array_agg(id) FROM (%s) s', query) INTO found;
                FOR line IN EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF) ' || query LOOP
                    ended := coalesce(substring(line FROM 'ended by=(.*)'), ended);
                END LOOP;
                expected := expected + coalesce(cardinality(truth), 0);
                hits := hits + (SELECT count(*) FROM unnest(found) AS f(id) WHERE f.id = ANY (truth));
                IF plan !~ 'Index Scan using by_all[\s\S]*Index Cond' THEN
                    bad := bad || plan;
                ELSIF NOT found <@ coalesce(truth, '{}') OR cardinality(found) <> (SELECT count(DISTINCT f) FROM unnest(found) f) THEN
                    bad := bad || format('%s, %s, %s: %s rows of %s; ', scan_mode, condition, share, cardinality(found), cardinality(truth));
                ELSIF ended IS DISTINCT FROM 'distance bound' THEN
                    bad := bad || format('%s, %s, %s: ended by %s; ', scan_mode, condition, share, ended);
                END IF;
            END LOOP;
        END LOOP;
    END LOOP;
    DROP INDEX by_all;
    IF hits < 0.95 * expected THEN
        bad := bad || format('%s rows of %s', hits, expected);
    END IF;
    RETURN bad;
END $$;
SELECT is(pg_temp.judge(''), '', 'plain');
SELECT is(pg_temp.judge('WITH (quantizer = rabitq)'), '', 'codes');
SELECT is(pg_temp.judge('WITH (quantizer = rabitq, rerank = heap)'), '', 'codes with values in the table');

-- The bound as a parameter, NULL, and of a row outside.
CREATE INDEX by_all ON items USING hnsw (v vector_l2_ops, g, price, tags);
SET LOCAL enable_seqscan = off;
SET LOCAL enable_sort = off;
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE bounded(float8) AS SELECT count(*) FROM (SELECT id FROM items WHERE g < 50 AND v <-> '[1,1,1,1,1,1,1,1]' < $1 ORDER BY v <-> '[1,1,1,1,1,1,1,1]' LIMIT 100) s;
CREATE TEMP TABLE counted AS EXECUTE bounded(NULL);
SELECT is(count, 0::bigint, 'no row is nearer than NULL') FROM counted;
DROP TABLE counted;
CREATE TEMP TABLE counted AS EXECUTE bounded(1000);
SELECT is(count, 100::bigint, 'a parameter that lets all through') FROM counted;
SELECT is(count(*), 0::bigint, 'a condition that nothing meets, within any distance')
  FROM (SELECT id FROM items WHERE g = 4711 AND v <-> '[1,1,1,1,1,1,1,1]' < 1000 ORDER BY v <-> '[1,1,1,1,1,1,1,1]' LIMIT 100) s;
SELECT results_eq(
    $$SELECT q.id, n.id FROM items q CROSS JOIN LATERAL (SELECT id FROM items i WHERE i.g = q.g AND i.v <-> q.v < q.price ORDER BY i.v <-> q.v LIMIT 3) n WHERE q.id < 30$$,
    $$SELECT q.id, n.id FROM items q CROSS JOIN LATERAL (SELECT id FROM (SELECT * FROM items OFFSET 0) i WHERE i.g = q.g AND i.v <-> q.v < q.price
        ORDER BY i.v <-> q.v LIMIT 3) n WHERE q.id < 30$$, 'for each row of another table its own');

SELECT * FROM finish();
ROLLBACK;
