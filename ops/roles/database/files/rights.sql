-- Takes from PUBLIC what it should not have in this database, gives the listed roles their way in, and prints a
-- line for each change it makes; no change, no line. Variable: users, a comma list.
SET client_min_messages = warning;
SELECT set_config('quiver_ops.users', :'users', false) \g /dev/null

CREATE TEMPORARY TABLE change (line text, statement text);

INSERT INTO change
SELECT 'connect revoked from PUBLIC', format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database())
WHERE has_database_privilege('public', current_database(), 'CONNECT')
   OR has_database_privilege('public', current_database(), 'TEMPORARY')
UNION ALL
SELECT 'create in schema public revoked from PUBLIC', 'REVOKE CREATE ON SCHEMA public FROM PUBLIC'
WHERE has_schema_privilege('public', 'public', 'CREATE')
UNION ALL
SELECT 'connect granted to ' || name, format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name)
FROM regexp_split_to_table(current_setting('quiver_ops.users'), ',') AS name
-- By a grant of its own: what PUBLIC has at this moment is taken away above.
WHERE name <> '' AND NOT EXISTS (
    SELECT FROM pg_database AS d, aclexplode(d.datacl) AS a
    WHERE d.datname = current_database() AND a.grantee = name::regrole AND a.privilege_type = 'CONNECT')
UNION ALL
-- pg_rewind reads the leader's files by these, and needs no superuser.
SELECT 'pg_rewind may call ' || f, format('GRANT EXECUTE ON FUNCTION pg_catalog.%s TO rewinder', f)
FROM unnest(ARRAY['pg_ls_dir(text, boolean, boolean)', 'pg_stat_file(text, boolean)', 'pg_read_binary_file(text)',
                  'pg_read_binary_file(text, bigint, bigint, boolean)']) AS f
WHERE current_database() = 'postgres' AND NOT has_function_privilege('rewinder', 'pg_catalog.' || f, 'EXECUTE')
UNION ALL
-- The scan reads the rules that the server really has.
SELECT 'the exporter may read ' || f, format('GRANT EXECUTE ON FUNCTION pg_catalog.%s TO quiver_exporter', f)
FROM unnest(ARRAY['pg_hba_file_rules()']) AS f
WHERE current_database() = 'postgres' AND NOT has_function_privilege('quiver_exporter', 'pg_catalog.' || f, 'EXECUTE')
UNION ALL
SELECT 'event trigger ' || evtname || ' fires also in replica mode', format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', evtname)
FROM pg_event_trigger WHERE evtname LIKE '%audit%' AND evtenabled <> 'A'
UNION ALL
-- Patroni sets one when it founds the cluster; the superuser comes by the socket only.
SELECT 'the superuser has no password', 'ALTER ROLE postgres PASSWORD NULL'
FROM pg_authid WHERE rolname = 'postgres' AND rolpassword IS NOT NULL
UNION ALL
SELECT 'PUBLIC no longer reads ' || c.relname, format('REVOKE ALL ON %1$s FROM PUBLIC; GRANT SELECT ON %1$s TO pg_monitor', c.oid::regclass)
FROM pg_class AS c, aclexplode(c.relacl) AS a
WHERE a.grantee = 0 AND c.relname IN ('pg_stat_statements', 'pg_stat_statements_info')
UNION ALL
SELECT 'schema for the pool', 'CREATE SCHEMA quiver_pool' WHERE to_regnamespace('quiver_pool') IS NULL
UNION ALL
-- PgBouncer asks for one role's verifier as an unprivileged role; never for a superuser's.
SELECT 'function quiver_pool.verifier', $$
    CREATE FUNCTION quiver_pool.verifier(name text, OUT usename name, OUT passwd text)
    LANGUAGE sql SECURITY DEFINER STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'SELECT rolname, rolpassword FROM pg_authid
        WHERE rolname = name AND rolcanlogin AND NOT rolsuper AND NOT rolreplication AND (rolvaliduntil IS NULL OR rolvaliduntil > now())';
    COMMENT ON SCHEMA quiver_pool IS 'What PgBouncer asks.';
    COMMENT ON FUNCTION quiver_pool.verifier(text) IS 'The password verifier of one role that may log in, for PgBouncer.';
    REVOKE ALL ON FUNCTION quiver_pool.verifier(text) FROM PUBLIC;
    GRANT USAGE ON SCHEMA quiver_pool TO quiver_pgbouncer;
    GRANT EXECUTE ON FUNCTION quiver_pool.verifier(text) TO quiver_pgbouncer$$
WHERE to_regprocedure('quiver_pool.verifier(text)') IS NULL;

SELECT line FROM change;
SELECT statement FROM change \gexec
