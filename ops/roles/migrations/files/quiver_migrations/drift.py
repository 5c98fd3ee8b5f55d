"""Whether the live schema is the one that the applied files make on an empty database."""
import contextlib
import re

import psycopg2
from psycopg2 import sql

from . import journal, schema, session


def build(dsn, order, scripts, role):
    """The files in the order in which they were applied; there are no rows and no clients, so no limits and no batches either."""
    connection = session.connect(dsn, "drift")
    with contextlib.closing(connection), connection.cursor() as cursor:
        for entry in order:
            script = scripts[(entry.migration, entry.phase)]
            try:
                if role:
                    cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
                if not script.alone:
                    cursor.execute("BEGIN")
                # One that was cut off is in the live schema as far as it came.
                count = len(script.statements) if entry.state == "done" else entry.statements
                for statement in script.statements[:count]:
                    cursor.execute(statement.text)
                if not script.alone:
                    cursor.execute("COMMIT")
            except psycopg2.Error as error:
                raise session.Refused("%s does not run on an empty database: %s" % (script.name, str(error).strip().split("\n")[0]))
            cursor.execute("DISCARD ALL")


def compare(migrations, dsn, scratch, ignore=(), role=None, privileges=False):
    """The result: both hashes, and what differs. ignore: regular expressions of objects, as "EXTENSION hypopg"; role: who makes the objects there, which
    counts where owners and rights are compared."""
    live = session.connect(dsn, "drift")
    with contextlib.closing(live), live.cursor() as cursor:
        found = journal.entries(cursor)
    changed = list(journal.changed_files(found, migrations))
    if changed:
        raise session.Refused("; ".join(changed))
    scripts = {(migration.name, phase): script for migration in migrations for phase, script in migration.scripts.items()}
    order = [entry for entry in found.values() if entry.phase != "backfill"]
    with schema.scratch(scratch, None, role) as empty:
        build(empty, order, scripts, role)
        files = schema.dump(empty, privileges)
    there = schema.dump(dsn, privileges)
    for objects in (files, there):
        for name in [name for name in objects if any(re.search(pattern, name) for pattern in ignore)]:
            del objects[name]
    lines = schema.difference(files, there, "by the files", "on the live database")
    if found:
        live = session.connect(dsn, "drift")
        with contextlib.closing(live), live.cursor() as cursor:
            journal.looked(cursor, len(there), sum(not line.startswith(" ") for line in lines))
    return {"files": schema.digest(files), "live": schema.digest(there), "objects": len(there), "difference": lines,
            "pending": [migration.name for migration in migrations if (migration.name, "up") not in found]}
