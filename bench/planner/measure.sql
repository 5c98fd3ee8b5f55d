-- Tables of each type, size and storage; the time and the planned cost of one distance call in each.
\set QUIET on
\pset footer off
SET client_min_messages = warning;
CREATE EXTENSION quiver;

\ir meter.sql

-- Nanoseconds a row of a query over `rows` rows: the least of five, which is the one that other work
-- on the machine disturbed least. Each takes at least 60 ms.
CREATE FUNCTION ns_per_row(query text, rows bigint) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE started bigint; used bigint; times int; best float8 := 'Infinity';
BEGIN
    FOR run IN 1..5 LOOP
        started := used_ns();
        times := 0;
        LOOP
            EXECUTE query;
            times := times + 1;
            used := used_ns() - started;
            EXIT WHEN used > 60000000;
        END LOOP;
        best := least(best, used::float8 / times / rows);
    END LOOP;
    RETURN best;
END $$;

-- One unit: an addition, from the difference between twenty of them and none. Taken anew for each
-- case, so that both are measured on a machine as busy as the other found it.
CREATE TABLE numbers AS SELECT i AS a, i % 7 AS b FROM generate_series(1, 100000) i;
VACUUM ANALYZE numbers;
CREATE FUNCTION unit_ns() RETURNS float8 LANGUAGE sql AS $$
    SELECT (ns_per_row('SELECT count(a' || repeat(' + b', 20) || ') FROM numbers', 100000)
            - ns_per_row('SELECT count(a) FROM numbers', 100000)) / 20
$$;

-- A random value of each type with `size` elements; for sparsevec these are the ones not zero, with
-- gaps between them as uneven as in practice.
CREATE FUNCTION make_value(type text, size int, seed int) RETURNS text LANGUAGE sql AS $$
    SELECT CASE type
        WHEN 'bit' THEN repeat((abs(hashint4(seed)) % 256)::bit(8)::text, size / 8)
        WHEN 'sparsevec' THEN '{' || (SELECT string_agg(i * 16 + (hashint4(i * 7919 + seed) & 15) + 1 || ':' || i + 1, ',')
                                        FROM generate_series(0, size - 1) i) || '}/' || size * 16
        ELSE '[' || repeat(seed % 100 || ',', size - 1) || '1]'
    END
$$;

CREATE TABLE cases (number serial, type text, size int, storage text, unit float8, ns float8, planned float8);

CREATE PROCEDURE measure(type text, size int, storage text, rows bigint) LANGUAGE plpgsql AS $$
DECLARE
    column_type text := format('%s(%s)', type, CASE type WHEN 'sparsevec' THEN size * 16 ELSE size END);
    with_call text := format('SELECT count(v %s %L) FROM measured', CASE type WHEN 'bit' THEN '<~>' ELSE '<->' END,
                             make_value(type, size, 0));
    without text := 'SELECT count(v) FROM measured';
BEGIN
    EXECUTE format('CREATE TABLE measured (v %s)', column_type);
    EXECUTE format('ALTER TABLE measured ALTER v SET STORAGE %s', storage);
    EXECUTE format('INSERT INTO measured SELECT make_value(%L, %s, id)::%s FROM generate_series(1, %s) id',
                   type, size, column_type, rows);
    ANALYZE measured;
    INSERT INTO cases (type, size, storage, unit, ns, planned)
        SELECT measure.type, measure.size, measure.storage, unit_ns(), ns_per_row(with_call, rows) - ns_per_row(without, rows),
               ((planned(with_call) #>> '{0,Plan,Total Cost}')::float8 - (planned(without) #>> '{0,Plan,Total Cost}')::float8)
                   / rows / current_setting('cpu_operator_cost')::float8;
    DROP TABLE measured;
    COMMIT;
END $$;

SELECT format('CALL measure(%L, %s, %L, %s)', type, size, storage, :rows)
  FROM (VALUES ('vector', ARRAY[128, 768, 1536]), ('halfvec', ARRAY[128, 768, 1536, 3072]),
               ('tinyvec', ARRAY[128, 1024, 3072]), ('bit', ARRAY[128, 1536, 32768]), ('sparsevec', ARRAY[32, 128, 512])
       ) AS t (type, sizes)
  CROSS JOIN LATERAL unnest(sizes) AS size
  CROSS JOIN unnest(ARRAY['PLAIN', 'EXTERNAL']) AS storage
\gexec

\pset tuples_only on
\pset format unaligned
SELECT format(E'One unit was %s to %s ns.\n\n| type | size | storage | ns a call | units measured | units planned | planned / measured |\n|---|---|---|---|---|---|---|',
              round(min(unit)::numeric, 1), round(max(unit)::numeric, 1)) FROM cases;
SELECT format('| %s | %s | %s | %s | %s | %s | %s |', type, size, storage, round(ns), round((ns / unit)::numeric, 1),
              round(planned::numeric, 1), round((planned * unit / ns)::numeric, 2))
  FROM cases ORDER BY number;
