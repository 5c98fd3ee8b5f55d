-- When the as-of join is in the plan, and when it stays out.
\ir ../lib/setup.sql
LOAD 'quiver';
SELECT plan(42);

CREATE TABLE readings (sensor int, ts timestamptz, created timestamptz, v float8, id serial);
INSERT INTO readings SELECT i % 50, timestamptz '2024-01-01' + i * interval '1 minute',
    timestamptz '2024-01-01' + i * interval '1 minute', i FROM generate_series(1, 5000) i;
CREATE TABLE labels (label int, sensor int, ts timestamptz);
INSERT INTO labels SELECT i, i % 60, timestamptz '2024-01-01' + i * interval '6 minutes' FROM generate_series(1, 800) i;
ANALYZE readings, labels;

\ir ../lib/plan.sql
-- The query with its subquery's WHERE, ORDER BY and the rest filled in.
CREATE FUNCTION pg_temp.asof(conditions text DEFAULT 'r.sensor = l.sensor AND r.ts <= l.ts', ordering text DEFAULT 'r.ts DESC',
    tail text DEFAULT 'LIMIT 1', targets text DEFAULT 'r.v') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT l.*, f.* FROM labels l LEFT JOIN LATERAL (SELECT %s FROM readings r WHERE %s ORDER BY %s %s) f ON true',
                  targets, conditions, ordering, tail)
$$;
CREATE FUNCTION pg_temp.takes_node(query text, description text) RETURNS text LANGUAGE sql AS $$
    SELECT matches(pg_temp.plan_of(query), 'AsofJoin', description)
$$;
CREATE FUNCTION pg_temp.leaves_node(query text, description text) RETURNS text LANGUAGE sql AS $$
    SELECT doesnt_match(pg_temp.plan_of(query), 'AsofJoin', description)
$$;

SELECT matches(pg_temp.plan_of(pg_temp.asof()),
    'Custom Scan \(AsofJoin\)\s+Strategy: hash of the spine\s+Join Type: Left\s+As Of: \(\(sensor = l.sensor\) AND \(ts <= l.ts\)\)\s+->  Seq Scan on labels l\s+->  Seq Scan on readings r',
    'the idiom takes the node, and EXPLAIN shows both sides');
