CREATE SCHEMA app
CREATE TABLE app.person (id int PRIMARY KEY, name text, email text)
CREATE TABLE app.orders (id serial PRIMARY KEY, person int REFERENCES app.person ON DELETE CASCADE, amount numeric DEFAULT 0)
CREATE TABLE app.stage (id int, name text)
CREATE UNIQUE INDEX person_email ON app.person (email)
CREATE INDEX CONCURRENTLY orders_amount ON app.orders (amount)
CREATE VIEW app.names AS SELECT id, name FROM app.person
CREATE VIEW app.big AS SELECT n.name, o.amount FROM app.names n JOIN app.orders o ON o.person = n.id
CREATE MATERIALIZED VIEW app.totals AS SELECT person, sum(amount) AS total FROM app.orders GROUP BY person
CREATE SEQUENCE app.counter
CREATE TYPE app.mood AS ENUM ('sad', 'happy')
CREATE TYPE app.pair AS (a int, b int)
CREATE DOMAIN app.positive AS int CHECK (VALUE > 0)
CREATE TABLE app.log (at timestamptz, what text) PARTITION BY RANGE (at)
CREATE TABLE app.log_old PARTITION OF app.log FOR VALUES FROM ('2000-01-01') TO ('2020-01-01')
CREATE TABLE app.log_new PARTITION OF app.log DEFAULT
CREATE FUNCTION app.plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b'
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.log VALUES (now(), 'touched'); RETURN NEW; END $$
CREATE TRIGGER touch AFTER UPDATE ON app.person FOR EACH ROW EXECUTE FUNCTION app.touch()
CREATE PROCEDURE app.fill(n int) LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..n LOOP INSERT INTO app.stage VALUES (i, 'n' || i); COMMIT; END LOOP; END $$
CREATE FUNCTION app.hidden() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN (SELECT count(*) FROM app.orders); END $$
CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int)
CREATE OPERATOR app.<+> (LEFTARG = int, RIGHTARG = int, FUNCTION = app.plus)
CREATE CAST (app.mood AS int) WITH INOUT
CREATE COLLATION app.simple FROM "C"
CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8
CREATE STATISTICS app.stat ON id, name FROM app.stage
CREATE TEXT SEARCH CONFIGURATION app.words (COPY = simple)
CREATE TEXT SEARCH DICTIONARY app.dict (TEMPLATE = simple)
CREATE FOREIGN DATA WRAPPER corpus_wrapper
CREATE SERVER corpus_server FOREIGN DATA WRAPPER corpus_wrapper OPTIONS (host 'secret-in-text')
CREATE USER MAPPING FOR CURRENT_USER SERVER corpus_server OPTIONS (password 'secret-in-text')
CREATE FOREIGN TABLE app.far (id int) SERVER corpus_server
CREATE PUBLICATION corpus_pub FOR TABLE app.person
CREATE SUBSCRIPTION corpus_sub CONNECTION 'host=x password=secret-in-text' PUBLICATION p WITH (connect = false, slot_name = NONE)
CREATE EVENT TRIGGER corpus_trigger ON ddl_command_end EXECUTE FUNCTION app.touch()
CREATE ROLE corpus_reader
CREATE ROLE corpus_login LOGIN PASSWORD 'secret-in-text'
CREATE ROLE corpus_plain
ALTER ROLE corpus_login VALID UNTIL 'infinity'
ALTER ROLE corpus_login SET work_mem = '8MB'
GRANT corpus_reader TO corpus_login
GRANT USAGE ON SCHEMA app TO corpus_reader
GRANT SELECT ON app.person TO corpus_reader
GRANT SELECT (id), UPDATE (nothing) ON app.orders TO corpus_reader
GRANT SELECT (id), UPDATE (name) ON app.stage TO corpus_reader
REVOKE UPDATE (name) ON app.stage FROM corpus_reader
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO corpus_reader
COMMENT ON TABLE app.person IS 'secret-in-text'
SECURITY LABEL FOR quiver ON TABLE app.orders IS 'audit=read'
INSERT INTO app.person VALUES (1, 'ann', 'secret-in-text'), (2, 'bob', 'b')
INSERT INTO app.orders (person, amount) VALUES (1, 10), (2, 20)
INSERT INTO app.orders (person) SELECT id FROM app.person
INSERT INTO app.person VALUES (1, 'x', 'y') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id
INSERT INTO app.person VALUES (1, 'x', 'y') ON CONFLICT DO NOTHING
INSERT INTO app.stage DEFAULT VALUES
INSERT INTO app.log VALUES ('2010-01-01', 'old'), (now(), 'new')
SELECT * FROM app.person
SELECT name FROM app.person WHERE email = 'secret-in-text'
SELECT count(*) FROM app.person
SELECT * FROM ONLY app.person WHERE id = 1 FOR UPDATE
SELECT * FROM app.person FOR SHARE SKIP LOCKED
SELECT * FROM app.names
SELECT * FROM app.big
SELECT * FROM app.totals
SELECT p.name, o.amount FROM app.person p LEFT JOIN app.orders o ON o.person = p.id ORDER BY 1, 2
SELECT name FROM app.person WHERE EXISTS (SELECT FROM app.orders o WHERE o.person = person.id)
SELECT name FROM app.person UNION ALL SELECT name FROM app.stage
SELECT (SELECT max(amount) FROM app.orders)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT n.i, p.name FROM n JOIN app.person p ON p.id = n.i
SELECT p.name, x.amount FROM app.person p CROSS JOIN LATERAL (SELECT amount FROM app.orders o WHERE o.person = p.id LIMIT 1) x
SELECT app.plus(1, 2)
SELECT app.plus(id, 1) FROM app.person
SELECT 1 OPERATOR(app.<+>) 2
SELECT app.total(id) FROM app.person
SELECT app.hidden()
SELECT nextval('app.counter'), currval('app.counter')
SELECT setval('app.counter', 5)
SELECT last_value FROM app.counter
SELECT 1
SELECT now() IS NOT NULL
SELECT relname FROM pg_catalog.pg_class WHERE relname = 'person'
SELECT rolname FROM pg_authid WHERE rolname = 'corpus_login'
TABLE app.stage
VALUES (1), (2)
UPDATE app.person SET name = 'secret-in-text' WHERE id = 1
UPDATE app.person SET name = s.name FROM app.stage s WHERE s.id = person.id
UPDATE app.log SET what = 'moved' WHERE at < '2015-01-01'
UPDATE app.names SET name = 'through a view' WHERE id = 2
UPDATE app.person SET email = email WHERE false
DELETE FROM app.stage
DELETE FROM app.orders USING app.person p WHERE p.id = orders.person AND p.name = 'nobody'
DELETE FROM app.person WHERE id = 2
WITH gone AS (DELETE FROM app.orders RETURNING *) SELECT count(*) FROM gone
WITH new AS (INSERT INTO app.stage VALUES (7, 'w') RETURNING id), upd AS (UPDATE app.person SET name = 'w' RETURNING id) SELECT * FROM new, upd
MERGE INTO app.person p USING app.stage s ON p.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, 'm')
MERGE INTO app.person p USING (VALUES (7)) AS v (id) ON p.id = v.id WHEN MATCHED THEN DELETE
MERGE INTO app.stage t USING app.person s ON t.id = s.id WHEN MATCHED THEN DO NOTHING
TRUNCATE app.stage
TRUNCATE app.person, app.orders RESTART IDENTITY
TRUNCATE app.person CASCADE
TRUNCATE app.log
COPY app.person TO STDOUT
COPY app.person (id, name) TO STDOUT WITH (FORMAT csv)
COPY (SELECT name FROM app.person WHERE name <> 'secret-in-text') TO STDOUT
COPY app.stage FROM PROGRAM 'printf ''1\tsecret-in-text\n'''
COPY app.stage TO PROGRAM 'cat >/dev/null'
SELECT * INTO app.copied FROM app.stage
CREATE TABLE app.copied2 AS SELECT * FROM app.stage
CREATE TABLE IF NOT EXISTS app.copied2 AS SELECT * FROM app.person
CREATE TABLE app.shaped (LIKE app.person INCLUDING ALL)
CREATE TEMP TABLE scratch (id int) ON COMMIT DROP
REFRESH MATERIALIZED VIEW app.totals
EXPLAIN (COSTS OFF) SELECT * FROM app.person
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM app.stage
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) DELETE FROM app.stage
DO $$ BEGIN PERFORM * FROM app.person; END $$
DO $$ BEGIN EXECUTE 'INSERT INTO app.stage VALUES (1, ''secret-in-text'')'; END $$
DO $$ BEGIN CREATE TABLE app.made_in_do (id int); DROP TABLE app.made_in_do; END $$
DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN INSERT INTO app.stage VALUES (2, 'caught'); END $$
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM app.stage LOOP UPDATE app.stage SET name = 'loop' WHERE id = r.id; END LOOP; END $$
CALL app.fill(2)
PREPARE find(int) AS SELECT * FROM app.person WHERE id = $1
EXECUTE find(1)
EXECUTE find(2)
DEALLOCATE find
PREPARE put(int, text) AS INSERT INTO app.stage VALUES ($1, $2)
EXECUTE put(9, 'secret-in-text')
BEGIN
DECLARE walk CURSOR FOR SELECT * FROM app.stage
FETCH 1 FROM walk
FETCH ALL FROM walk
MOVE BACKWARD ALL IN walk
CLOSE walk
DECLARE held CURSOR WITH HOLD FOR SELECT * FROM app.person
COMMIT
FETCH ALL FROM held
CLOSE ALL
BEGIN ISOLATION LEVEL SERIALIZABLE
INSERT INTO app.stage VALUES (20, 'rolled back')
SAVEPOINT one
INSERT INTO app.stage VALUES (21, 'rolled back too')
ROLLBACK TO one
RELEASE one
LOCK TABLE app.stage IN SHARE MODE
SET LOCAL work_mem = '8MB'
ROLLBACK
BEGIN
SELECT * FROM app.missing; ROLLBACK
SET search_path = app, public
SELECT * FROM person
RESET search_path
SET myapp.token = 'secret-in-text'
SHOW myapp.token_missing
SET ROLE corpus_plain
SELECT * FROM app.person
RESET ROLE
SET SESSION AUTHORIZATION corpus_login
SELECT id FROM app.person
DELETE FROM app.person
RESET SESSION AUTHORIZATION
SELEC 1
SELECT 1 / 0
INSERT INTO app.person VALUES (1, 'a', 'a'), (1, 'b', 'b')
INSERT INTO app.orders (person) VALUES (99999)
SELECT no_such_function('secret-in-text')
CREATE TABLE app.person (id int)
DROP TABLE app.no_such_table
ALTER TABLE app.person ADD COLUMN extra int DEFAULT 5
ALTER TABLE app.person ALTER COLUMN extra TYPE bigint
ALTER TABLE app.person RENAME COLUMN extra TO more
ALTER TABLE app.person DROP COLUMN more
ALTER TABLE app.copied RENAME TO renamed
ALTER TABLE app.renamed SET SCHEMA public
ALTER TABLE app.log DETACH PARTITION app.log_old
ALTER TABLE app.person ENABLE ROW LEVEL SECURITY
CREATE POLICY own ON app.person USING (name = current_user)
ALTER POLICY own ON app.person USING (true)
DROP POLICY own ON app.person
ALTER TABLE app.person OWNER TO corpus_reader
REASSIGN OWNED BY corpus_reader TO CURRENT_USER
ALTER TYPE app.mood ADD VALUE 'calm'
ALTER FUNCTION app.plus(int, int) COST 10
ALTER INDEX app.person_email RENAME TO person_mail
ALTER SEQUENCE app.counter INCREMENT 2
ALTER SYSTEM SET work_mem = '8MB'
ALTER SYSTEM RESET ALL
REINDEX TABLE app.person
CLUSTER app.person USING person_pkey
ANALYZE app.person
VACUUM app.person
CHECKPOINT
NOTIFY corpus, 'secret-in-text'
LISTEN corpus
UNLISTEN *
DISCARD PLANS
BEGIN
INSERT INTO app.stage VALUES (30, 'prepared')
PREPARE TRANSACTION 'corpus-gid'
COMMIT PREPARED 'corpus-gid'
SELECT lo_create(424242)
SELECT lo_put(424242, 0, 'secret-in-text')
ALTER LARGE OBJECT 424242 OWNER TO corpus_reader
SELECT lo_unlink(424242)
SELECT set_config('work_mem', '8MB', false)
SELECT pg_read_file('PG_VERSION') IS NOT NULL
SELECT pg_reload_conf()
SELECT pg_cancel_backend(0)
SELECT query_to_xml('SELECT * FROM app.stage LIMIT 1', true, true, '') IS NOT NULL
CREATE DATABASE corpus_database
ALTER DATABASE corpus_database SET work_mem = '8MB'
DROP DATABASE corpus_database
CREATE EXTENSION tsm_system_rows
DROP EXTENSION tsm_system_rows
DROP EVENT TRIGGER IF EXISTS corpus_trigger
DROP SUBSCRIPTION corpus_sub
DROP PUBLICATION corpus_pub
DROP SERVER corpus_server CASCADE
DROP FOREIGN DATA WRAPPER corpus_wrapper
DROP VIEW app.names CASCADE
DROP INDEX app.orders_amount
DROP OWNED BY corpus_reader
DROP ROLE corpus_login, corpus_plain
DROP ROLE corpus_reader
DROP TABLE public.renamed
DROP SCHEMA app CASCADE
