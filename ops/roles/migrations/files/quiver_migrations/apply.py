"""Migrations on the live database: nobody waits longer than lock_timeout, standbys are not left behind, and an interrupted run goes on where it was."""
import contextlib
import random
import sys
import time

import psycopg2
from psycopg2 import sql

from . import backfill, journal, schema, session

LOCK_NOT_AVAILABLE, DEADLOCK, CANCELLED = "55P03", "40P01", "57014"
LAG = """SELECT application_name, pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replay_lsn)::bigint FROM pg_catalog.pg_stat_replication
    WHERE state IN ('streaming', 'catchup') AND NOT application_name = ANY(%s) ORDER BY 2 DESC NULLS LAST LIMIT 1"""
# A build that is going on elsewhere is invalid too, until it is over.
INVALID = """SELECT i.indexrelid::bigint, pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid AND c.relkind = 'i' AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)"""


def say(text):
    print(text, file=sys.stderr, flush=True)


class Run:
    """given: dsn, role, lock_ms, statement_ms, tries, pause (s, the first; it doubles), longest_pause, most_lag (bytes), patience (s, for standbys), aside
    (standbys that may lag), batch, rest (s between batches)."""

    def __init__(self, given):
        self.given = given
        self.keeper = session.leader(given["dsn"], "keeper")
        with self.keeper.cursor() as cursor:
            cursor.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", (session.ADVISORY,))
            if not cursor.fetchone()[0]:
                raise session.Refused("another run is at work on this database; it is in pg_stat_activity as quiver_migrations keeper")
            # Others' sessions and the standbys are seen by those who may look.
            cursor.execute("SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'), current_user")
            may, user = cursor.fetchone()
            if not may:
                raise session.Refused("%s does not see who waits, nor the standbys: GRANT pg_monitor TO %s" % (user, user))
            self.end_orphans(cursor)
        self.outcome = {"done": [], "tries": 0, "waited": 0.0}

    def end_orphans(self, cursor):
        """A run that was killed may have left its session at work: it is none of a run's any more, because the lock is ours."""
        for _ in range(100):
            cursor.execute("""SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
                WHERE datname = pg_catalog.current_database() AND application_name = 'quiver_migrations worker'""")
            if not cursor.fetchall():
                return
            time.sleep(0.1)
        raise session.Refused("a session of an earlier run does not end; it is in pg_stat_activity as quiver_migrations worker")

    def close(self):
        self.keeper.close()

    # Before anything is done, and again before each try and each batch.

    def look(self, watcher):
        """The server leads, and its standbys keep up; they are waited for, but not for ever."""
        if watcher.broken:
            raise session.Refused("the session that watches is gone: %s" % str(watcher.broken).strip())
        end = time.monotonic() + self.given["patience"]
        with self.keeper.cursor() as cursor:
            while True:
                cursor.execute("SELECT pg_catalog.pg_is_in_recovery()")
                if cursor.fetchone()[0]:
                    raise session.Refused("this server does not lead any more")
                cursor.execute(LAG, (self.given["aside"],))
                worst = cursor.fetchone()
                if worst is None or worst[1] is not None and worst[1] <= self.given["most_lag"]:
                    return
                if time.monotonic() > end:
                    raise session.Refused("the standby %s is %s bytes behind (at most %d), and was not waited for any longer; run it again when it has come up" % (
                        worst[0], worst[1], self.given["most_lag"]))
                time.sleep(0.5)

    def again(self, error, tries, watcher):
        """Whether it is worth another try; pauses before it."""
        waited = error.pgcode in (LOCK_NOT_AVAILABLE, DEADLOCK) or error.pgcode == CANCELLED and watcher.cancelled is not None
        if not waited:
            return False
        reason = "others waited for it for %.2f s" % watcher.cancelled if watcher.cancelled is not None else str(error).strip().split("\n")[0]
        if tries >= self.given["tries"]:
            raise session.Refused("given up after %d tries: %s; see pg_locks for who holds it, and run it again" % (tries, reason))
        pause = min(self.given["pause"] * 2 ** (tries - 1), self.given["longest_pause"]) * random.uniform(0.5, 1.5)
        say("    try %d of %d: %s; again in %.1f s" % (tries, self.given["tries"], reason, pause))
        self.outcome["tries"] += 1
        self.outcome["waited"] = round(self.outcome["waited"] + pause, 3)
        time.sleep(pause)
        return True

    def worker(self):
        """A session for one file, and the one that watches it."""
        connection = session.leader(self.given["dsn"], "worker")
        with connection.cursor() as cursor:
            # Of a run that was killed the server would know only at the end of the statement.
            cursor.execute("SET client_connection_check_interval = '1s'")
        # It looks now and then, and a cancel takes its time: both are within the limit.
        return connection, session.Watcher(self.given["dsn"], connection.get_backend_pid(), self.given["lock_ms"] / 1000 * 0.6)

    def set_role(self, cursor, local):
        if self.given["role"]:
            cursor.execute(sql.SQL("SET LOCAL ROLE {}" if local else "SET ROLE {}").format(sql.Identifier(self.given["role"])))

    # A file as one transaction.

    def commit(self, cursor, watcher):
        """A COMMIT that waits for its standby is neither cancelled nor timed out: it would be acknowledged without one."""
        watcher.watch(False)
        session.limit(cursor, 0, 0)
        cursor.execute("COMMIT")

    def together(self, script, write):
        """All statements and write(cursor, tries), which tells the journal, or nothing."""
        connection, watcher = self.worker()
        tries = 0
        with contextlib.closing(connection), watcher, connection.cursor() as cursor:
            while True:
                self.look(watcher)
                tries += 1
                try:
                    session.limit(cursor, self.given["lock_ms"], self.given["statement_ms"])
                    cursor.execute("BEGIN")
                    self.set_role(cursor, True)
                    watcher.watch(True)
                    for statement in script.statements:
                        cursor.execute(statement.text)
                    cursor.execute("RESET ROLE")
                    write(cursor, tries)
                    self.commit(cursor, watcher)
                    return
                except psycopg2.Error as error:
                    if connection.closed:
                        raise
                    watcher.watch(False)
                    cursor.execute("ROLLBACK")
                    if not self.again(error, tries, watcher):
                        raise

    # A file whose statements commit one by one.

    def invalid(self, cursor):
        """{oid: name}"""
        cursor.execute(INVALID)
        return dict(cursor.fetchall())

    def drop(self, cursor, index):
        session.limit(cursor, 0, 0)
        cursor.execute("DROP INDEX CONCURRENTLY IF EXISTS " + index)
        say("    the invalid index %s is dropped" % index)

    def drop_invalid(self, cursor, before):
        """What a cut-off CONCURRENTLY has left: indexes that are invalid now and were not before."""
        for oid, name in self.invalid(cursor).items():
            if oid not in before:
                self.drop(cursor, name)

    def skipped_invalid(self, cursor):
        """IF NOT EXISTS takes an invalid index for one that is there: it is dropped, and the statement is due again."""
        notices = " ".join(cursor.connection.notices)
        skipped = [name for name in self.invalid(cursor).values() if '"%s"' % name.split(".")[-1].strip('"') in notices]
        for name in skipped:
            self.drop(cursor, name)
        return bool(skipped)

    def one_statement(self, cursor, watcher, statement, before):
        """Until it is done; how many tries it took."""
        free, tries = session.alone(statement), 0
        while True:
            self.look(watcher)
            tries += 1
            try:
                self.set_role(cursor, False)
                session.limit(cursor, 0 if free else self.given["lock_ms"], 0 if free else self.given["statement_ms"])
                del cursor.connection.notices[:]
                watcher.watch(True)
                cursor.execute(statement.text)
                watcher.watch(False)
                cursor.execute("RESET ROLE")
                if not self.skipped_invalid(cursor):
                    return tries
                if tries >= self.given["tries"]:
                    raise session.Refused("an invalid index takes the place of the one that is to be built, and does not go")
            except psycopg2.Error as error:
                if cursor.connection.closed:
                    raise
                watcher.watch(False)
                cursor.execute("RESET ROLE")
                self.drop_invalid(cursor, before)
                if not self.again(error, tries, watcher):
                    raise

    def one_by_one(self, script, entry, first=0, left=None):
        """From the statement `first` on; entry: its row in the journal, or None; left: the invalid indexes there were before the statement at which an
        earlier run was cut off."""
        connection, watcher = self.worker()
        with contextlib.closing(connection), watcher, connection.cursor() as cursor, self.keeper.cursor() as book:
            if left is not None:
                self.drop_invalid(cursor, left)
            for number, statement in enumerate(script.statements[first:], first + 1):
                before = list(self.invalid(book))
                if entry:
                    journal.expect_invalid(book, entry, before)
                tries = self.one_statement(cursor, watcher, statement, before)
                if entry:
                    journal.progress(book, entry, number, tries - 1)
            if entry:
                journal.finish(book, entry)

    # The phases.

    def script(self, script, found):
        """up.sql or contract.sql."""
        began = time.monotonic()
        say("%s" % script.name)
        if script.alone:
            entry = found.get((script.migration, script.phase))
            with self.keeper.cursor() as book:
                number = entry.id if entry else journal.begin(book, script)
            if entry:
                say("    goes on after %d of %d statements" % (entry.statements, len(script.statements)))
            self.one_by_one(script, number, entry.statements if entry else 0, entry.invalid if entry else None)
        else:
            self.together(script, lambda cursor, tries: journal.finish(cursor, journal.begin(cursor, script, tries), len(script.statements)))
        self.note(script, began)

    def note(self, script, began, **more):
        self.outcome["done"].append(dict({"file": script.name, "seconds": round(time.monotonic() - began, 3)}, **more))
        say("    done in %.3f s" % (time.monotonic() - began))

    def backfill(self, script, found):
        began, entry = time.monotonic(), found.get((script.migration, "backfill"))
        say(script.name + (" goes on behind %s" % entry.position if entry and entry.position is not None else ""))
        with self.keeper.cursor() as book:
            number = entry.id if entry else journal.begin(book, script)
        connection, watcher = self.worker()
        with contextlib.closing(connection), watcher, connection.cursor() as cursor:

            def ahead():
                watcher.watch(False)
                time.sleep(self.given["rest"])
                self.look(watcher)
                session.limit(cursor, self.given["lock_ms"], self.given["statement_ms"])
                watcher.watch(True)

            def inside(inner, last, rows):
                journal.move(inner, number, last, rows)
                watcher.watch(False)

            def again(error, tries):
                watcher.watch(False)
                return self.again(error, tries, watcher)

            walked = backfill.walk(connection, script, self.given["batch"], self.given["role"], entry.position if entry else None, ahead, inside, again)
            watcher.watch(False)
            journal.finish(cursor, number)
        self.note(script, began, rows=walked.rows, batches=walked.batches, longest=round(walked.longest, 3))

    def verify(self, migration):
        script = migration.scripts.get("verify")
        if script:
            with self.keeper.cursor() as cursor:
                for statement, gave in schema.untrue(cursor, script):
                    raise session.Refused("%s:%d %s: %s" % (script.name, statement.line, gave, statement.text))

    def take_back(self, script):
        began = time.monotonic()
        say(script.name)

        if script.alone:
            # Its statements say IF EXISTS, as the gate asks: one that was cut off is run from its beginning.
            self.one_by_one(script, None)
            with self.keeper.cursor() as book:
                journal.take_back(book, script.migration)
        else:
            self.together(script, lambda cursor, _: journal.take_back(cursor, script.migration))
        self.note(script, began)
