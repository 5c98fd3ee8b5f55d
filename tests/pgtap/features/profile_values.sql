-- Stored profiles: what they keep, drift from them against drift of the rows themselves, and who may read them.
\ir ../lib/setup.sql
\ir ../lib/features.sql
SELECT plan(26);

CREATE TABLE measured AS
SELECT n % 10 AS user_id, timestamptz '2024-01-01Z' + n * interval '1 minute' AS at, (n * 7919 % 1000 + CASE WHEN n > 2000 THEN 300 ELSE 0 END)::float8 AS moved,
    (n::bigint * 104729 % 1000)::int AS steady, CASE WHEN n > 2000 AND n % 4 = 0 THEN 'new' WHEN n % 3 > 0 THEN 'a' ELSE 'b' END AS kind, 5 AS fixed,
    CASE WHEN n <= 2000 OR n % 2 = 0 THEN 1 + n % 7 END AS gaps, 'k' || n % 1200 AS many
FROM generate_series(1, 4000) AS n;
SELECT quiver.feature_create_view('measured', 'customer', source => 'measured', event_ts => 'at', features => '["moved", "steady", "kind", "fixed", "gaps", "many"]');
\set before 'tstzrange(''2024-01-01Z'', timestamptz ''2024-01-01Z'' + 2000 * interval ''1 minute'', ''[]'')'
\set after 'tstzrange(timestamptz ''2024-01-01Z'' + 2000 * interval ''1 minute'', ''infinity'', ''()'')'
SELECT is(quiver.feature_create_profile('measured', 'winter', :before), 6, 'a profile has all features');
SELECT is((SELECT (counts[1], cardinality(counts), quiver.sketch_count(quantiles), labels IS NULL)::text FROM quiver.feature_profile WHERE feature = 'moved'), '(0,11,2000,t)',
    'of a number: ten bins, NULLs, none without a bin, and a sketch of all values');
SELECT is((SELECT (labels, counts)::text FROM quiver.feature_profile WHERE feature = 'kind'), '("{a,b}","{0,1334,666,0}")', 'of another: its labels by frequency');
SELECT cmp_ok((SELECT abs(quiver.sketch_distinct_count(distinct_values) - 1200) FROM quiver.feature_profile WHERE feature = 'many'), '<', 60::float8, 'of each, how many kinds');
CREATE TABLE direct AS SELECT * FROM quiver.feature_drift('measured', :before, :after);

-- The rows of then are gone; what is known of them is the profile.
DELETE FROM measured WHERE at <= timestamptz '2024-01-01Z' + 2000 * interval '1 minute';
CREATE TABLE stored AS SELECT * FROM quiver.feature_drift_from('measured', 'winter', :after);
SELECT results_eq($$SELECT feature, metric, reference_rows, current_rows FROM stored$$, $$SELECT feature, metric, reference_rows, current_rows FROM direct$$,
    'drift from a profile has the rows of drift from the rows themselves');
SELECT is_empty($$SELECT s.feature, s.metric, s.value, d.value FROM stored s JOIN direct d USING (feature, metric)
    WHERE s.metric IN ('psi', 'js', 'chi2', 'null_rate') AND feature IN ('moved', 'steady', 'fixed', 'gaps')
      AND round(s.value::numeric, 9) IS DISTINCT FROM round(d.value::numeric, 9)$$, 'for numbers, metrics of bins are the same');
SELECT is_empty($$SELECT s.feature, s.metric, s.value, d.value FROM stored s JOIN direct d USING (feature, metric)
    WHERE s.metric = 'ks' AND abs(s.value - d.value) > 0.015 OR s.metric = 'wasserstein' AND abs(s.value - d.value) > 3$$, 'ks and wasserstein of sketches are close to exact');
SELECT is((SELECT round(value::numeric) BETWEEN 298 AND 302 FROM stored WHERE (feature, metric) = ('moved', 'wasserstein')), true, 'a shift is seen for what it is');
SELECT is((SELECT value FROM stored WHERE (feature, metric) = ('kind', 'unseen_rate')), (SELECT value FROM direct WHERE (feature, metric) = ('kind', 'unseen_rate')), 'new kinds are counted');
SELECT results_eq($$SELECT value, reason FROM stored WHERE (feature, metric) = ('many', 'unseen_rate')$$, $$VALUES (NULL::float8, 'more kinds in the reference than a profile keeps')$$,
    'where they cannot be told from those not kept, that is said');
SELECT is((SELECT array_agg(DISTINCT reason) FROM stored WHERE feature = 'fixed' AND metric <> 'null_rate'), '{"constant in the reference"}', 'of a constant nothing is said');
SELECT is((SELECT count(*) FROM quiver.feature_drift_from('measured', 'winter', :after, '{gaps}')), 6::bigint, 'one feature alone');
SELECT is((SELECT array_agg(DISTINCT reason) FROM quiver.feature_drift_from('measured', 'winter', '[2030-01-01, 2031-01-01)') WHERE metric <> 'null_rate'), '{"no rows in the current window"}',
    'an empty window has no drift that could be told');
SELECT is(quiver.feature_create_profile('measured', 'nothing', '[2000-01-01, 2000-02-01)', '{moved,kind}'), 2, 'a profile of no rows can be made');
SELECT is((SELECT array_agg(DISTINCT reason) FROM quiver.feature_drift_from('measured', 'nothing', :after) WHERE metric <> 'null_rate'), '{"no rows in the reference"}', 'and says that it has none');

SELECT throws_ok(format($$SELECT quiver.feature_create_profile('measured', 'winter', %L)$$, :before), '42710', NULL, 'a name is taken once');
SELECT throws_ok($$SELECT * FROM quiver.feature_drift_from('measured', 'winter', '[2024-01-01, 2025-01-01)')$$, '22023', NULL, 'windows must not overlap');
SELECT throws_ok($$SELECT * FROM quiver.feature_drift_from('measured', 'wintre', '[2025-01-01, 2026-01-01)')$$, '42704', NULL, 'the profile must be there');
SELECT throws_ok($$SELECT quiver.feature_create_profile('measured', 'summer', 'empty')$$, '22023', NULL, 'a window must not be empty');
SELECT throws_ok($$SELECT quiver.feature_create_profile('measured', 'summer', features => '{mvoed}')$$, '42704', NULL, 'features must be there');
SELECT throws_like($$SELECT quiver.feature_create_profile('measured', 'summer', bins => 1)$$, 'bins must be between 2 and 1000, not 1', 'a profile has two bins at least');
SELECT throws_like($$SELECT * FROM quiver.feature_drift_from('measured', 'winter', '[2025-01-01, 2026-01-01)', bins => NULL)$$, 'bins must be between 2 and 1000, not NULL', 'and so has drift from it');
SELECT throws_ok($$UPDATE quiver.feature_profile SET counts = '{1, 2, 3}'$$, '55006', NULL, 'a profile does not change');

-- Profiles, quarantined and logged rows hold values of sources that not everybody may read.
CREATE ROLE profile_reader;
SET LOCAL ROLE profile_reader;
SELECT throws_ok('SELECT * FROM quiver.' || part, '42501', NULL, part || ' is not for everybody') FROM unnest('{feature_profile,feature_quarantine}'::text[]) AS part;
RESET ROLE;
SELECT quiver.feature_drop_profile('measured', 'winter');
SELECT is((SELECT array_agg(DISTINCT profile) FROM quiver.feature_profile), '{nothing}', 'a dropped profile is gone, others stay');
SELECT * FROM finish();
ROLLBACK;
