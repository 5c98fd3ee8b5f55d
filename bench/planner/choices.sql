-- When an hnsw index beats a sort, and what the planner takes: queries of every selectivity and LIMIT, run both ways.
\set QUIET on
\pset footer off
SET client_min_messages = warning;
CREATE EXTENSION quiver;
SELECT setseed(0.5) \g /dev/null
SET max_parallel_workers_per_gather = 0;
SET max_parallel_maintenance_workers = 1;
SET maintenance_work_mem = '1GB';
SET hnsw.iterative_scan = strict_order;
SET hnsw.max_scan_tuples = 2147483647;
SET hnsw.scan_mem_multiplier = 16;

\ir meter.sql

-- Clusters on low-dimensional sheets, as embeddings lie: 200 centres, 8 directions about each.
CREATE FUNCTION make_table(name text, n int, dims int, with_options text, attributes text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (id int, g int, v vector(%s)) WITH (autovacuum_enabled = off)', name, dims);
    EXECUTE format('CREATE TEMP TABLE basis AS SELECT k, ARRAY(SELECT random() - 0.5 FROM generate_series(1, %s) WHERE k >= 0)::vector(%1$s) AS v
        FROM generate_series(0, 299) k', dims);
    EXECUTE format('INSERT INTO %I SELECT i, floor(random() * 1000), c.v
        + a.v * array_fill(random() - 0.5, ARRAY[%s])::vector + b.v * array_fill(random() - 0.5, ARRAY[%2$s])::vector
        FROM generate_series(1, %s) i JOIN basis c ON c.k = i * 7 %% 200 JOIN basis a ON a.k = 200 + i %% 50 JOIN basis b ON b.k = 250 + i * 3 %% 50', name, dims, n);
    DROP TABLE basis;
    EXECUTE format('CREATE INDEX %I ON %I USING hnsw (v vector_l2_ops%s) %s', name || '_v', name, attributes, with_options);
    EXECUTE format('ANALYZE %I', name);
END $$;

CREATE TABLE results (number serial, tab text, what text, share float8, k int, chosen text, chosen_cached text, by_index float8, by_sort float8, index_cost float8, sort_cost float8);

-- Milliseconds of a query, of five: the mean over five places, the least of three runs.
CREATE FUNCTION milliseconds(query text, places text[]) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE started bigint; best float8 := 'Infinity'; place text;
BEGIN
    FOR run IN 1..3 LOOP
        started := used_ns();
        FOREACH place IN ARRAY places LOOP
            EXECUTE replace(query, 'PLACE', quote_literal(place));
        END LOOP;
        best := least(best, (used_ns() - started) / 1e6 / cardinality(places));
        EXIT WHEN best > 500;
    END LOOP;
    RETURN best;
END $$;

CREATE FUNCTION way(plan json) RETURNS text LANGUAGE sql AS $$SELECT CASE WHEN plan::text ~ 'Index Scan' THEN 'index' ELSE 'sort' END$$;

CREATE FUNCTION judge(tab text, what text, share float8, k int, query text, places text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE example text := replace(query, 'PLACE', quote_literal(places[1])); chosen json := planned(example); chosen_cached json;
    by_index float8; by_sort float8; index_cost float8; sort_cost float8;
BEGIN
    SET LOCAL random_page_cost = 1.1;
    chosen_cached := planned(example);
    SET LOCAL random_page_cost = 4;
    SET LOCAL enable_indexscan = off;
    sort_cost := planned(example) #>> '{0,Plan,Total Cost}';
    by_sort := milliseconds(query, places);
    SET LOCAL enable_indexscan = on; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL quiver.enable_exact_search = off;
    index_cost := planned(example) #>> '{0,Plan,Total Cost}';
    by_index := milliseconds(query, places);
    SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on; SET LOCAL quiver.enable_exact_search = on;
    INSERT INTO results (tab, what, share, k, chosen, chosen_cached, by_index, by_sort, index_cost, sort_cost)
        VALUES (tab, what, share, k, way(chosen), way(chosen_cached), by_index, by_sort, index_cost, sort_cost);
END $$;

CREATE PROCEDURE measure(tab text) LANGUAGE plpgsql AS $$
DECLARE places text[]; share float8; k int; radius float8;
BEGIN
    EXECUTE format('SELECT array_agg(v::text) FROM (SELECT v FROM %I WHERE id %% 97 = 5 LIMIT 5) s', tab) INTO places;
    FOREACH share IN ARRAY '{1,0.1,0.01,0.001}'::float8[] LOOP
        FOREACH k IN ARRAY '{1,10,100,1000}'::int[] LOOP
            PERFORM judge(tab, 'condition', share, k, format('SELECT id FROM %I WHERE g < %s ORDER BY v <-> PLACE LIMIT %s', tab, share * 1000, k), places);
        END LOOP;
    END LOOP;
    FOREACH share IN ARRAY '{0.0005,0.005,0.05}'::float8[] LOOP
        EXECUTE format('SELECT percentile_disc($1) WITHIN GROUP (ORDER BY v <-> %L) FROM %I', places[1], tab) INTO radius USING share;
        FOREACH k IN ARRAY '{10,100000}'::int[] LOOP
            PERFORM judge(tab, 'bound', share, k, format('SELECT id FROM %I WHERE v <-> PLACE < %s ORDER BY v <-> PLACE LIMIT %s', tab, radius, k), places);
        END LOOP;
    END LOOP;
END $$;

SELECT make_table('plain_16', :rows, 16, ''), make_table('plain_128', :rows, 128, ''), make_table('small_128', :rows / 20, 128, ''),
       make_table('inside_128', :rows, 128, '', ', g'), make_table('outside_784', :rows / 2, 784, ''), make_table('codes_784', :rows / 2, 784, 'WITH (quantizer = rabitq)') \g /dev/null
CALL measure('plain_16');
CALL measure('plain_128');
CALL measure('small_128');
CALL measure('inside_128');
CALL measure('outside_784');
CALL measure('codes_784');

\pset format unaligned
\pset tuples_only on
\pset fieldsep ' | '
\echo '| table | condition lets through | LIMIT | by index, ms | by sort, ms | index / sort | planned | taken | times the better | at 1.1 |'
\echo '|---|---|---|---|---|---|---|---|---|---|'
SELECT '| ' || tab, CASE what WHEN 'bound' THEN 'distance, ' ELSE '' END || share * 100 || ' %', CASE WHEN k = 100000 THEN 'none' ELSE k::text END,
       round(by_index::numeric, 2), round(by_sort::numeric, 2), round((by_index / by_sort)::numeric, 2), round((index_cost / sort_cost)::numeric, 2), chosen,
       round((CASE chosen WHEN 'index' THEN by_index ELSE by_sort END / least(by_index, by_sort))::numeric, 1),
       CASE WHEN chosen_cached = chosen THEN '' ELSE chosen_cached || ', ' ||
           round((CASE chosen_cached WHEN 'index' THEN by_index ELSE by_sort END / least(by_index, by_sort))::numeric, 1) END || ' |' FROM results ORDER BY number;
\echo
SELECT format('With random_page_cost = %s the planner takes the better way, or one up to a fifth slower, for %s of %s queries; all as planned take %s times what the '
              'better ways would, always the index %s times, always the sort %s times. The worst choice takes %s times the better way.',
              random_page_cost, count(*) FILTER (WHERE taken <= 1.2 * better), count(*), round((sum(taken) / sum(better))::numeric, 2),
              round((sum(by_index) / sum(better))::numeric, 2), round((sum(by_sort) / sum(better))::numeric, 2), round(max(taken / better)::numeric, 1))
  FROM (SELECT random_page_cost, by_index, by_sort, least(by_index, by_sort) AS better, CASE taken WHEN 'index' THEN by_index ELSE by_sort END AS taken
          FROM results, LATERAL (VALUES (4.0, chosen), (1.1, chosen_cached)) AS setting(random_page_cost, taken)) r
 GROUP BY random_page_cost ORDER BY random_page_cost DESC;
