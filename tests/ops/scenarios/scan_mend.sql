-- Takes back what scan_break.sql did.
REVOKE EXECUTE ON FUNCTION quiver.audit_erase(integer, bigint, text) FROM app;
ALTER ROLE replicator NOCREATEDB;
DROP EXTENSION postgres_fdw CASCADE;
DROP VIEW broken_view;
REVOKE EXECUTE ON FUNCTION pg_read_file(text) FROM PUBLIC;
DROP ROLE broken_dormant;
DROP LANGUAGE broken_language;
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC;
DROP TABLE broken_grant, broken_force, broken_tenant, broken_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE CONNECT ON DATABASE app FROM PUBLIC;
DROP FUNCTION broken_path(), broken_public();
REVOKE pg_write_all_data FROM app;
DROP ROLE broken_super, broken_creator, broken_md5, broken_forever, broken_unlimited;
DROP EXTENSION citext;
