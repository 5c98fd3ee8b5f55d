-- Distances and norms of sparsevec, by hand and against plain SQL over the written-out elements.
\ir ../lib/setup.sql
SELECT plan(38);

SELECT is(l2_distance('{}/2'::sparsevec, '{1:3,2:4}/2'), 5.0::float8, 'Euclidean distance from the origin');
SELECT is(l2_distance('{1:3}/2'::sparsevec, '{2:4}/2'), 5.0::float8, 'elements at different indices');
SELECT is(l2_distance('{1:1,2:5,4:2}/4'::sparsevec, '{2:2,3:4,4:2}/4'), sqrt(26)::float8, 'shared and unshared elements');
SELECT is('{1:3}/1000000000'::sparsevec <-> '{1000000000:4}/1000000000', 5.0::float8, 'the last of a thousand million dimensions');
SELECT is(sparsevec_l2_squared_distance('{1:3}/2', '{2:4}/2'), 25.0::float8, 'squared Euclidean distance');
SELECT is(inner_product('{1:1,3:3,5:5}/5'::sparsevec, '{2:4,3:6,4:8}/5'), 18.0::float8, 'inner product of the shared index');
SELECT is(inner_product('{1:1}/2'::sparsevec, '{2:1}/2'), 0.0::float8, 'nothing shared is 0');
SELECT is('{1:1,2:2}/2'::sparsevec <#> '{1:3,2:4}/2', -11.0::float8, '<#> is the negative inner product');
SELECT is(inner_product('{1:3e38}/1'::sparsevec, '{1:3e38}/1'), 'Infinity'::float8, 'a sum past the greatest float is infinite');
SELECT is(cosine_distance('{1:1,2:2}/2'::sparsevec, '{1:2,2:4}/2'), 0.0::float8, 'cosine distance of the same direction');
SELECT is(cosine_distance('{1:1}/2'::sparsevec, '{2:2}/2'), 1.0::float8, 'of a right angle');
SELECT is('{1:1,2:1}/2'::sparsevec <=> '{1:-1,2:-1}/2', 2.0::float8, '<=> of opposite directions');
SELECT is(cosine_distance('{1:1,2:2}/2'::sparsevec, '{}/2'), 'NaN'::float8, 'a zero vector has no direction');
SELECT is(cosine_distance('{1:1,2:1}/2'::sparsevec, '{1:1.1,2:1.1}/2'), 0.0::float8, 'rounding does not leave the range');
SELECT is(cosine_distance('{1:3e38}/1'::sparsevec, '{1:3e38}/1'), 'NaN'::float8, 'infinity over infinity is NaN');
SELECT is(l1_distance('{1:1,3:3,5:5,7:7}/8'::sparsevec, '{2:2,4:4,6:6,8:8}/8'), 36.0::float8, 'taxicab distance, nothing shared');
SELECT is('{1:1,2:-2}/2'::sparsevec <+> '{1:-1,2:2}/2', 6.0::float8, '<+> is the taxicab distance');
SELECT is(l2_norm('{1:3,2:4}/2'::sparsevec), 5.0::float8, 'norm');
SELECT is(l2_norm('{1:3e37,2:4e37}/2'::sparsevec)::real, 5e37::real, 'a norm is added up in double');
SELECT is(l2_norm('{}/2'::sparsevec), 0.0::float8, 'the norm of zeros');
SELECT is(l2_normalize('{1:3,2:4}/2'::sparsevec)::text, '{1:0.6,2:0.8}/2', 'unit length');
SELECT is(l2_normalize('{}/2'::sparsevec)::text, '{}/2', 'zeros stay zeros');
SELECT is(l2_normalize('{1:3e38}/1'::sparsevec)::text, '{1:1}/1', 'a very long vector');
SELECT is(l2_normalize('{1:3e38,2:1e-37}/2'::sparsevec)::text, '{1:1}/2', 'an element that vanishes is not stored');
SELECT is(vector_dims('{1:1}/1000000000'::sparsevec), 1000000000, 'number of dimensions');
SELECT is(nonzero_count('{3:1,1:2}/1000000000'::sparsevec), 2, 'number of elements');
SELECT is(nonzero_count('{}/3'::sparsevec), 0, 'none');

-- Random vectors of every overlap: few against many, disjoint, equal.
CREATE TEMP TABLE elements AS
    SELECT id, dim, (hashint4extended(id * 1009 + dim, 7) % 1000 / 250.0)::real AS value
      FROM generate_series(1, 40) id, generate_series(1, 300) dim
     WHERE hashint4extended(id * 2003 + dim, 8) % 100 < id * 2;
CREATE TEMP TABLE vectors AS
    SELECT id, ('{' || coalesce(string_agg(dim || ':' || value, ','), '') || '}/300')::sparsevec AS v
      FROM elements GROUP BY id;
INSERT INTO vectors VALUES (0, '{}/300');
CREATE TEMP TABLE expected AS
    SELECT x.id AS xid, y.id AS yid, x.v AS x, y.v AS y,
           coalesce(sum((coalesce(a.value, 0)::float8 - coalesce(b.value, 0)) ^ 2), 0) AS l2_squared,
           coalesce(sum(a.value::float8 * b.value), 0) AS product,
           coalesce(sum(abs(coalesce(a.value, 0)::float8 - coalesce(b.value, 0))), 0) AS l1,
           coalesce(sum(a.value::float8 ^ 2), 0) AS xx, coalesce(sum(b.value::float8 ^ 2), 0) AS yy
      FROM vectors x CROSS JOIN vectors y CROSS JOIN generate_series(1, 300) d
      LEFT JOIN elements a ON a.id = x.id AND a.dim = d
      LEFT JOIN elements b ON b.id = y.id AND b.dim = d
     GROUP BY x.id, y.id, x.v, y.v;
-- Sums of at most 600 single-precision terms: the bound is generous for every instruction set.
CREATE FUNCTION pg_temp.near(a float8, b float8, scale float8) RETURNS boolean LANGUAGE sql AS
    $$SELECT abs(a - b) <= 1e-5 * (abs(scale) + 1e-6)$$;
SELECT is(count(*), 41 * 41::bigint, 'every pair is compared') FROM expected;
SELECT is_empty('SELECT xid, yid FROM expected WHERE NOT pg_temp.near(sparsevec_l2_squared_distance(x, y), l2_squared, xx + yy)',
                'squared Euclidean distances agree with SQL');
SELECT is_empty('SELECT xid, yid FROM expected WHERE NOT pg_temp.near(inner_product(x, y), product, sqrt(xx * yy))',
                'inner products agree with SQL');
SELECT is_empty('SELECT xid, yid FROM expected WHERE NOT pg_temp.near(x <+> y, l1, l1)', 'taxicab distances agree with SQL');
SELECT is_empty('SELECT xid, yid FROM expected WHERE xx * yy > 0 AND NOT pg_temp.near(x <=> y, 1 - product / sqrt(xx * yy), 1)',
                'cosine distances agree with SQL');
SELECT is_empty($$SELECT xid, yid FROM expected WHERE xx * yy = 0 AND (x <=> y) <> 'NaN'$$, 'and are NaN for zeros alone');
SELECT is_empty($$SELECT xid, yid FROM expected WHERE xid <= yid
                  AND NOT (pg_temp.near(x <-> y, y <-> x, sqrt(xx + yy)) AND pg_temp.near(x <#> y, y <#> x, sqrt(xx * yy))
                           AND pg_temp.near(x <+> y, y <+> x, l1))$$,
                'distances are symmetric but for the order of adding up');
SELECT is_empty('SELECT xid FROM expected WHERE xid = yid AND (x <-> y <> 0 OR x <+> y <> 0)', 'and 0 to oneself');
SELECT results_eq($$SELECT id FROM vectors ORDER BY v <-> (SELECT v FROM vectors WHERE id = 7) LIMIT 1$$, ARRAY[7],
                  'a vector is its own nearest neighbour');

-- Values out of line: all of a value is fetched, or only its first bytes.
CREATE TEMP TABLE outside AS
    SELECT ('{' || string_agg(i || ':' || i % 7 + 1, ',') || '}/9000')::sparsevec AS v FROM generate_series(1, 9000) i;
SELECT is(ARRAY[vector_dims(v), nonzero_count(v), (v <-> v)::int], ARRAY[9000, 9000, 0], 'values out of line are read') FROM outside;
INSERT INTO outside SELECT v * n FROM outside, generate_series(2, 4) n;
CREATE TEMP TABLE inside AS SELECT v::text AS v FROM outside;
SELECT results_eq('SELECT x.v <-> y.v FROM outside x, outside y ORDER BY 1',
                  'SELECT x.v::sparsevec <-> y.v::sparsevec FROM inside x, inside y ORDER BY 1',
                  'whichever of them repeats from row to row');

SELECT * FROM finish();
ROLLBACK;
