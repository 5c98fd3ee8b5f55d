"""The journal of what was applied to a database: in the database, so that it is restored and replicated with what it tells of."""
import os
import pwd
import socket

SETUP = """CREATE SCHEMA IF NOT EXISTS quiver_migrations;
CREATE TABLE IF NOT EXISTS quiver_migrations.journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration text NOT NULL,
    phase text NOT NULL CHECK (phase IN ('up', 'backfill', 'contract')),
    checksum text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done')),
    began timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended timestamptz,
    tries integer NOT NULL DEFAULT 1,
    statements integer NOT NULL DEFAULT 0,
    invalid bigint[],
    position text,
    changed bigint,
    applied_by text NOT NULL DEFAULT session_user,
    applied_from text NOT NULL,
    taken_back timestamptz,
    taken_back_by text
);
CREATE UNIQUE INDEX IF NOT EXISTS journal_now ON quiver_migrations.journal (migration, phase) WHERE taken_back IS NULL;
COMMENT ON TABLE quiver_migrations.journal IS 'What was applied, a row for each phase of a migration; statements, position and invalid are where an interrupted one goes on';
"""


LOOKED = """CREATE TABLE IF NOT EXISTS quiver_migrations.drift (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    looked timestamptz NOT NULL,
    objects integer NOT NULL,
    differing integer NOT NULL
);
COMMENT ON TABLE quiver_migrations.drift IS 'What the last look at drift found: how many objects there are, and how many are not what the files make';
"""


class Entry:
    def __init__(self, row):
        self.id, self.migration, self.phase, self.checksum, self.state, self.statements, self.position, self.changed, self.invalid = row


def is_there(cursor):
    cursor.execute("SELECT pg_catalog.to_regclass('quiver_migrations.journal') IS NOT NULL")
    return cursor.fetchone()[0]


def set_up(cursor):
    if not is_there(cursor):
        cursor.execute(SETUP)


def entries(cursor):
    """What holds now: {(migration, phase): Entry}, in the order in which it was applied."""
    if not is_there(cursor):
        return {}
    cursor.execute("""SELECT id, migration, phase, checksum, state, statements, position, changed, invalid FROM quiver_migrations.journal
        WHERE taken_back IS NULL ORDER BY coalesce(ended, 'infinity'), id""")
    return {(entry.migration, entry.phase): entry for entry in map(Entry, cursor.fetchall())}


def origin():
    """Who runs this where: the server sees one account for all of them."""
    return "%s@%s" % (os.environ.get("QUIVER_MIGRATIONS_BY") or pwd.getpwuid(os.getuid()).pw_name, socket.gethostname())


def begin(cursor, script, tries=1):
    """A row that says running; its id."""
    cursor.execute("""INSERT INTO quiver_migrations.journal (migration, phase, checksum, state, tries, applied_from) VALUES (%s, %s, %s, 'running', %s, %s)
        RETURNING id""", (script.migration, script.phase, script.checksum, tries, origin()))
    return cursor.fetchone()[0]


def progress(cursor, entry, statements, more_tries):
    cursor.execute("UPDATE quiver_migrations.journal SET statements = %s, tries = tries + %s, invalid = NULL WHERE id = %s", (statements, more_tries, entry))


def expect_invalid(cursor, entry, oids):
    """The indexes that were invalid before a statement that may leave one."""
    cursor.execute("UPDATE quiver_migrations.journal SET invalid = %s WHERE id = %s", (oids, entry))


def move(cursor, entry, position, changed):
    cursor.execute("UPDATE quiver_migrations.journal SET position = %s, changed = coalesce(changed, 0) + %s WHERE id = %s", (position, changed, entry))


def finish(cursor, entry, statements=None):
    cursor.execute("""UPDATE quiver_migrations.journal SET state = 'done', ended = pg_catalog.clock_timestamp(), statements = coalesce(%s, statements),
        invalid = NULL WHERE id = %s""", (statements, entry))


def adopt(cursor, script):
    """What was there before there was a journal."""
    finish(cursor, begin(cursor, script), len(script.statements))


def take_back(cursor, migration):
    cursor.execute("""UPDATE quiver_migrations.journal SET taken_back = pg_catalog.clock_timestamp(), taken_back_by = %s
        WHERE migration = %s AND taken_back IS NULL""", (origin(), migration))


def looked(cursor, objects, differing):
    """What drift was found, for whoever watches the database."""
    cursor.execute(LOOKED)
    cursor.execute("""INSERT INTO quiver_migrations.drift (looked, objects, differing) VALUES (pg_catalog.clock_timestamp(), %s, %s)
        ON CONFLICT (one) DO UPDATE SET looked = excluded.looked, objects = excluded.objects, differing = excluded.differing""", (objects, differing))


def changed_files(found, migrations):
    """Files of applied migrations that are not what was applied, or are gone."""
    scripts = {(migration.name, phase): script for migration in migrations for phase, script in migration.scripts.items()}
    for key, entry in found.items():
        if key not in scripts:
            yield "%s/%s.sql was applied and is not in the folder" % key
        elif scripts[key].checksum != entry.checksum:
            yield "%s/%s.sql is not what was applied" % key