SELECT matches(pg_temp.plan_of(pg_temp.asof(), 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF'),
    'Spine Rows: 800\s+History Rows: 5000\s+Rows Kept: \d+\s+Index Memory: \d+ kB', 'EXPLAIN ANALYZE counts rows and memory');
SELECT pg_temp.takes_node(pg_temp.asof(tail => 'LIMIT 1 OFFSET 0'), 'an offset of nothing is no offset');
SELECT pg_temp.takes_node(pg_temp.asof('l.ts > r.ts AND l.sensor = r.sensor AND r.ts > l.ts - interval ''1 hour'' AND r.created < l.ts', 'r.ts DESC, r.id'),
    'turned clauses, strict time, a lower bound and known-at take the node');
SELECT pg_temp.takes_node(pg_temp.asof('r.sensor = l.sensor AND r.ts >= l.ts', 'r.ts'), 'the next row takes the node');
SELECT pg_temp.takes_node('SELECT l.*, f.* FROM labels l, LATERAL (SELECT r.v FROM readings r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f',
    'a comma join takes the node');
SELECT pg_temp.takes_node('WITH recent AS MATERIALIZED (SELECT * FROM readings WHERE id > 10)
    SELECT * FROM labels l LEFT JOIN LATERAL (SELECT r.v FROM recent r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true',
    'a CTE as history takes the node');

-- Three joins by the same keys and times, and one by others.
CREATE FUNCTION pg_temp.three(time3 text DEFAULT 'l.ts') RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT l.*, f.*, g.*, e.* FROM labels l
        LEFT JOIN LATERAL (SELECT r.v FROM readings r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true
        LEFT JOIN LATERAL (SELECT r.id FROM readings r WHERE r.sensor = l.sensor AND r.ts < l.ts ORDER BY r.ts DESC LIMIT 1) g ON true
        LEFT JOIN LATERAL (SELECT r.created FROM readings r WHERE r.sensor = l.sensor AND r.ts <= %s ORDER BY r.ts DESC LIMIT 1) e ON true', time3)
$$;
SELECT matches(pg_temp.plan_of(pg_temp.three(), 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF'),
    '(Strategy: hash of the spine, shared with the join below.*){2}Strategy: hash of the spine\s+Join Type', 'joins by the same keys and times share one index');
SELECT matches(pg_temp.plan_of(pg_temp.three('l.ts - interval ''1 hour'''), 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF'),
    'Strategy: hash of the spine\s+Join Type.*shared with the join below.*Strategy: hash of the spine\s+Join Type', 'a join by another time has its own');
SET LOCAL work_mem = '64kB';
SELECT doesnt_match(pg_temp.plan_of(pg_temp.three(), 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF'), 'shared with the join below',
    'where the index below does not fit in memory, none is shared');
RESET work_mem;

SELECT pg_temp.leaves_node(pg_temp.asof(tail => 'LIMIT 2'), 'two rows are left to the nested loop');
SELECT pg_temp.leaves_node(pg_temp.asof(tail => 'LIMIT 1 OFFSET 1'), 'an offset is left to the nested loop');
SELECT pg_temp.leaves_node(pg_temp.asof(tail => 'FETCH FIRST 1 ROW WITH TIES'), 'WITH TIES is left to the nested loop');
SELECT pg_temp.leaves_node(pg_temp.asof(tail => 'LIMIT 1 FOR UPDATE'), 'locked history rows are left to the nested loop');
SELECT pg_temp.leaves_node(pg_temp.asof() || ' FOR UPDATE OF l', 'locked spine rows are left to the nested loop');
SELECT pg_temp.leaves_node(pg_temp.asof('r.sensor = l.sensor AND r.ts <= l.ts AND random() < 2'), 'a volatile condition is left to the nested loop');
SELECT pg_temp.leaves_node(pg_temp.asof(targets => 'random()'), 'a volatile target is left to the nested loop');
SELECT pg_temp.leaves_node(pg_temp.asof(targets => 'generate_series(1, 2)'), 'a set-returning target is left to the nested loop');
SELECT pg_temp.leaves_node(pg_temp.asof(targets => 'count(*) OVER ()'), 'a window function is left to the nested loop');
SELECT pg_temp.leaves_node(pg_temp.asof(targets => 'l.label + r.v'), 'a target that mixes both sides is left to the nested loop');
SELECT pg_temp.leaves_node(pg_temp.asof('r.sensor = l.sensor'), 'no time condition, no node');
SELECT pg_temp.leaves_node(pg_temp.asof(ordering => 'r.ts'), 'the oldest row is another question');
SELECT pg_temp.leaves_node(pg_temp.asof(ordering => 'r.created DESC, r.ts DESC'), 'ordered by another column, no node');
SELECT pg_temp.leaves_node(pg_temp.asof('r.sensor = l.sensor AND r.ts <= l.ts AND r.v <> l.label'), 'other conditions across both sides are left to the nested loop');
SELECT pg_temp.leaves_node('SELECT l.*, f FROM labels l LEFT JOIN LATERAL (SELECT r.v, r.id FROM readings r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true',
    'the row as a whole is left to the nested loop');

SET LOCAL quiver.enable_asof_join = off;
SELECT pg_temp.leaves_node(pg_temp.asof(), 'quiver.enable_asof_join = off leaves all to the nested loop');
RESET quiver.enable_asof_join;
SET LOCAL quiver.asof_strategy = merge;
SELECT matches(pg_temp.plan_of(pg_temp.asof()), 'Strategy: sort and merge', 'quiver.asof_strategy = merge takes the sorts');
SET LOCAL quiver.asof_strategy = hash;
SET LOCAL work_mem = '64kB';
SELECT matches(pg_temp.plan_of(replace(pg_temp.asof(targets => 'repeat(r.id::text, 100)'), 'labels l', '(SELECT l.* FROM labels l, generate_series(1, 5)) l'), 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF'),
    'Strategy: hash of the spine, in [0-9]+ batches', 'an index that outgrows its memory is cut into batches');
RESET work_mem;
RESET quiver.asof_strategy;
SELECT throws_ok('SET quiver.asof_strategy = quick', '22023', NULL, 'an unknown strategy is refused');

CREATE INDEX readings_by_time ON readings (sensor, ts);
SELECT pg_temp.leaves_node(replace(pg_temp.asof(), 'labels l', '(SELECT * FROM labels ORDER BY label LIMIT 3) l'), 'a few spine rows are left to index probes');

SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE features(int, timestamptz) AS SELECT l.label, f.v FROM labels l LEFT JOIN LATERAL (SELECT r.v FROM readings r
    WHERE r.sensor = l.sensor AND r.ts <= l.ts AND r.created <= $2 ORDER BY r.ts DESC LIMIT 1) f ON true WHERE l.label > $1;
SET LOCAL quiver.asof_strategy = hash;
SELECT matches(pg_temp.plan_of($$EXECUTE features(10, '2024-01-02')$$), 'AsofJoin', 'a generic plan takes the node');
SELECT is((SELECT count(v) FROM labels l LEFT JOIN LATERAL (SELECT r.v FROM readings r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true WHERE l.label < $$0$$::int), 0::bigint,
    'an empty spine gives no rows');
SELECT is((SELECT count(*) FROM labels l LEFT JOIN LATERAL (SELECT r.v FROM (SELECT * FROM readings WHERE id < 0) r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true WHERE f.v IS NULL), 800::bigint,
    'an empty history gives each spine row with NULL');
SELECT results_eq('SELECT x, (SELECT sum(f.v) FROM labels l LEFT JOIN LATERAL (SELECT r.v FROM readings r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true WHERE l.label % 4 = x) FROM generate_series(0, 3) x',
    'SELECT l.label % 4, sum((SELECT r.v FROM readings r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1)) FROM labels l GROUP BY 1 ORDER BY 1',
    'a subquery run again for each outer row reads its inputs again');

SELECT lives_ok($$DECLARE back SCROLL CURSOR FOR SELECT l.label, f.v FROM labels l LEFT JOIN LATERAL (SELECT r.v FROM readings r
    WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true ORDER BY l.label$$, 'a cursor opens');
MOVE 5 IN back;
MOVE BACKWARD 1 IN back;
FETCH BACKWARD 1 FROM back \gset
SELECT is(:label, 3, 'and scrolls back');

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT matches(pg_temp.plan_of(pg_temp.asof()), 'Gather\s+Workers Planned: \d\s+->  Parallel Custom Scan \(AsofJoin\)[\s\S]*Parallel Seq Scan on labels[\s\S]*Parallel Seq Scan on readings',
    'workers share both sides');
SELECT matches(pg_temp.plan_of(replace(pg_temp.asof(), 'labels l', '(SELECT * FROM labels ORDER BY label LIMIT 700) l')), 'AsofJoin',
    'a spine that is not read in parallel still joins');
SELECT is((SELECT sum(l.label + f.v) FROM labels l LEFT JOIN LATERAL (SELECT r.v FROM readings r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true),
    (SELECT sum(l.label + (SELECT r.v FROM readings r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1)) FROM labels l), 'an expression over both sides, summed in parallel');
SET LOCAL enable_material = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
\set again 'SELECT count(*), sum(q.label + q.v), max(q.note) FROM generate_series(1, 3) g LEFT JOIN (SELECT l.label, f.* FROM labels l LEFT JOIN LATERAL (SELECT r.v, repeat(r.id::text, 3) AS note FROM readings r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true OFFSET 0) q ON g + q.label > 2'
SELECT matches(pg_temp.plan_of(:'again'), 'Nested Loop[\s\S]*Gather\s+Workers Planned: \d\s+->  Parallel Custom Scan \(AsofJoin\)', 'a parallel join that is read three times');
CREATE TABLE with_node AS :again;
SET LOCAL quiver.enable_asof_join = off;
SELECT results_eq('TABLE with_node', :'again', 'gives the same rows each time');
RESET quiver.enable_asof_join;
RESET enable_material;
RESET enable_hashjoin;
RESET enable_mergejoin;
CREATE FUNCTION pg_temp.locked(int) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL RESTRICTED AS 'BEGIN RETURN $1; END';
SELECT doesnt_match(pg_temp.plan_of(pg_temp.asof('r.sensor = pg_temp.locked(l.sensor) AND r.ts <= l.ts')), 'Parallel Custom Scan', 'a key that workers may not compute keeps the join out of them');
SELECT finish();
ROLLBACK;
