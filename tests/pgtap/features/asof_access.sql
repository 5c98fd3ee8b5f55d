-- The as-of join sees what the caller may see, whatever kind of relation the sides are.
\ir ../lib/setup.sql
LOAD 'quiver';
SELECT plan(14);
SET LOCAL quiver.asof_strategy = hash;

CREATE TABLE readings (sensor int, ts timestamptz, v float8, tenant text, id int) PARTITION BY RANGE (ts);
CREATE TABLE readings_one PARTITION OF readings FOR VALUES FROM (MINVALUE) TO ('2024-01-02');
CREATE TABLE readings_two PARTITION OF readings FOR VALUES FROM ('2024-01-02') TO (MAXVALUE);
INSERT INTO readings SELECT i % 20, timestamptz '2024-01-01' + i * interval '1 minute', i, 't' || i % 3, i FROM generate_series(1, 3000) i;
CREATE TABLE labels (label int, sensor int, ts timestamptz);
INSERT INTO labels SELECT i, i % 25, timestamptz '2024-01-01' + i * interval '6 minutes' FROM generate_series(1, 500) i;
ANALYZE readings, labels;

CREATE FUNCTION pg_temp.asof(history text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT l.label, f.v FROM labels l LEFT JOIN LATERAL (SELECT r.v FROM %s r
        WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC, r.id LIMIT 1) f ON true', history)
$$;
CREATE FUNCTION pg_temp.uses_node(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN plan::text LIKE '%AsofJoin%';
END $$;
CREATE FUNCTION pg_temp.agree(history text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE with_node text; without_node text;
BEGIN
    IF NOT pg_temp.uses_node(pg_temp.asof(history)) THEN
        RETURN NULL;
    END IF;
    EXECUTE 'SELECT md5(string_agg(q::text, '','' ORDER BY label)) FROM (' || pg_temp.asof(history) || ') q' INTO with_node;
    SET LOCAL quiver.enable_asof_join = off;
    EXECUTE 'SELECT md5(string_agg(q::text, '','' ORDER BY label)) FROM (' || pg_temp.asof(history) || ') q' INTO without_node;
    SET LOCAL quiver.enable_asof_join = on;
    RETURN with_node = without_node;
END $$;

SELECT ok(pg_temp.agree('readings'), 'a partitioned history');
-- As extensions that cut tables by time have them: a parent and its children.
CREATE TABLE chunked (sensor int, ts timestamptz, v float8, id int);
CREATE TABLE chunk_one (CHECK (ts < '2024-01-02')) INHERITS (chunked);
CREATE TABLE chunk_two (CHECK (ts >= '2024-01-02')) INHERITS (chunked);
INSERT INTO chunk_one SELECT sensor, ts, v, id FROM readings_one;
INSERT INTO chunk_two SELECT sensor, ts, v, id FROM readings_two;
SELECT ok(pg_temp.agree('chunked'), 'a table with children');
SELECT results_eq(pg_temp.asof('chunked') || ' ORDER BY 1', pg_temp.asof('readings') || ' ORDER BY 1', 'which gives what partitions give');
ALTER TABLE labels RENAME TO all_labels;
CREATE TABLE labels (label int, sensor int, ts timestamptz) PARTITION BY HASH (label);
CREATE TABLE labels_0 PARTITION OF labels FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE labels_1 PARTITION OF labels FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO labels SELECT * FROM all_labels;
SELECT ok(pg_temp.agree('readings'), 'a partitioned spine');
DROP TABLE labels;
ALTER TABLE all_labels RENAME TO labels;
CREATE VIEW recent AS SELECT * FROM readings WHERE id % 2 = 0;
SELECT ok(pg_temp.agree('recent'), 'a view');
CREATE VIEW guarded WITH (security_barrier) AS SELECT * FROM readings WHERE tenant = 't1';
SELECT ok(pg_temp.agree('guarded'), 'a view that is a security barrier');
SELECT ok(pg_temp.agree('(SELECT sensor, ts, max(v) AS v, min(id) AS id FROM readings GROUP BY 1, 2)'), 'a subquery with aggregates');
SELECT ok(pg_temp.agree('(SELECT * FROM readings WHERE id < 900 UNION ALL SELECT * FROM readings WHERE id > 1500)'), 'a set operation');
SELECT ok(pg_temp.agree('(SELECT * FROM readings WHERE EXISTS (SELECT FROM labels x WHERE x.sensor = readings.sensor))'), 'a subquery with a sublink');
SELECT ok(pg_temp.agree('(SELECT * FROM (VALUES (1, timestamptz ''2024-01-01 03:00+00'', 1.5::float8, 1), (2, ''-infinity'', 2, 2)) v (sensor, ts, v, id))'), 'constants');

CREATE ROLE quiver_test_reader;
GRANT SELECT ON labels TO quiver_test_reader;
GRANT USAGE ON SCHEMA public TO quiver_test_reader;
SET LOCAL ROLE quiver_test_reader;
SELECT throws_ok(pg_temp.asof('readings'), '42501', 'permission denied for table readings', 'no SELECT on the history, no rows');
RESET ROLE;
GRANT SELECT ON readings, recent TO quiver_test_reader;
ALTER TABLE readings ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON readings TO quiver_test_reader USING (tenant = 't1');
SET LOCAL ROLE quiver_test_reader;
SELECT ok(pg_temp.agree('readings'), 'row security holds');
SELECT is_empty('SELECT * FROM (' || pg_temp.asof('readings') || ') q WHERE v::int % 3 <> 1', 'and hides the rows of others');
RESET ROLE;

CREATE FUNCTION pg_temp.is_cancelled(query text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN false;
EXCEPTION WHEN query_canceled THEN
    RETURN true;
END $$;
SET LOCAL statement_timeout = '50ms';
SELECT ok(pg_temp.is_cancelled('SELECT count(*) FROM (SELECT l.* FROM labels l, generate_series(1, 100000)) l LEFT JOIN LATERAL (SELECT r.v FROM readings r
    WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true'), 'a long join can be cancelled');
SET LOCAL statement_timeout = 0;
SELECT finish();
ROLLBACK;
