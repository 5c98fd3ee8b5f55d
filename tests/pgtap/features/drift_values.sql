-- Sketches and drift metrics: against exact answers, published values, and on what they cannot answer.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(40);

-- Quantiles: exact while the sketch holds all values.
CREATE TABLE small AS SELECT (n * 7919 % 500)::float8 AS x FROM generate_series(0, 499) AS n;
SELECT is(quiver.sketch_quantile(quiver.quantile_sketch(x), f), percentile_disc(f) WITHIN GROUP (ORDER BY x), 'exact quantile ' || f)
FROM small, unnest('{0, 0.001, 0.25, 0.5, 0.999, 1}'::float8[]) AS f GROUP BY f;
SELECT is((SELECT quiver.sketch_rank(quiver.quantile_sketch(x), 249) FROM small), 0.5::float8, 'exact rank');
SELECT setseed(0.3);
CREATE TABLE values_of AS SELECT -ln(1 - random()) * 100 AS x, n % 37 AS part FROM generate_series(1, 20000) AS n;
CREATE TABLE parts AS SELECT part, quiver.quantile_sketch(x) AS q, quiver.distinct_sketch(x) AS d FROM values_of GROUP BY part;
CREATE FUNCTION pg_temp.worst(sketch bytea) RETURNS float8 LANGUAGE sql AS $$
    SELECT max(abs(w.f - r.rank)) FROM (SELECT f, quiver.sketch_quantile(sketch, f) AS q FROM unnest('{0.01,0.1,0.25,0.5,0.75,0.9,0.99}'::float8[]) AS f OFFSET 0) AS w,
        LATERAL (SELECT avg((x <= w.q)::int) AS rank FROM values_of) AS r $$;
SELECT cmp_ok((SELECT pg_temp.worst(quiver.quantile_sketch(x)) FROM values_of), '<', 0.01::float8, 'ranks of 20,000 values are within a hundredth');
SELECT cmp_ok((SELECT pg_temp.worst(quiver.quantile_sketch_merge(q)) FROM parts), '<', 0.01::float8, 'also of 37 sketches merged');
SELECT is((SELECT quiver.sketch_count(quiver.quantile_sketch_merge(q)) FROM parts), 20000::bigint, 'which count every value');
SELECT is((SELECT quiver.sketch_quantile(quiver.quantile_sketch_merge(q), 1) FROM parts), (SELECT max(x) FROM values_of), 'the greatest is exact');
SELECT is((SELECT quiver.quantile_sketch(x) FROM small), (SELECT quiver.quantile_sketch(x) FROM small), 'equal input gives equal sketches');
SELECT is((SELECT quiver.quantile_sketch(x) FROM (VALUES (NULL::float8), ('NaN')) AS v(x)), NULL, 'NULL and NaN are no values');
SELECT is((SELECT quiver.sketch_count(quiver.quantile_sketch(x)) FROM (VALUES (NULL::float8), ('NaN'), (1)) AS v(x)), 1::bigint, 'and not counted');
SELECT throws_ok($$SELECT quiver.sketch_quantile('\x00'::bytea, 0.5)$$, '22P03', NULL, 'what is no sketch is refused');
SELECT throws_ok($$SELECT quiver.sketch_quantile(overlay(q PLACING '\xff' FROM 9), 0.5) FROM (SELECT quiver.quantile_sketch(x) AS q FROM small) AS s$$, '22P03', NULL, 'as is a damaged one');
SELECT throws_ok($$SELECT quiver.sketch_quantile(quiver.quantile_sketch(x), 1.5) FROM small$$, '22023', NULL, 'a fraction is one');

-- Distinct values.
SELECT cmp_ok(abs((SELECT quiver.sketch_distinct_count(quiver.distinct_sketch(n)) FROM generate_series(1, 100000) AS n) / 100000 - 1), '<', 0.05::float8, '100,000 distinct within 5 %');
SELECT cmp_ok(abs((SELECT quiver.sketch_distinct_count(quiver.distinct_sketch('t' || n % 50)) FROM generate_series(1, 5000) AS n) - 50), '<', 1::float8, 'few are nearly exact');
SELECT is((SELECT quiver.distinct_sketch_merge(d) FROM parts), (SELECT quiver.distinct_sketch(x) FROM values_of), 'merged is the same as made at once, to the bit');
SELECT throws_ok($$SELECT quiver.sketch_distinct_count('\x1234')$$, '22P03', NULL, 'what is no sketch is refused');

