-- EXPLAIN (ANALYZE) of hnsw scans: the work they did, in every format, and nothing where it has nothing to tell.
\ir ../lib/setup.sql
SELECT plan(15);
SELECT setseed(0.5);
SET LOCAL jit = off;
SET LOCAL enable_seqscan = off;
CREATE TABLE items (id int PRIMARY KEY, v vector(8), c vector(8));
INSERT INTO items SELECT i, v, v FROM (SELECT i, ARRAY(SELECT (random() + i * j * 0)::real FROM generate_series(1, 8) j)::vector(8) AS v FROM generate_series(1, 1000) i) r;
CREATE INDEX plain ON items USING hnsw (v vector_l2_ops);
CREATE INDEX "Coded" ON items USING hnsw (c vector_l2_ops) WITH (quantizer = rabitq);
CREATE FUNCTION pg_temp.explain(options text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; all_lines text := '';
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (%s) %s', options, query) LOOP all_lines := all_lines || line || E'\n'; END LOOP;
    RETURN all_lines;
END $$;
CREATE FUNCTION pg_temp.q(col text, k int, condition text DEFAULT 'true') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT id FROM items WHERE %2$s ORDER BY %1$s <-> ''[0,0,0,0,0,0,0,0]'' LIMIT %3$s', col, condition, k) $$;

SELECT matches(pg_temp.explain('ANALYZE', pg_temp.q('v', 5)), 'HNSW.*: vertices visited=[1-9]\d* distances computed=[1-9]\d* reranked=0 searches=1 ended by=rows taken',
    'text tells what a scan did');
SELECT matches(pg_temp.explain('ANALYZE', pg_temp.q('c', 5)), 'HNSW.*: vertices visited=[1-9]\d* distances computed=[1-9]\d* reranked=[1-9]\d* searches=1 ended by=rows taken',
    'and what was compared again');
SELECT matches(pg_temp.explain('ANALYZE', pg_temp.q('v', 500)), 'searches=1 ended by=ef_search', 'a scan without iteration ends with ef_search rows');
SELECT matches(pg_temp.explain('ANALYZE', pg_temp.q('v', 500, 'v <-> ''[0,0,0,0,0,0,0,0]'' < 0.01')), 'ended by=distance bound', 'a bound on the distance ends a scan');
SET LOCAL hnsw.iterative_scan = relaxed_order;
SELECT matches(pg_temp.explain('ANALYZE', pg_temp.q('v', 100)), 'searches=([2-9]|\d\d+) ended by=rows taken', 'an iterative scan searches again');
SELECT matches(pg_temp.explain('ANALYZE', pg_temp.q('v', 2000)), 'ended by=no more rows', 'and ends with the last row');
RESET hnsw.iterative_scan;
SELECT cmp_ok((pg_temp.explain('ANALYZE, FORMAT JSON', pg_temp.q('v', 5))::jsonb #>> '{}'), '~', '"Vertices Visited": [1-9]', 'JSON is sound and has the figures');
SELECT matches(pg_temp.explain('ANALYZE, FORMAT XML', pg_temp.q('v', 5)), '<HNSW>.*<Distances-Computed>[1-9]\d*</Distances-Computed>.*</HNSW>', 'XML has them');
SELECT matches(pg_temp.explain('ANALYZE, FORMAT YAML', pg_temp.q('c', 5)), 'Reranked: [1-9]\d*\s+Searches: 1\s+Ended By: "rows taken"', 'YAML has them');
SELECT matches(pg_temp.explain('ANALYZE', format('SELECT * FROM (VALUES (1), (2), (3)) n CROSS JOIN LATERAL (%s) r',
    'SELECT id FROM items WHERE id <> n.column1 ORDER BY v <-> ARRAY[n.column1,0,0,0,0,0,0,0]::vector(8) LIMIT 1')), 'searches=3 ', 'the rescans of a join count together');
SELECT matches(pg_temp.explain('ANALYZE', format('(%s) UNION ALL (%s)', pg_temp.q('v', 1), pg_temp.q('c', 1))), 'HNSW.*vertices.*HNSW.*vertices', 'each scan of a plan has its line');
SELECT doesnt_match(pg_temp.explain('COSTS OFF', pg_temp.q('v', 5)), 'HNSW', 'a plan that is not run tells nothing');
SELECT doesnt_match(pg_temp.explain('ANALYZE', 'SELECT id FROM items WHERE id = 5'), 'HNSW', 'nor does one without such a scan');
CREATE FUNCTION pg_temp.nearest() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT id FROM items ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 1); END $$;
SELECT doesnt_match(pg_temp.explain('ANALYZE', 'SELECT pg_temp.nearest()'), 'HNSW', 'nor what a function did');
SET LOCAL quiver.hnsw_explain = off;
SELECT doesnt_match(pg_temp.explain('ANALYZE', pg_temp.q('v', 5)), 'HNSW', 'the setting leaves the line out');
SELECT * FROM finish();
ROLLBACK;
