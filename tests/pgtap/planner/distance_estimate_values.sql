-- How many rows the planner expects within a distance, against how many there are.
\ir ../lib/setup.sql
SELECT plan(38);
SET LOCAL max_parallel_workers_per_gather = 0;

CREATE FUNCTION pg_temp.expected(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN (plan #>> '{0,Plan,Plan Rows}')::float8;
END $$;

-- Clusters of unequal size, in 12 dimensions; one row in ten has no vector.
SELECT setseed(0.25);
CREATE TABLE item (id int PRIMARY KEY, v vector(12), h halfvec(12), t tinyvec(12), s sparsevec(12), b bit(64));
INSERT INTO item (id, v)
SELECT i, CASE WHEN i % 10 > 0 THEN
           (SELECT array_agg(sin(c * d) + (random() - 0.5) * 0.8 ORDER BY d) FROM generate_series(1, 12) d)::vector END
  FROM (SELECT i, floor(sqrt(i % 400))::int AS c FROM generate_series(1, 20000) i OFFSET 0) rows;
CREATE FUNCTION pg_temp.bits(v vector) RETURNS bit(64) LANGUAGE sql AS $$
    SELECT string_agg((x * k > 0.4)::int::text, '' ORDER BY k, n)::bit(64)
      FROM unnest(v::real[]) WITH ORDINALITY AS e(x, n), (VALUES (1), (2), (-1), (-2), (4), (-4)) AS f(k)
$$;
CREATE TABLE filled AS SELECT id, v, v::halfvec AS h, scalar_quantize(v, -2, 2) AS t, v::sparsevec AS s, pg_temp.bits(v) AS b FROM item;
DROP TABLE item;
ALTER TABLE filled RENAME TO item;
ANALYZE item;

-- Whether the planner's number of rows with `condition`, whose :r is a distance that this share of the rows is within,
-- lies within this factor of the true one; if not, both.
CREATE FUNCTION pg_temp.told(distance text, share float8, factor float8, condition text DEFAULT '%1$s <= :r', tab text DEFAULT 'item')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    radius float8;
    truth float8;
    told float8;
BEGIN
    EXECUTE format('SELECT percentile_disc(%L) WITHIN GROUP (ORDER BY %s) FROM %s WHERE %2$s IS NOT NULL', share, distance, tab) INTO radius;
    condition := replace(format(condition, distance), ':r', format('%L::float8', radius));
    EXECUTE format('SELECT count(*) FROM %s WHERE %s', tab, condition) INTO truth;
    told := pg_temp.expected(format('SELECT FROM %s WHERE %s', tab, condition));
    IF told BETWEEN truth / factor AND greatest(truth * factor, 2) THEN
        RETURN 'near';
    END IF;
    RETURN format('%s expected of %s', told, truth);
END $$;
-- Of shares from one row in a thousand to four in five, with queries near and far from rows.
CREATE FUNCTION pg_temp.all_told(distance text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(DISTINCT pg_temp.told(format(distance, q), share, factor), '; ')
      FROM (VALUES (0.001, 6::float8), (0.01, 2.5), (0.1, 1.5), (0.5, 1.2), (0.8, 1.2)) AS w(share, factor),
           (SELECT id % 7 AS n, v::text AS q FROM item WHERE id IN (1, 57, 399)
            UNION ALL SELECT 8, '[0,0,0,0,0,0,0,0,0,0,0,0.5]') AS queries
$$;

SELECT is(pg_temp.all_told('v <-> %L'), 'near', 'vectors by Euclidean distance');
SELECT is(pg_temp.all_told('v <=> %L'), 'near', 'by cosine distance');
SELECT is(pg_temp.all_told('v <#> %L'), 'near', 'by inner product');
SELECT is(pg_temp.all_told('v <+> %L'), 'near', 'by taxicab distance');
SELECT is(pg_temp.all_told('l2_distance(v, %L)'), 'near', 'by the function');
SELECT is(pg_temp.all_told('%L::vector <-> v'), 'near', 'with the query first');
SELECT is(pg_temp.all_told('h <-> %L'), 'near', 'halfvec');
SELECT is(pg_temp.all_told('t <-> scalar_quantize(%L::vector, -2, 2)'), 'near', 'tinyvec');
SELECT is(pg_temp.all_told('s <-> %L::vector::sparsevec'), 'near', 'sparsevec');
SELECT is(pg_temp.all_told('v::halfvec(12) <=> %L'), 'near', 'a vector that is cast to halfvec');
SELECT is(pg_temp.told(format('b <~> %L', b), 0.1, 3), 'near', 'bit, of which ANALYZE keeps what it does of every type')
  FROM item WHERE id = 57;

-- Ways of saying it.
CREATE TEMP TABLE query AS SELECT v::text AS q FROM item WHERE id = 57;
SELECT is(pg_temp.told(format('v <-> %L', q), 0.2, 1.5, '%1$s > :r'), 'near', 'farther than') FROM query;
SELECT is(pg_temp.told(format('v <-> %L', q), 0.2, 1.5, ':r >= %1$s'), 'near', 'with the bound first') FROM query;
SELECT is(pg_temp.told(format('v <-> %L', q), 0.2, 1.5, '%1$s BETWEEN 0 AND :r'), 'near', 'BETWEEN') FROM query;
SELECT is(pg_temp.told(format('v <-> %L', q), 0.2, 1.5, '%1$s < CAST(:r AS real)'), 'near', 'a bound of single precision') FROM query;
SELECT is(pg_temp.told(format('v <=> %L', q), 0.02, 2.5, '1 - (%1$s) > 1 - :r'), 'near', 'similarity as one less the distance') FROM query;
SELECT is(pg_temp.told(format('v <#> %L', q), 0.02, 2.5, '(%1$s) * -1 > -1 * :r'), 'near', 'an inner product made positive') FROM query;
SELECT is(pg_temp.told(format('v <#> %L', q), 0.02, 2.5, '-(%1$s) > -1 * :r'), 'near', 'by a sign') FROM query;
SELECT is(pg_temp.told(format('v <-> %L', q), 0.1, 1.8, '%1$s <= :r OR id <= 2000'), 'near', 'beside another condition') FROM query;

-- Below the least distance of the sample.
SELECT cmp_ok(pg_temp.expected(format('SELECT FROM item WHERE v <-> %L < 0.6', '[0,0,0,0,0,0,0,0,0,0,0,0.5]')), '<=', 20::float8,
              'a radius that nothing is within');
SELECT is(pg_temp.expected(format('SELECT FROM item WHERE v <-> %L < -1', q)), 1::float8, 'no row is expected nearer than zero') FROM query;
SELECT cmp_ok(pg_temp.expected(format('SELECT FROM item WHERE v <-> %L < 1000', q)), '>', 17000::float8, 'all with a vector within a large one') FROM query;

-- Parameters: of a custom plan they are known; a generic plan knows a constant bound, for a query like the rows.
PREPARE within(vector, float8) AS SELECT FROM item WHERE v <-> $1 < $2;
PREPARE near_to(vector) AS SELECT FROM item WHERE v <-> $1 < 0.9;
SET LOCAL plan_cache_mode = force_custom_plan;
SELECT is(pg_temp.expected(format('EXECUTE within(%L, 1.2)', q)), pg_temp.expected(format('SELECT FROM item WHERE v <-> %L < 1.2', q)),
          'parameters of a custom plan') FROM query;
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT is(round((pg_temp.expected(format('EXECUTE within(%L, 1.2)', q)) / 20000)::numeric, 2), 0.33, 'a bound that is not known: the server''s guess') FROM query;
SELECT cmp_ok(pg_temp.expected(format('EXECUTE near_to(%L)', q)) / (SELECT count(*) / 100 FROM item a, item b WHERE a.v <-> b.v < 0.9 AND b.id % 200 = 1),
              '<', 2::float8, 'a query that is not known: about as many as lie around a row') FROM query;
RESET plan_cache_mode;

-- Tables below another: each by its own sample, and columns in another order.
CREATE TABLE parts (id int, v vector(12)) PARTITION BY RANGE (id);
CREATE TABLE part_low PARTITION OF parts FOR VALUES FROM (0) TO (15001);
CREATE TABLE part_high (v vector(12), gone int, id int);
ALTER TABLE part_high DROP COLUMN gone;
ALTER TABLE parts ATTACH PARTITION part_high FOR VALUES FROM (15001) TO (30000);
INSERT INTO parts SELECT id, v FROM item;
ANALYZE parts;
SELECT is(pg_temp.told(format('v <-> %L', q), 0.05, 1.6, tab => 'parts'), 'near', 'a partitioned table') FROM query;
CREATE TABLE above (id int, v vector(12));
CREATE TABLE below () INHERITS (above);
INSERT INTO above SELECT id, v FROM item WHERE id <= 5000;
INSERT INTO below SELECT id, v FROM item WHERE id > 5000;
ANALYZE above, below;
SELECT is(pg_temp.told(format('v <-> %L', q), 0.05, 1.6, tab => 'above'), 'near', 'a table that others inherit from') FROM query;
CREATE VIEW shown AS SELECT id, v FROM item WHERE id > 0;
SELECT is(pg_temp.told(format('v <-> %L', q), 0.05, 1.6, tab => 'shown'), 'near', 'a view') FROM query;

-- What there is no sample for keeps the server's guess.
CREATE TABLE fresh AS SELECT id, v FROM item;
SELECT cmp_ok(pg_temp.expected(format('SELECT FROM fresh WHERE v <-> %L < 0.5', q)) / pg_temp.expected('SELECT FROM fresh'), '>', 0.3::float8,
              'a table that was not analysed') FROM query;
SELECT cmp_ok(pg_temp.expected('SELECT FROM item WHERE v <-> NULL < 0.5'), '<=', 6667::float8, 'a query that is NULL') FROM query;
SELECT cmp_ok(pg_temp.expected('SELECT FROM item a JOIN item b ON a.v <-> b.v < 0.5'), '>', 1e8::float8, 'distances between rows of two tables');
SET LOCAL quiver.distance_estimates = off;
SELECT is(round((pg_temp.expected(format('SELECT FROM item WHERE v <-> %L < 0.1', q)) / 20000)::numeric, 2), 0.33, 'and all, if it is switched off') FROM query;
RESET quiver.distance_estimates;

-- Values of several dimensions, values that no half holds, no values.
CREATE TABLE mixed (v vector, large vector(2), nothing vector(2));
INSERT INTO mixed SELECT CASE WHEN i % 2 = 0 THEN ARRAY[i, 1] ELSE ARRAY[i, 1, 1] END::vector, ARRAY[i * 1e6, 1]::vector, NULL
  FROM generate_series(1, 2000) i;
ANALYZE mixed;
SELECT is(round(pg_temp.expected('SELECT FROM mixed WHERE v <-> ''[0,1]'' < 1000')::numeric, -2), 1000::numeric,
          'of other dimensions than the query''s nothing is known: taken to lie as the rest');
SELECT is(pg_temp.told('large <-> ''[0,0]''', 0.2, 1.3, tab => 'mixed'), 'near', 'values beyond half precision');
SELECT lives_ok('EXPLAIN SELECT FROM mixed WHERE nothing <-> ''[0,1]'' < 1000', 'a column of NULLs');

-- Who may not see all rows is not told of them by plans.
CREATE ROLE distance_reader;
ALTER TABLE fresh ENABLE ROW LEVEL SECURITY;
CREATE POLICY even_rows ON fresh USING (id % 2 = 0);
ANALYZE fresh;
GRANT SELECT ON fresh, query TO distance_reader;
SELECT cmp_ok(pg_temp.expected(format('SELECT FROM fresh WHERE v <-> %L < 0.1', q)), '<', 100::float8, 'the owner of a table with row security gets the estimate') FROM query;
GRANT USAGE ON SCHEMA public TO distance_reader;
SELECT cmp_ok(relrowsecurity::int, '=', 1, 'row security is on') FROM pg_class WHERE relname = 'fresh';
CREATE TEMP TABLE seen_by_reader (rows float8);
GRANT INSERT ON seen_by_reader TO distance_reader;
SET LOCAL ROLE distance_reader;
INSERT INTO seen_by_reader SELECT pg_temp.expected(format('SELECT FROM fresh WHERE v <-> %L < 0.1', q))
    / pg_temp.expected(format('SELECT FROM fresh WHERE v <-> %L < 1000', q)) FROM query;
RESET ROLE;
SELECT is(rows, 1::float8, 'whom it hides rows from gets the same guess for every distance') FROM seen_by_reader;

SELECT * FROM finish();
ROLLBACK;