-- Metrics: by hand and from tables.
SELECT is(round(quiver.drift_psi('{50, 50}', '{75, 25}', 1e-9)::numeric, 6), 0.274653, 'psi of 1/2, 1/2 and 3/4, 1/4 is ln(3) / 4');
SELECT is(quiver.drift_psi('{3, 4, 5}', '{6, 8, 10}', 1e-9) < 1e-9, true, 'no drift is none, whatever the sizes');
SELECT is(round(quiver.drift_js('{1, 0}', '{0, 1}')::numeric, 6), 0.693147, 'js of disjoint samples is ln 2');
SELECT is((SELECT (round(statistic::numeric, 4), freedom, round(p_value::numeric, 4))::text FROM quiver.drift_chi2('{10, 20, 30}', '{20, 20, 20}')), '(5.3333,2,0.0695)', 'chi2 with its probability');
SELECT is((SELECT round(p_value::numeric, 4) FROM quiver.drift_chi2('{100, 0}', '{98, 2}')), 0.1552, 'by series and by fraction');
SELECT is((SELECT statistic FROM quiver.drift_ks('{1, 2, 3, 4}', '{3, 4, 5, 6}')), 0.5::float8, 'ks of shifted samples');
SELECT is(quiver.drift_wasserstein('{0, 1, 3}', '{5, 6, 8}'), 5::float8, 'wasserstein is the shift');
SELECT is(quiver.drift_psi('{0, 0}', '{1, 2}'), NULL, 'an empty sample has no drift that could be told');
SELECT throws_ok($$SELECT quiver.drift_psi('{1}', '{1, 2}')$$, '22023', NULL, 'bins have to be the same');
SELECT throws_ok($$SELECT quiver.drift_js('{-1}', '{1}')$$, '22023', NULL, 'and counts not negative');

-- A view between two windows.
CREATE TABLE measured AS
SELECT n % 10 AS user_id, timestamptz '2024-01-01Z' + n * interval '1 minute' AS at, (n * 7919 % 1000 + CASE WHEN n > 2000 THEN 300 ELSE 0 END)::float8 AS moved,
    (n * 104729 % 1000)::int AS steady, CASE WHEN n > 2000 AND n % 4 = 0 THEN 'new' WHEN n % 3 > 0 THEN 'a' ELSE 'b' END AS kind, 5 AS fixed,
    CASE WHEN n <= 2000 OR n % 2 = 0 THEN 1 + n % 7 END AS gaps
FROM generate_series(1, 4000) AS n;
SELECT quiver.feature_create_view('measured', 'customer', source => 'measured', event_ts => 'at', features => '["moved", "steady", "kind", "fixed", "gaps"]');
SELECT is((SELECT array_agg(DISTINCT reason) FROM quiver.feature_drift('measured', '[2000-01-01, 2001-01-01)', '[2024-01-01, 2025-01-01)', '{moved}')),
    '{no rows in the reference}', 'the first call of a session may find nothing to compare');
CREATE TABLE drifted AS SELECT * FROM quiver.feature_drift('measured', tstzrange('2024-01-01Z', timestamptz '2024-01-01Z' + 2000 * interval '1 minute', '[]'),
    tstzrange(timestamptz '2024-01-01Z' + 2000 * interval '1 minute', 'infinity', '()'));
SELECT results_eq($$SELECT feature FROM drifted WHERE metric = 'psi' AND value > 0.1 ORDER BY 1$$, $$VALUES ('gaps'), ('kind'), ('moved')$$, 'psi finds what drifted, NULLs and new kinds among it');
SELECT is((SELECT round(value::numeric) FROM drifted WHERE feature = 'moved' AND metric = 'wasserstein'), 300::numeric, 'wasserstein by how much');
SELECT results_eq($$SELECT feature, round(value::numeric, 2) FROM drifted WHERE metric IN ('null_rate', 'unseen_rate') AND value > 0 ORDER BY 1$$, $$VALUES ('gaps', 0.50), ('kind', 0.25)$$, 'rates of NULL and of the unseen');
SELECT is((SELECT count(*) FROM drifted WHERE feature = 'fixed' AND metric IN ('psi', 'js', 'chi2', 'ks', 'wasserstein') AND value IS NULL AND reason = 'constant in the reference'), 5::bigint, 'of a constant nothing is said, with the reason');
SELECT is((SELECT array_agg(DISTINCT reason) FROM quiver.feature_drift('measured', '[2000-01-01, 2001-01-01)', '[2024-01-01, 2025-01-01)')), '{no rows in the reference}', 'nor of an empty window');
SELECT throws_ok($$SELECT * FROM quiver.feature_drift('measured', '[2024-01-01, 2024-01-03)', '[2024-01-02, 2025-01-01)')$$, '22023', NULL, 'windows must not overlap');
SELECT throws_ok($$SELECT * FROM quiver.feature_drift('measured', '[2000-01-01, 2001-01-01)', '[2024-01-01, 2025-01-01)', '{mvoed}')$$, '42704', NULL, 'features must be there');
SELECT throws_like($$SELECT * FROM quiver.feature_drift('measured', '[2000-01-01, 2001-01-01)', '[2024-01-01, 2025-01-01)', bins => 1001)$$, 'bins must be between 2 and 1000, not 1001', 'bins have a limit');

SELECT * FROM finish();
ROLLBACK;
