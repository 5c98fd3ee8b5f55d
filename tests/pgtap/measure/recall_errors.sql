-- What quiver.recall refuses, and how it says so.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(12);

CREATE TABLE places (id int PRIMARY KEY, at point);
INSERT INTO places SELECT i, point(i, i) FROM generate_series(1, 100) i;
CREATE INDEX places_at ON places USING gist (at);
CREATE INDEX places_again ON places USING gist (at);

SELECT is(pg_temp.error_of($$SELECT quiver.recall('places', 10)$$), '42809 | "public.places" is not an index that orders by a distance', 'a table');
SELECT is(pg_temp.error_of($$SELECT quiver.recall('places_pkey', 10)$$), '42809 | "public.places_pkey" is not an index that orders by a distance', 'an index of another kind');
SELECT is(pg_temp.error_of($$SELECT quiver.recall('no_such_index', 10)$$), '42P01 | relation "no_such_index" does not exist', 'a name of nothing');
SELECT is(pg_temp.error_of($$SELECT quiver.recall(NULL::regclass, 10)$$), '22004 | index must not be NULL', 'a NULL index');
SELECT is(pg_temp.error_of($$SELECT quiver.recall('places_at', 0)$$), '22023 | samples must be at least 1, not 0', 'no samples');
SELECT is(pg_temp.error_of($$SELECT quiver.recall('places_at', NULL::integer)$$), '22023 | samples must be at least 1, not NULL', 'NULL samples');
SELECT is(pg_temp.error_of($$SELECT quiver.recall('places_at', 10, 0)$$), '22023 | k must be at least 1, not 0', 'k of zero');
SELECT is(pg_temp.error_of($$SELECT quiver.recall('places_at', NULL::point[], 1)$$), '22004 | index, queries, k and confidence must not be NULL', 'NULL queries');
SELECT is(pg_temp.error_of($$SELECT quiver.recall('places_at', ARRAY['[1,2]']::vector[])$$), '42804 | index public.places_at is on point, queries are public.vector[]', 'queries of another type');
SELECT is(pg_temp.error_of($$SELECT quiver.recall('places_at', 10, 10, 0.5)$$), '22023 | confidence 0.5 is not known', 'a confidence out of the list');

-- Two indexes on one column: the planner takes one of them, and the other cannot be measured unnoticed.
SELECT is((SELECT count(*) FROM unnest(ARRAY['places_at', 'places_again']) AS i
           WHERE pg_temp.error_of(format('SELECT quiver.recall(%L, 3)', i)) = '55000 | the planner does not use index public.' || i || ' for this search'), 1::bigint,
    'the index that the planner passes over is named');

CREATE ROLE recall_stranger;
SET LOCAL ROLE recall_stranger;
SELECT is(pg_temp.error_of($$SELECT quiver.recall('places_at', 10)$$), '42501 | permission denied for table places', 'a table that may not be read');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
