-- The exact search node gives the rows that Sort gives, in every shape of query it takes.
\ir ../lib/setup.sql
SELECT plan(17);

CREATE TEMP TABLE items (id int PRIMARY KEY, kind int, v vector(4), h halfvec(4), s sparsevec(4), b bit(8), t tinyvec(4));
SELECT setseed(0.5);
INSERT INTO items
SELECT i, i % 7, v, v, v, (i % 256)::bit(8), ARRAY[i % 50 - 25, i % 31, i % 17, -(i % 100)]::tinyvec
  FROM (SELECT i, ARRAY[random(), random(), random(), random()]::vector AS v FROM generate_series(1, 3000) i) made;
UPDATE items SET v = '[0,0,0,0]' WHERE id % 500 = 0;
UPDATE items SET v = NULL WHERE id % 501 = 0;
INSERT INTO items SELECT 3000 + id, kind, v, h, s, b, t FROM items WHERE id <= 40;
ANALYZE items;

-- The distances a query returns, once from the node and once from Sort.
CREATE FUNCTION pg_temp.both(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE ours text; theirs text;
BEGIN
    PERFORM set_config('quiver.enable_exact_search', 'on', true), set_config('enable_sort', 'off', true);
    IF NOT pg_temp.uses_node(query) THEN
        RAISE EXCEPTION 'the node is not in the plan of: %', query;
    END IF;
    EXECUTE format('SELECT string_agg(q::text, E''\n'') FROM (%s) q', query) INTO ours;
    PERFORM set_config('quiver.enable_exact_search', 'off', true), set_config('enable_sort', 'on', true);
    EXECUTE format('SELECT string_agg(q::text, E''\n'') FROM (%s) q', query) INTO theirs;
    RETURN ours = theirs;
END $$;
CREATE FUNCTION pg_temp.uses_node(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text; found boolean := false;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
        found := found OR line LIKE '%ExactSearch%';
    END LOOP;
    RETURN found;
END $$;

SELECT ok(pg_temp.both($$SELECT v <-> '[.1,.2,.3,.4]' FROM items ORDER BY 1 LIMIT 25$$), 'L2 distances are those of Sort');
SELECT ok(pg_temp.both($$SELECT v <#> '[.1,.2,.3,.4]' FROM items ORDER BY 1 LIMIT 25$$), 'inner products are those of Sort');
SELECT ok(pg_temp.both($$SELECT v <=> '[.1,.2,.3,.4]' FROM items ORDER BY 1 LIMIT 5000$$),
    'with cosine, NaN of zero vectors comes after numbers and NULL after NaN, and no row is missing');
SELECT ok(pg_temp.both($$SELECT v <+> '[.1,.2,.3,.4]' FROM items ORDER BY 1 LIMIT 25$$), 'L1 distances are those of Sort');
SELECT ok(pg_temp.both($$SELECT h <-> '[.1,.2,.3,.4]' FROM items ORDER BY 1 LIMIT 25$$), 'halfvec');
SELECT ok(pg_temp.both($$SELECT s <-> '{1:.1,3:.3}/4' FROM items ORDER BY 1 LIMIT 25$$), 'sparsevec');
SELECT ok(pg_temp.both($$SELECT b <~> B'10110011' FROM items ORDER BY 1 LIMIT 25$$), 'bit');
SELECT ok(pg_temp.both($$SELECT t <-> '[1,2,3,4]' FROM items ORDER BY 1 LIMIT 25$$), 'tinyvec');
SELECT ok(pg_temp.both($$SELECT id FROM items WHERE kind = 3 AND id <= 3000 ORDER BY v <-> '[.1,.2,.3,.4]' LIMIT 10 OFFSET 7$$),
    'filter, offset and an order column that is not in the output');
SELECT ok(pg_temp.both($$SELECT a.id, b.id FROM items a JOIN items b ON b.id = a.id + 1 WHERE a.id < 2000 AND a.v IS NOT NULL
    ORDER BY a.v <-> '[.1,.2,.3,.4]' LIMIT 10$$), 'over a join');
SELECT ok(pg_temp.both($$SELECT q.id, n.id FROM items q CROSS JOIN LATERAL
    (SELECT id FROM items WHERE items.id BETWEEN 100 AND 400 AND v IS NOT NULL ORDER BY v <-> q.v LIMIT 3) n WHERE q.id IN (1, 2, 3)$$),
    'a lateral query vector is followed from row to row');
SELECT ok(pg_temp.both($$SELECT v <-> (SELECT v FROM items WHERE id = 5) FROM items ORDER BY 1 LIMIT 5$$), 'query vector from a subquery');
SELECT ok(pg_temp.both($$SELECT subvector(v, 1, 2) <-> '[.1,.2]' FROM items ORDER BY 1 LIMIT 5$$), 'an expression over the column');
SELECT is((SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[1,1,1,1]' LIMIT 0) none), 0::bigint, 'LIMIT 0 gives no row');
SELECT is((SELECT count(*) FROM (SELECT v <-> NULL::vector FROM items ORDER BY 1 LIMIT 4) four), 4::bigint,
    'a NULL query vector gives k rows');
CREATE TEMP SEQUENCE calls;
CREATE TEMP TABLE called AS SELECT nextval('calls') FROM items ORDER BY v <-> '[.1,.2,.3,.4]' LIMIT 5;
SELECT is(currval('calls'), 5::bigint, 'a volatile output column is computed for the returned rows only');
SELECT throws_ok($$SELECT id FROM items ORDER BY v <-> '[1,2,3]' LIMIT 5$$, '22000', 'different vector dimensions 4 and 3',
    'a query of other dimensions is refused');

SELECT * FROM finish();
ROLLBACK;
