"""Connections, the limits under which a statement runs, and who is watched while it does."""
import threading
import time

import psycopg2
import psycopg2.extensions

from . import catalog

# Any two runs on one database: a constant of ours, "quiver" in hexadecimal.
ADVISORY = 0x717569766572


class Refused(Exception):
    """What stops a run: the message says why and what to do."""


def connect(dsn, name, **options):
    """To the server that takes writes, of several hosts in the dsn."""
    made = psycopg2.connect(psycopg2.extensions.make_dsn(dsn, application_name="quiver_migrations " + name, connect_timeout=10, **options))
    made.autocommit = True
    return made


def leader(dsn, name):
    """A dead host is one that cannot be reached, and a server that only reads is none to migrate."""
    return connect(dsn, name, target_session_attrs="read-write", keepalives_idle=10, keepalives_interval=5, keepalives_count=3)


def alone(statement):
    """Whether it commits by itself, and stops nobody while it waits: it may take its time."""
    return "CONCURRENTLY" in [word for word, _ in statement.words] or statement.starts("VACUUM")


def limit(cursor, lock_ms, statement_ms):
    cursor.execute("SELECT pg_catalog.set_config('lock_timeout', %s, false), pg_catalog.set_config('statement_timeout', %s, false)",
                   ("%dms" % lock_ms, "%dms" % statement_ms))


def limits(cursor):
    """(lock_timeout, statement_timeout) in ms, as they hold now."""
    cursor.execute("SELECT setting::bigint FROM pg_catalog.pg_settings WHERE name IN ('lock_timeout', 'statement_timeout') ORDER BY name")
    return tuple(row[0] for row in cursor.fetchall())


class Beside(threading.Thread):
    """Looks at another session from one of its own, for as long as it is entered."""

    def __init__(self, connection, pid):
        super().__init__(daemon=True)
        self.connection, self.pid, self.over = connection, pid, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()
        self.connection.close()


class Recorder(Beside):
    """What another session locks, looked at every few milliseconds: for statements that commit by themselves, which hold nothing at their end."""

    def __init__(self, dsn, pid, every=0.01):
        super().__init__(connect(dsn, "recorder"), pid)
        self.every = every
        # {relation: {mode: [first seen, last seen]}}
        self.seen = {}

    def run(self):
        with self.connection.cursor() as cursor:
            while not self.over.is_set():
                cursor.execute("SELECT relation::bigint, mode FROM pg_catalog.pg_locks WHERE pid = %s AND locktype = 'relation' AND granted", (self.pid,))
                now = time.monotonic()
                for relation, mode in cursor.fetchall():
                    if mode in catalog.STOPS:
                        self.seen.setdefault(relation, {}).setdefault(mode, [now, now])[1] = now
                self.over.wait(self.every)


class Watcher(Beside):
    """Cancels what a session does when another has waited for it longer than `patience`: whatever a migration waits for or works on, nobody waits longer.

    lock_timeout alone is no such promise: it is for each lock by itself, and says nothing about the work that is done under one that was granted.
    Workers of autovacuum are no clients; they give way by themselves.
    """
    WAITING = """SELECT max(extract(epoch FROM pg_catalog.clock_timestamp() - l.waitstart)) FROM pg_catalog.pg_locks l
        JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid AND a.backend_type = 'client backend'
        WHERE NOT l.granted AND l.pid <> %(pid)s AND l.waitstart < pg_catalog.clock_timestamp() - %(patience)s * interval '1 second'
          AND %(pid)s = ANY(pg_catalog.pg_blocking_pids(l.pid))"""

    def __init__(self, dsn, pid, patience):
        super().__init__(leader(dsn, "watcher"), pid)
        self.patience, self.watching, self.lock, self.cancelled = patience, False, threading.Lock(), None
        self.broken = None

    def watch(self, on):
        with self.lock:
            self.watching = on
            if on:
                self.cancelled = None

    def look(self, cursor):
        cursor.execute(self.WAITING, {"pid": self.pid, "patience": self.patience})
        waited = cursor.fetchone()[0]
        if waited is not None:
            cursor.execute("SELECT pg_catalog.pg_cancel_backend(%s)", (self.pid,))
            self.cancelled = float(waited)

    def run(self):
        try:
            with self.connection.cursor() as cursor:
                while not self.over.wait(min(0.025, self.patience / 8)):
                    # What is cancelled is what was watched, not what came after it.
                    with self.lock:
                        if self.watching and self.cancelled is None:
                            self.look(cursor)
        except psycopg2.Error as error:
            self.broken = error
