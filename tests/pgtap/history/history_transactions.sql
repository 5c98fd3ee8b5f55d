-- Which transactions leave a row: savepoints, exception blocks, two-phase commit.
\ir ../lib/setup.sql
SELECT plan(18);
COMMIT;
CREATE SCHEMA history_transactions_test;
SET search_path = history_transactions_test, public;
CREATE TABLE t (id int PRIMARY KEY, v text);
SELECT quiver.history_enable('t') \g /dev/null
SELECT coalesce(max(number), 0) AS before FROM quiver_history.transactions \gset
CREATE VIEW rows_of AS SELECT x.* FROM quiver_history.transactions x WHERE x.number > :before AND x.session = (
    SELECT to_hex(floor(extract(epoch FROM a.backend_start))::bigint) || '.' || to_hex(a.pid) FROM pg_stat_activity a
    WHERE a.pid = pg_backend_pid());
CREATE FUNCTION summary() RETURNS text LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM rows_of) || ' transactions, '
        || (SELECT count(*) FROM quiver.history_changes('t')) || ' changes of '
        || (SELECT count(DISTINCT c.transaction) FROM quiver.history_changes('t') c) $$;

INSERT INTO t VALUES (1, 'a');
SELECT is(summary(), '1 transactions, 1 changes of 1', 'a transaction that changes a row is one row');

BEGIN;
SAVEPOINT s;
INSERT INTO t VALUES (2, 'b');
ROLLBACK TO SAVEPOINT s;
COMMIT;
SELECT is(summary(), '1 transactions, 1 changes of 1', 'one whose only change was rolled back to a savepoint is none');

BEGIN;
SAVEPOINT outside;
SAVEPOINT inside;
INSERT INTO t VALUES (2, 'b');
RELEASE SAVEPOINT inside;
ROLLBACK TO SAVEPOINT outside;
COMMIT;
SELECT is(summary(), '1 transactions, 1 changes of 1', 'nor if the savepoint was released within one that was not kept');

DO $$ BEGIN
    BEGIN INSERT INTO t VALUES (2, 'b'), (2, 'b'); EXCEPTION WHEN unique_violation THEN NULL; END;
    BEGIN INSERT INTO t VALUES (2, 'b'); RAISE 'no'; EXCEPTION WHEN raise_exception THEN NULL; END;
END $$;
SELECT is(summary(), '1 transactions, 1 changes of 1', 'nor if exception blocks have undone all');

BEGIN;
INSERT INTO t VALUES (2, 'b');
SAVEPOINT s;
INSERT INTO t VALUES (3, 'c');
ROLLBACK TO SAVEPOINT s;
COMMIT;
SELECT is(summary(), '2 transactions, 2 changes of 2', 'what was changed before the savepoint stands');

BEGIN;
SAVEPOINT s;
INSERT INTO t VALUES (3, 'c');
ROLLBACK TO SAVEPOINT s;
INSERT INTO t VALUES (4, 'd');
COMMIT;
SELECT is(summary(), '3 transactions, 3 changes of 3', 'and what is changed after it');

BEGIN;
SAVEPOINT first;
INSERT INTO t VALUES (5, 'e');
RELEASE SAVEPOINT first;
SAVEPOINT second;
INSERT INTO t VALUES (6, 'f');
ROLLBACK TO SAVEPOINT second;
COMMIT;
SELECT is(summary(), '4 transactions, 4 changes of 4', 'a savepoint that was released is not undone by the next');

BEGIN;
SAVEPOINT deep;
INSERT INTO t VALUES (7, 'g');
ROLLBACK TO SAVEPOINT deep;
SAVEPOINT deeper;
UPDATE t SET v = 'ee' WHERE id = 5;
RELEASE SAVEPOINT deeper;
RELEASE SAVEPOINT deep;
COMMIT;
SELECT is(summary(), '5 transactions, 5 changes of 5', 'a change in a savepoint begun again stands');

-- Two phases.
BEGIN;
UPDATE t SET v = 'prepared' WHERE id = 1;
PREPARE TRANSACTION 'history_one';
SELECT is(summary(), '5 transactions, 5 changes of 5', 'what is prepared cannot be seen yet');
SELECT is((SELECT v FROM quiver.history_at(NULL::t, clock_timestamp()) WHERE id = 1), 'a', 'neither in the table as it is');
INSERT INTO t VALUES (8, 'h');
SELECT is(summary(), '6 transactions, 6 changes of 6', 'the session goes on with transactions of its own');
COMMIT PREPARED 'history_one';
SELECT is(summary(), '7 transactions, 7 changes of 7', 'COMMIT PREPARED keeps the change and its transaction');
SELECT is((SELECT string_agg(op || coalesce(changed ->> 'v', ''), ' ' ORDER BY committed_at) FROM quiver.history_timeline('t', '{1}')),
          'I["a"] U["a", "prepared"]', 'in the row''s life');
SELECT ok((SELECT p.number < h.number AND p.committed_at < h.committed_at FROM quiver_history.transactions p, quiver_history.transactions h
           WHERE p.id = (SELECT max(transaction) FROM quiver.history_changes('t', key => '{1}'))
             AND h.id = (SELECT max(transaction) FROM quiver.history_changes('t', key => '{8}'))),
          'its moment is that of PREPARE');

BEGIN;
DELETE FROM t;
PREPARE TRANSACTION 'history_two';
ROLLBACK PREPARED 'history_two';
SELECT is(summary(), '7 transactions, 7 changes of 7', 'ROLLBACK PREPARED leaves nothing');

BEGIN;
SAVEPOINT s;
DELETE FROM t;
ROLLBACK TO SAVEPOINT s;
PREPARE TRANSACTION 'history_three';
COMMIT PREPARED 'history_three';
SELECT is(summary(), '7 transactions, 7 changes of 7', 'nor does a prepared transaction whose changes were rolled back to a savepoint');
UPDATE t SET v = 'after' WHERE id = 1;
SELECT is((SELECT v FROM quiver.history_at(NULL::t, (SELECT committed_at - interval '1 microsecond' FROM rows_of ORDER BY number DESC LIMIT 1)) WHERE id = 1),
          'prepared', 'and the table as it was has what was prepared');
SET quiver.audit_context = 'request 7';
UPDATE t SET v = 'in a context' WHERE id = 1;
SELECT is((SELECT context FROM rows_of ORDER BY number DESC LIMIT 1), 'request 7', 'the context that a session sets, where the audit is not loaded too');
SELECT * FROM finish();
SELECT quiver.history_disable('t', drop => true) \g /dev/null
SET client_min_messages = error;
DROP SCHEMA history_transactions_test CASCADE;
