-- Order, equality, indexes, hashing and DISTINCT of sparsevec.
\ir ../lib/setup.sql
SELECT plan(21);

-- The lines of a query's plan.
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS
    $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END$$;

-- The order is that of the same vectors written out: elements first, then the number of dimensions.
CREATE TEMP TABLE samples AS
    SELECT row_number() OVER () AS id, v, CASE WHEN vector_dims(v) > 0 THEN v::vector::real[] END AS dense
      FROM (SELECT DISTINCT literal::sparsevec AS v FROM unnest(ARRAY[
        '{}/1', '{}/2', '{}/3', '{1:1}/1', '{1:-1}/1', '{1:1}/2', '{2:1}/2', '{2:-1}/2', '{1:1,2:1}/2', '{1:1,2:-1}/2',
        '{1:-1,2:1}/2', '{3:1}/3', '{3:-1}/3', '{1:1,3:1}/3', '{1:1,2:2,3:3}/3', '{1:1,2:2}/2', '{1:2,2:3}/2',
        '{1:1,2:2}/3', '{2:2,3:3}/3', '{2:-2,3:3}/3', '{1:0.5}/4', '{4:1e-45}/4', '{4:-1e-45}/4', '{}/4'
      ]) literal) distinct_values;
SELECT is(count(*), 24::bigint, 'the samples are all different') FROM samples;
SELECT is_empty($$SELECT x.v, y.v FROM samples x, samples y WHERE (x.v < y.v) <> (x.dense < y.dense)$$, '< is that of arrays');
SELECT is_empty($$SELECT x.v, y.v FROM samples x, samples y WHERE (x.v <= y.v) <> (x.dense <= y.dense)$$, '<= is that of arrays');
SELECT is_empty($$SELECT x.v, y.v FROM samples x, samples y WHERE (x.v = y.v) <> (x.dense = y.dense)$$, '= is that of arrays');
SELECT is_empty($$SELECT x.v, y.v FROM samples x, samples y WHERE (x.v <> y.v) <> (x.dense <> y.dense)$$, '<> is that of arrays');
SELECT is_empty($$SELECT x.v, y.v FROM samples x, samples y WHERE (x.v >= y.v) <> (x.dense >= y.dense)$$, '>= is that of arrays');
SELECT is_empty($$SELECT x.v, y.v FROM samples x, samples y WHERE (x.v > y.v) <> (x.dense > y.dense)$$, '> is that of arrays');
SELECT is_empty($$SELECT x.v, y.v FROM samples x, samples y
                   WHERE sparsevec_cmp(x.v, y.v) <> CASE WHEN x.v < y.v THEN -1 WHEN x.v > y.v THEN 1 ELSE 0 END$$,
                'sparsevec_cmp is -1, 0 or 1');
SELECT results_eq('SELECT id FROM samples ORDER BY v', 'SELECT id FROM samples ORDER BY dense', 'sorting agrees with arrays');
SELECT results_eq('SELECT id FROM samples ORDER BY v DESC', 'SELECT id FROM samples ORDER BY dense DESC', 'descending too');

SELECT is(sparsevec_hash(v), sparsevec_hash(v::text::sparsevec), 'equal vectors have equal hashes')
  FROM (VALUES ('{3:1,1:2}/5'::sparsevec)) t(v);
SELECT is(count(DISTINCT sparsevec_hash_extended(v, 1)), 24::bigint, 'the samples hash apart') FROM samples;
SELECT isnt(sparsevec_hash_extended('{1:1}/1', 1), sparsevec_hash_extended('{1:1}/1', 2), 'the seed counts');
SELECT is((sparsevec_hash_extended(v, 0) & 4294967295), (sparsevec_hash(v)::bigint & 4294967295),
          'seed 0 gives the plain hash in the low half') FROM (VALUES ('{3:1,1:2}/5'::sparsevec)) t(v);

CREATE TEMP TABLE repeated AS SELECT v FROM samples, generate_series(1, 50);
ANALYZE repeated;
SET LOCAL enable_sort = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = off;
SELECT alike(plan, '%HashAggregate%', 'DISTINCT hashes')
  FROM (SELECT string_agg(line, ' ') AS plan FROM pg_temp.plan_of('SELECT DISTINCT v FROM repeated') line) explained;
SELECT is((SELECT count(*) FROM (SELECT DISTINCT v FROM repeated) d), 24::bigint, 'hashed DISTINCT finds each once');
SELECT results_eq('SELECT v, count(*) FROM repeated GROUP BY v ORDER BY v', 'SELECT v, 50::bigint FROM samples ORDER BY v',
                  'hashed GROUP BY counts each');
SELECT alike(plan, '%Hash Join%', 'equality joins by hash')
  FROM (SELECT string_agg(line, ' ') AS plan FROM pg_temp.plan_of('SELECT FROM repeated JOIN samples USING (v)') line) explained;
SELECT is((SELECT count(*) FROM repeated JOIN samples USING (v)), 1200::bigint, 'and finds every pair');
RESET enable_sort;

CREATE INDEX samples_v ON samples (v);
CREATE INDEX samples_hash ON samples USING hash (v);
SET LOCAL enable_seqscan = off;
SELECT is((SELECT count(*) FROM samples s WHERE EXISTS (SELECT FROM samples t WHERE t.v = s.v::text::sparsevec)), 24::bigint,
          'indexes find every vector');
SELECT results_eq($$SELECT v::text AS shown FROM samples WHERE v >= '{}/1' AND v < '{3:1}/3' ORDER BY v$$,
                  $$SELECT v::text FROM samples WHERE dense >= '{0}' AND dense < '{0,0,1}' ORDER BY dense$$,
                  'a btree range is a range of the order');

SELECT * FROM finish();
ROLLBACK;
