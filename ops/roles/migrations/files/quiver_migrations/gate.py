"""The gate: what is due on a clone is rehearsed there, and each thing that would hurt is a finding."""
import contextlib

import psycopg2.extensions

from . import journal, rehearse, schema, session


def due(migrations, found):
    """(migration, phases of it that were not applied)"""
    for migration in migrations:
        phases = [phase for phase in ("up", "backfill", "contract") if phase in migration.scripts
                  and not ((migration.name, phase) in found and found[(migration.name, phase)].state == "done")]
        if phases:
            yield migration, phases


def no_clone(dsn):
    """Why this server is one that others use; None when it looks like a restored copy."""
    connection = session.connect(dsn, "gate")
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_catalog.pg_stat_replication")
        if cursor.fetchone()[0]:
            return "standbys follow it"
        cursor.execute("SHOW archive_mode")
        if cursor.fetchone()[0] != "off":
            return "its WAL is archived"
    return None


@contextlib.contextmanager
def clone(dsn, in_place):
    if in_place:
        reason = no_clone(dsn)
        if reason:
            raise session.Refused("this is no clone: %s" % reason)
        yield dsn
    else:
        name = psycopg2.extensions.parse_dsn(dsn).get("dbname")
        if not name:
            raise session.Refused("the dsn names no database (dbname)")
        with schema.scratch(dsn, name) as copy:
            yield copy


def gate(migrations, given):
    """The result: findings, what was rehearsed with its locks and times, how many migrations that was. given: as for Rehearsal, with in_place and since: the
    migrations up to that one are run and not judged."""
    with clone(given["dsn"], given["in_place"]) as dsn:
        rehearsal = rehearse.Rehearsal(dict(given, dsn=dsn))
        result = {"findings": [], "rehearsed": [], "migrations": 0}
        with contextlib.closing(rehearsal.connection), rehearsal.connection.cursor() as cursor:
            found = journal.entries(cursor)
            changed = list(journal.changed_files(found, migrations))
            if changed:
                raise session.Refused("; ".join(changed))
            names = [migration.name for migration in migrations]
            if given["since"] is not None and given["since"] not in names:
                raise session.Refused("there is no migration %s" % given["since"])
            judged = names.index(given["since"]) + 1 if given["since"] is not None else 0
            for migration, phases in due(migrations, found):
                old = names.index(migration.name) < judged
                went = rehearsal.migration(migration, phases, not old)
                if old:
                    rehearsal.findings, rehearsal.rehearsed = [], []
                else:
                    result["migrations"] += 1
                if not went:
                    if old:
                        raise session.Refused("%s, which is not judged, does not run here" % migration.name)
                    break
        result["findings"], result["rehearsed"] = rehearsal.findings, rehearsal.rehearsed
        return result
