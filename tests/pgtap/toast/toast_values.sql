-- Values kept out of line are the same however they are reached: in the order they lie, in another order,
-- after updates, deletions and undone insertions, in this transaction, in parallel, of any length.
\ir ../lib/setup.sql
SELECT plan(16);

CREATE FUNCTION pg_temp.made(id int, dims int) RETURNS vector LANGUAGE sql IMMUTABLE AS
    $$SELECT array_agg((id * 31 + i * 17) % 1009 - 500 ORDER BY i)::vector FROM generate_series(1, dims) i$$;
CREATE TABLE items (id int PRIMARY KEY, dims int, v vector);
ALTER TABLE items ALTER v SET STORAGE EXTERNAL;
INSERT INTO items SELECT i, 768, pg_temp.made(i, 768) FROM generate_series(1, 600) i;
ANALYZE items;

-- How often the TOAST table's index has been descended in this transaction.
CREATE FUNCTION pg_temp.descents() RETURNS bigint LANGUAGE sql AS
    $$SELECT pg_stat_get_xact_numscans(indexrelid) FROM pg_index
       WHERE indrelid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'items'::regclass)$$;
-- Rows whose value is not what was put in.
CREATE FUNCTION pg_temp.wrong() RETURNS bigint LANGUAGE sql AS
    $$SELECT count(*) FROM items WHERE v IS DISTINCT FROM pg_temp.made(id, dims)$$;

SELECT ok(pg_relation_size((SELECT reltoastrelid FROM pg_class WHERE oid = 'items'::regclass)) > 600 * 3080,
    'the values are out of line');
CREATE TEMP TABLE counted AS SELECT pg_temp.descents() AS before;
CREATE TEMP TABLE inline AS SELECT id, sum(v <-> pg_temp.made(1, 768)) AS d FROM items GROUP BY id;
SELECT cmp_ok(pg_temp.descents() - (SELECT before FROM counted), '<', 10::bigint, 'a scan of 600 values hardly descends the TOAST index');
SELECT is((SELECT count(*) FROM inline JOIN generate_series(1, 600) i ON i = id WHERE d <> pg_temp.made(i, 768) <-> pg_temp.made(1, 768)), 0::bigint,
    'distances are those of values that were never stored');
SELECT is(pg_temp.wrong(), 0::bigint, 'values in their order');
SELECT is((SELECT count(*) FROM (SELECT id, dims, v FROM items ORDER BY md5(id::text) OFFSET 0) s WHERE v::text <> pg_temp.made(id, dims)::text),
    0::bigint, 'values in another order');
SELECT is((SELECT count(*) FROM items WHERE id % 7 = 0 AND v IS DISTINCT FROM pg_temp.made(id, dims)), 0::bigint, 'every seventh value');

UPDATE items SET dims = 900, v = pg_temp.made(id, 900) WHERE id % 5 = 0;
DELETE FROM items WHERE id % 11 = 0;
SELECT is(pg_temp.wrong(), 0::bigint, 'after updates and deletions, seen by their own transaction');
SAVEPOINT undone;
INSERT INTO items SELECT i, 768, pg_temp.made(i, 768) FROM generate_series(1001, 1050) i;
UPDATE items SET dims = 600, v = pg_temp.made(id, 600) WHERE id % 3 = 0;
ROLLBACK TO undone;
SELECT is(pg_temp.wrong(), 0::bigint, 'after insertions and updates that were undone');
INSERT INTO items SELECT i, 768, pg_temp.made(i, 768) FROM generate_series(1001, 1050) i;
SELECT is(pg_temp.wrong(), 0::bigint, 'values behind chunks of undone insertions');

INSERT INTO items SELECT 2000 + dims, dims, pg_temp.made(2000 + dims, dims)
  FROM unnest(ARRAY[499, 500, 997, 998, 999, 1996, 4000, 15999, 16000, 501]) dims;
SELECT is(pg_temp.wrong(), 0::bigint, 'values of one chunk to thirty-three');
SELECT is((SELECT count(*) FROM items WHERE vector_dims(v) <> dims), 0::bigint, 'their dimensions, read from the first chunk');

-- A cursor goes on after the subtransaction that opened it, and after an error in another.
DECLARE reader CURSOR FOR SELECT v <-> pg_temp.made(id, dims) FROM items ORDER BY id;
SAVEPOINT inner_one;
FETCH 5 FROM reader;
RELEASE inner_one;
SAVEPOINT inner_two;
SELECT throws_ok($$SELECT sum(v <-> '[1,2]') FROM items$$, '22000', NULL, 'an error while out-of-line values are compared');
ROLLBACK TO inner_two;
FETCH 5 FROM reader;
CLOSE reader;
SELECT is(pg_temp.wrong(), 0::bigint, 'and values are as they were');

TRUNCATE items;
INSERT INTO items SELECT i, 768, pg_temp.made(i, 768) FROM generate_series(1, 3) i;
SELECT is(pg_temp.wrong(), 0::bigint, 'after TRUNCATE, when the remembered place is gone');

CREATE TEMP TABLE passing (id int, v vector);
ALTER TABLE passing ALTER v SET STORAGE EXTERNAL;
INSERT INTO passing SELECT i, pg_temp.made(i, 768) FROM generate_series(1, 200) i;
SELECT is((SELECT count(*) FROM passing WHERE v IS DISTINCT FROM pg_temp.made(id, 768)), 0::bigint, 'a temporary table');

-- Values that lie in order take the short way; a chunk that is missing is an error on both.
CREATE EXTENSION pg_surgery;
DO $$
DECLARE toast regclass := (SELECT reltoastrelid FROM pg_class WHERE oid = 'items'::regclass);
BEGIN
    EXECUTE format('SELECT heap_force_kill(%L, ARRAY[(SELECT max(ctid) FROM %s)])', toast, toast);
END $$;
SELECT throws_ok('SELECT sum(v <-> v) FROM items', 'XX001', NULL, 'a value with a chunk missing is reported as damaged');

SELECT * FROM finish();
ROLLBACK;
