"""One case for each rule of the gate: what it must find, and the harmless twin that does the same, or nearly, and is not found.

A case is (rule, files that are found, files of the twin), each {file: SQL} or the SQL of up.sql alone. BASE is there before.
"""
# The rules of squawk 2.63; require-timeout-settings, its alias for the two of timeouts, is no rule of its own here.
SQUAWK = """require-concurrent-index-creation require-concurrent-index-deletion require-concurrent-reindex require-concurrent-partition-detach
    ban-concurrent-index-creation-in-transaction constraint-missing-not-valid adding-foreign-key-constraint disallowed-unique-constraint
    adding-serial-primary-key-field adding-field-with-default adding-not-nullable-field adding-required-field changing-column-type prefer-repack
    require-lock-timeout require-statement-timeout renaming-column renaming-table ban-drop-column ban-drop-table ban-drop-database ban-drop-not-null
    ban-truncate-cascade ban-create-domain-with-constraint ban-alter-domain-with-add-constraint prefer-bigint-over-int prefer-bigint-over-smallint
    prefer-identity prefer-text-field prefer-timestamp-tz ban-char-field prefer-robust-stmts identifier-too-long require-table-schema
    require-enum-value-ordering transaction-nesting ban-uncommitted-transaction ban-duplicate-column-assignments unused-ignore""".split()
APART = "-- without transaction\n"

BASE = """
CREATE TABLE t (id bigint PRIMARY KEY, a text, b text NOT NULL, c varchar(20), n bigint NOT NULL, at timestamptz, stale text);
INSERT INTO t SELECT i, 'a' || i, 'b' || i, 'c', i, now() FROM generate_series(1, 3000) AS i;
ALTER TABLE t ADD CONSTRAINT a_there CHECK (a IS NOT NULL);
CREATE INDEX t_n ON t (n);
CREATE UNIQUE INDEX t_b ON t (b);
CREATE TABLE u (id bigint PRIMARY KEY, t_id bigint);
CREATE TABLE p (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE q (id bigint, at date NOT NULL CHECK (at >= '2026-03-01' AND at < '2026-04-01'));
CREATE TABLE r (id bigint, at date NOT NULL);
CREATE TABLE keyless (id bigint NOT NULL, at timestamptz);
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN word AS text;
CREATE VIEW seen_t AS SELECT id, a FROM t;
"""

