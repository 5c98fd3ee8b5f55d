-- As-of joins and windows over foreign tables: postgres_fdw to the same server. The rows have to be committed to be
-- seen from there, so they are in a schema that is dropped at the end.
\ir ../lib/setup.sql
LOAD 'quiver';
SELECT NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgres_fdw') AS missing \gset
\if :missing
SELECT plan(1);
SELECT skip('postgres_fdw is not installed', 1);
SELECT * FROM finish();
ROLLBACK;
\quit
\endif
SELECT plan(7);
COMMIT;
CREATE SCHEMA asof_remote;
CREATE TABLE asof_remote.readings AS SELECT i AS id, i % 20 AS sensor, timestamptz '2024-01-01Z' + i * interval '1 minute' AS ts, i % 101 / 4.0 AS v
    FROM generate_series(1, 3000) i;
CREATE TABLE asof_remote.far (sensor int, ts timestamptz, v numeric);
CREATE TABLE asof_remote.labels AS SELECT i AS label, i % 25 AS sensor, timestamptz '2024-01-01Z' + i * interval '7 minutes' AS ts FROM generate_series(1, 400) i;
BEGIN;
CREATE EXTENSION postgres_fdw;
SELECT format('CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
    split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database()) AS make_server \gset
:make_server;
SELECT format('CREATE USER MAPPING FOR CURRENT_USER SERVER here OPTIONS (user %L, password_required ''false'')', current_user) AS make_mapping \gset
:make_mapping;
CREATE FOREIGN TABLE readings (id int, sensor int, ts timestamptz, v numeric) SERVER here OPTIONS (schema_name 'asof_remote');
CREATE FOREIGN TABLE labels (label int, sensor int, ts timestamptz) SERVER here OPTIONS (schema_name 'asof_remote');
SET LOCAL quiver.asof_strategy = hash;
CREATE FUNCTION pg_temp.node_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> 'Custom Plan Provider';
END $$;
\set looked_up 'SELECT l.label, f.id, f.v FROM labels l LEFT JOIN LATERAL (SELECT r.id, r.v FROM readings r WHERE r.sensor = l.sensor AND r.ts <= l.ts ORDER BY r.ts DESC LIMIT 1) f ON true'
\set windows 'SELECT l.label, w.* FROM labels l LEFT JOIN LATERAL (SELECT count(*) AS n, sum(r.v) AS total FROM readings r WHERE r.sensor = l.sensor AND r.ts >= l.ts - interval ''1 day'' AND r.ts < l.ts) w ON true'
SELECT is(pg_temp.node_of(:'looked_up'), 'AsofJoin', 'foreign tables take the as-of join');
SELECT is(pg_temp.node_of(:'windows'), 'AsofWindows', 'and windows');
CREATE TABLE joined AS :looked_up;
CREATE TABLE aggregated AS :windows;
SET LOCAL search_path = asof_remote, public;
SET LOCAL quiver.enable_asof_join = off;
SELECT results_eq('SELECT * FROM public.joined ORDER BY label', :'looked_up' || ' ORDER BY label', 'the rows are those of the local tables and the ordinary plan');
SELECT results_eq('SELECT * FROM public.aggregated ORDER BY label', :'windows' || ' ORDER BY label', 'the windows as well');
SET LOCAL search_path = public;
SET LOCAL quiver.enable_asof_join = on;
DROP TABLE joined;
-- Feature views over a table that has a foreign partition: its rows have no transaction of this server.
CREATE TABLE asof_parted (sensor int, ts timestamptz, v numeric) PARTITION BY LIST (sensor);
CREATE FOREIGN TABLE asof_far PARTITION OF asof_parted FOR VALUES IN (1) SERVER here OPTIONS (schema_name 'asof_remote', table_name 'far');
SELECT quiver.feature_create_entity('sensor', '{"sensor": "int"}');
SELECT quiver.feature_create_view('far', 'sensor', source => 'asof_parted', event_ts => 'ts', features => '["v"]', online => true);
CALL quiver.feature_materialize('far');
INSERT INTO asof_parted VALUES (1, '2024-01-01Z', 5);
CALL quiver.feature_materialize('far');
SELECT is((SELECT v FROM far_v1_online), 5::numeric, 'incremental runs see the rows of a foreign partition');
SELECT is((SELECT v FROM quiver.feature_get_historical('SELECT 1 AS sensor, now() AS event_ts', ARRAY['far:v']) AS t(sensor int, event_ts timestamptz, v numeric)),
    5::numeric, 'as do historical requests');
ALTER FOREIGN TABLE readings OPTIONS (SET schema_name 'nowhere');
SELECT throws_ok(:'looked_up', '42P01', NULL, 'an error of the other server is the error');
SELECT * FROM finish();
ROLLBACK;
SET client_min_messages = error;
DROP SCHEMA asof_remote CASCADE;
