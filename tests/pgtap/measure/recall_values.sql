-- quiver.recall counts what an index finds beside exact search. An index that is exact by design (GiST on points)
-- has recall 1, whatever k and the queries.
\ir ../lib/setup.sql
SELECT plan(13);

CREATE TABLE places (id int, at point, kind text);
INSERT INTO places SELECT i, point(i * 37 % 1009, i * 71 % 1013), 'k' || i % 5 FROM generate_series(1, 3000) i;
INSERT INTO places VALUES (0, NULL, 'k0');
CREATE INDEX places_at ON places USING gist (at);
CREATE INDEX places_some ON places USING gist (at) WHERE kind = 'k3';
ANALYZE places;

SELECT is((SELECT (recall, asked, expected, matched, worst) FROM quiver.recall('places_at')), ROW(1::float8, 100, 1000::bigint, 1000::bigint, 1::float8),
    'a hundred queries sampled from the table, ten answers each');
SELECT is((SELECT (recall, asked, expected, matched) FROM quiver.recall('places_at', ARRAY[point(1, 2), NULL, point(500, 500)], 7)),
    ROW(1::float8, 2, 14::bigint, 14::bigint), 'queries of one''s own; a NULL among them is not asked');
SELECT is((SELECT (recall, expected) FROM quiver.recall('places_at', ARRAY[point(1, 2)], 5000)), ROW(1::float8, 3000::bigint),
    'k above the number of rows expects them all, without the NULL');
SELECT is((SELECT expected FROM quiver.recall('places_some', ARRAY[point(1, 2)], 5000)), 600::bigint, 'a partial index is measured on its own rows');
SELECT is((SELECT (recall, low, asked, expected) FROM quiver.recall('places_at', '{}'::point[])), ROW(NULL::float8, NULL::float8, 0, 0::bigint), 'no queries, no recall');
SELECT ok((SELECT low BETWEEN 0.96 AND 0.97 AND high = 1 FROM quiver.recall('places_at', 100)), 'recall 1 over a hundred queries: 0.963 to 1 (Wilson)');
SELECT ok((SELECT (SELECT low FROM quiver.recall('places_at', 100, 10, 0.8)) > (SELECT low FROM quiver.recall('places_at', 100, 10, 0.99))),
    'less confidence, a narrower interval');
SELECT ok((SELECT ms_index > 0 AND ms_exact > 0 FROM quiver.recall('places_at', 5)), 'the mean time of a search is reported for both');

-- The session's settings are as they were.
SET LOCAL enable_sort = off;
SELECT count(*) FROM quiver.recall('places_at', 2) \g /dev/null
SELECT is(ARRAY[current_setting('enable_seqscan'), current_setting('enable_indexscan'), current_setting('enable_sort')], ARRAY['on', 'on', 'off'],
    'planner settings are put back');
RESET enable_sort;

-- Names that need quoting, an expression index.
CREATE SCHEMA "odd schema";
CREATE TABLE "odd schema"."Places" ("The ""Spot" circle);
INSERT INTO "odd schema"."Places" SELECT circle(at, 1) FROM places WHERE at IS NOT NULL;
CREATE INDEX "odd index" ON "odd schema"."Places" USING gist (center("The ""Spot"));
ANALYZE "odd schema"."Places";
SELECT is((SELECT (recall, expected) FROM quiver.recall('"odd schema"."odd index"', 10, 3)), ROW(1::float8, 30::bigint), 'an expression index under names that need quotes');

-- What the answer is about.
SELECT is((SELECT (relation, expression, operator, condition, value_type) FROM quiver.recall_subject('places_some'))::text,
    '(public.places,t.at,"OPERATOR(pg_catalog.<->)","(kind = ''k3''::text)",point)', 'what is measured is read from the index');

-- Row-level security holds: a reader measures what it can see.
DROP INDEX places_some;
CREATE ROLE recall_reader;
GRANT SELECT ON places TO recall_reader;
ALTER TABLE places ENABLE ROW LEVEL SECURITY;
CREATE POLICY some_places ON places USING (kind = 'k3');
SET LOCAL ROLE recall_reader;
SELECT is((SELECT expected FROM quiver.recall('places_at', ARRAY[point(1, 2)], 5000)), 600::bigint, 'under row-level security only visible rows count');
RESET ROLE;

-- Inside a plan's Index Name, and nowhere else.
SELECT is(quiver.plan_uses_index('[{"Plan": {"Node Type": "Limit", "Plans": [{"Node Type": "Index Scan", "Index Name": "places_at"}]}}]', 'places_at'), true,
    'a plan is searched for the index at any depth');

SELECT * FROM finish();
ROLLBACK;