CASES = [
    # squawk's: locks and rewrites.
    ("require-concurrent-index-creation", "CREATE INDEX t_a ON t (a)", APART + "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)"),
    ("require-concurrent-index-creation", APART + "CREATE INDEX IF NOT EXISTS t_a ON t (a)", "CREATE TABLE fresh (id bigint); CREATE INDEX ON fresh (id)"),
    ("require-concurrent-index-deletion", "DROP INDEX t_n", APART + "DROP INDEX CONCURRENTLY IF EXISTS t_n"),
    ("require-concurrent-index-deletion", "DROP INDEX t_n", {"up.sql": "SELECT 1", "contract.sql": "ALTER TABLE t DROP COLUMN n"}),
    ("require-concurrent-reindex", "REINDEX INDEX t_n", APART + "REINDEX INDEX CONCURRENTLY t_n"),
    ("require-concurrent-partition-detach", "ALTER TABLE p DETACH PARTITION p1", APART + "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY"),
    ("ban-concurrent-index-creation-in-transaction", "CREATE INDEX CONCURRENTLY t_a ON t (a)", APART + "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)"),
    ("constraint-missing-not-valid", "ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0)", "ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0) NOT VALID"),
    ("adding-foreign-key-constraint", "ALTER TABLE u ADD CONSTRAINT to_t FOREIGN KEY (t_id) REFERENCES t",
     "ALTER TABLE u ADD CONSTRAINT to_t FOREIGN KEY (t_id) REFERENCES t NOT VALID"),
    ("adding-foreign-key-constraint", "ALTER TABLE u ADD COLUMN other bigint REFERENCES t", "CREATE TABLE fresh (id bigint REFERENCES t)"),
    ("disallowed-unique-constraint", "ALTER TABLE t ADD CONSTRAINT once UNIQUE (b)", "ALTER TABLE t ADD CONSTRAINT once UNIQUE USING INDEX t_b"),
    ("adding-serial-primary-key-field", "ALTER TABLE keyless ADD COLUMN key bigserial PRIMARY KEY", "ALTER TABLE keyless ADD COLUMN key bigint"),
    ("adding-field-with-default", "ALTER TABLE t ADD COLUMN made timestamptz DEFAULT clock_timestamp()", "ALTER TABLE t ADD COLUMN made timestamptz DEFAULT now()"),
    ("adding-field-with-default", "ALTER TABLE t ADD COLUMN twice bigint GENERATED ALWAYS AS (n * 2) STORED", "ALTER TABLE t ADD COLUMN twice bigint DEFAULT 2"),
    # `a` has a validated CHECK, which the server takes as proof; `at` has none.
    ("adding-not-nullable-field", "ALTER TABLE t ALTER COLUMN at SET NOT NULL", "ALTER TABLE t ALTER COLUMN a SET NOT NULL"),
    ("adding-required-field", "ALTER TABLE t ADD COLUMN must text NOT NULL", "ALTER TABLE t ADD COLUMN must text NOT NULL DEFAULT ''"),
    ("adding-required-field", "ALTER TABLE r ADD COLUMN must text NOT NULL", "ALTER TABLE r ADD COLUMN may text"),
    ("changing-column-type", "ALTER TABLE t ALTER COLUMN n TYPE numeric", "ALTER TABLE t ALTER COLUMN c TYPE text"),
    ("changing-column-type", "ALTER TABLE t ALTER COLUMN c TYPE varchar(10)", "ALTER TABLE t ALTER COLUMN c TYPE varchar(40)"),
    ("prefer-repack", APART + "VACUUM FULL t", APART + "VACUUM t"),
    ("prefer-repack", "CLUSTER t USING t_n", "ANALYZE t"),
    ("require-lock-timeout", {"up.sql": "ALTER TABLE t ADD COLUMN x text", "bare": True}, {"up.sql": "SET lock_timeout = '1s'; ALTER TABLE t ADD COLUMN x text", "bare": True}),
    ("require-statement-timeout", {"up.sql": "ALTER TABLE t ADD COLUMN x text", "bare": True},
     {"up.sql": "SET statement_timeout = '1s'; ALTER TABLE t ADD COLUMN x text", "bare": True}),
    ("require-lock-timeout", "SET LOCAL lock_timeout = 0; ALTER TABLE t ADD COLUMN x text", "ALTER TABLE t ADD COLUMN x text"),
    ("require-statement-timeout", "SET LOCAL statement_timeout = 0; ALTER TABLE t ADD COLUMN x text", "ALTER TABLE t ADD COLUMN x text"),
    # What breaks clients.
    ("renaming-column", "ALTER TABLE t RENAME COLUMN stale TO old", "CREATE TABLE fresh (a text); ALTER TABLE fresh RENAME COLUMN a TO b"),
    ("renaming-table", "ALTER TABLE t RENAME TO things", "CREATE VIEW things AS SELECT id FROM t"),
    ("renaming-table", "CREATE SCHEMA s; ALTER TABLE t SET SCHEMA s", "CREATE SCHEMA s"),
    ("ban-drop-column", "ALTER TABLE t DROP COLUMN stale", {"up.sql": "SELECT 1", "contract.sql": "ALTER TABLE t DROP COLUMN stale"}),
    ("ban-drop-table", "DROP TABLE u", {"up.sql": "SELECT 1", "contract.sql": "DROP TABLE u"}),
    ("ban-drop-table", "DROP VIEW seen_t", "CREATE OR REPLACE VIEW seen_t AS SELECT id, a, b FROM t"),
    ("ban-drop-database", "DROP DATABASE postgres", "DROP TABLE IF EXISTS postgres"),
    ("cluster-wide", "CREATE ROLE somebody", "CREATE TABLE role (id bigint)"),
    ("cluster-wide", "ALTER SYSTEM SET work_mem = '1MB'", "SET LOCAL work_mem = '1MB'"),
    ("ban-drop-not-null", "ALTER TABLE t ALTER COLUMN b DROP NOT NULL", "ALTER TABLE t ALTER COLUMN b SET DEFAULT 'x'"),
    ("ban-truncate-cascade", "TRUNCATE u CASCADE", "TRUNCATE u"),
    ("ban-create-domain-with-constraint", "CREATE DOMAIN positive AS bigint CHECK (VALUE > 0)", "CREATE DOMAIN positive AS bigint"),
    ("ban-create-domain-with-constraint", "CREATE DOMAIN there AS bigint NOT NULL", "CREATE DOMAIN there AS bigint DEFAULT 1"),
    ("ban-alter-domain-with-add-constraint", "ALTER DOMAIN word ADD CONSTRAINT short CHECK (length(VALUE) < 50)", "ALTER DOMAIN word SET DEFAULT 'x'"),
    # Habits.
    ("prefer-bigint-over-int", "ALTER TABLE t ADD COLUMN x int", "ALTER TABLE t ADD COLUMN x bigint"),
    ("prefer-bigint-over-int", "CREATE TABLE fresh (x int)", "CREATE TABLE fresh (x numeric)"),
    ("prefer-bigint-over-smallint", "CREATE TABLE fresh (x smallint)", "CREATE TABLE fresh (x bigint)"),
    ("prefer-identity", "CREATE TABLE fresh (x bigserial)", "CREATE TABLE fresh (x bigint GENERATED BY DEFAULT AS IDENTITY)"),
    ("prefer-text-field", "CREATE TABLE fresh (x varchar(40))", "CREATE TABLE fresh (x text CHECK (length(x) < 41))"),
    ("prefer-timestamp-tz", "CREATE TABLE fresh (x timestamp)", "CREATE TABLE fresh (x timestamptz)"),
    ("ban-char-field", "CREATE TABLE fresh (x char(3))", "CREATE TABLE fresh (x text)"),
    ("prefer-robust-stmts", APART + "CREATE INDEX CONCURRENTLY t_a ON t (a)", APART + "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)"),
    ("prefer-robust-stmts", APART + "ALTER TABLE t ADD COLUMN x text", "ALTER TABLE t ADD COLUMN x text"),
    ("identifier-too-long", "CREATE TABLE %s (id bigint)" % ("long" * 17), "CREATE TABLE %s (id bigint)" % ("long" * 15)),
    ("require-table-schema", {"up.sql": "CREATE TABLE fresh (id bigint)", "also": True}, {"up.sql": "CREATE TABLE public.fresh (id bigint)", "also": True}),
    ("require-enum-value-ordering", "ALTER TYPE mood ADD VALUE 'mad'", "ALTER TYPE mood ADD VALUE 'mad' AFTER 'sad'"),
    ("transaction-nesting", "BEGIN; CREATE TABLE fresh (id bigint); COMMIT", "SAVEPOINT s; CREATE TABLE fresh (id bigint); RELEASE s"),
    ("ban-uncommitted-transaction", APART + "BEGIN; CREATE TABLE IF NOT EXISTS fresh (id bigint)", APART + "CREATE TABLE IF NOT EXISTS fresh (id bigint)"),
    ("ban-duplicate-column-assignments", "UPDATE t SET a = 'x', a = 'y' WHERE id = 1", "UPDATE t SET a = 'x', b = 'y' WHERE id = 1"),
    ("unused-ignore", "-- allow ban-drop-table: nobody has it\nCREATE TABLE fresh (id bigint)", "-- allow ban-drop-table: nobody has it\nDROP TABLE u"),
    # Ours.
    ("ignore-without-reason", "-- allow ban-drop-table\nDROP TABLE u", "-- allow ban-drop-table: nobody has it\nDROP TABLE u"),
    ("adding-exclusion-constraint", "ALTER TABLE r ADD CONSTRAINT apart EXCLUDE (id WITH =)",
     "CREATE TABLE fresh (id bigint, EXCLUDE (id WITH =))"),
    ("table-rewrite", "ALTER TABLE t SET UNLOGGED", "ALTER TABLE t SET (fillfactor = 90)"),
    ("scan-under-lock", "ALTER TABLE p ATTACH PARTITION r FOR VALUES FROM ('2026-04-01') TO ('2026-05-01')",
     "ALTER TABLE p ATTACH PARTITION q FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')"),
    ("scan-under-lock", "ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT positive",
     {"up.sql": "ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0) NOT VALID", "2": "ALTER TABLE t VALIDATE CONSTRAINT positive"}),
    ("backfill-in-migration", "UPDATE t SET a = 'x' WHERE id < 2000", "UPDATE t SET a = 'x' WHERE id < 100"),
    ("backfill-in-migration", "UPDATE u SET t_id = 1", "UPDATE u SET t_id = 1 WHERE id = 1"),
    ("renaming-enum-value", "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "ALTER TYPE mood ADD VALUE 'blue' BEFORE 'glad'"),
    ("prefer-jsonb", "CREATE TABLE fresh (x json)", "CREATE TABLE fresh (x jsonb)"),
    ("wide-index", "CREATE TABLE fresh (a text, b text, c text, d text); CREATE INDEX ON fresh (a, b, c, d)",
     "CREATE TABLE fresh (a text, b text, c text, d text); CREATE INDEX ON fresh (a, b) INCLUDE (c, d)"),
    ("fails", "SELECT 1 / 0", "SELECT 1"),
    ("fails", "CREATE TABLE fresh (id bigint REFERENCES t DEFERRABLE INITIALLY DEFERRED); INSERT INTO fresh VALUES (-1)",
     "CREATE TABLE fresh (id bigint REFERENCES t DEFERRABLE INITIALLY DEFERRED); INSERT INTO fresh VALUES (1)"),
    ("verify-fails", {"up.sql": "CREATE TABLE fresh (id bigint)", "verify.sql": "SELECT count(*) > 0 FROM fresh"},
     {"up.sql": "CREATE TABLE fresh (id bigint)", "verify.sql": "SELECT count(*) = 0 FROM fresh"}),
    ("down-differs", {"up.sql": "CREATE TABLE fresh (id bigint); CREATE SEQUENCE s", "down.sql": "DROP TABLE fresh"},
     {"up.sql": "CREATE TABLE fresh (id bigint); CREATE SEQUENCE s", "down.sql": "DROP TABLE fresh; DROP SEQUENCE s"}),
    ("no-way-back", "CREATE TABLE fresh (id bigint)", {"up.sql": "CREATE TABLE fresh (id bigint)", "down.sql": "DROP TABLE fresh"}),
    ("invalid-index", APART + "-- allow fails: seen\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS c_once ON t (c)",
     APART + "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS b_once ON t (b)"),
    ("slow-batch", {"up.sql": "SELECT 1", "backfill.sql": "-- over t by id\nUPDATE t SET a = CASE WHEN id = 500 THEN 'x' || pg_sleep(1.2) ELSE 'x' END WHERE id BETWEEN :from AND :to"},
     {"up.sql": "SELECT 1", "backfill.sql": "-- over t by id\nUPDATE t SET a = 'x' WHERE id BETWEEN :from AND :to"}),
    ("lock-time", "LOCK TABLE t IN SHARE MODE; SELECT pg_sleep(1.2)", "LOCK TABLE t IN ROW EXCLUSIVE MODE; SELECT pg_sleep(1.2)"),
]
