"""A database's schema as pg_dump writes it, by object; what two of them differ in; and whether what verify.sql asks is true."""
import contextlib
import difflib
import hashlib
import os
import re
import subprocess

import psycopg2
import psycopg2.extensions
from psycopg2 import sql

from . import session

HEADING = re.compile(r"^-- (?:Data for )?Name: (.*?); Type: (.*?); Schema: (.*?); Owner: ?(.*)$")
# Of the program and of the server, or another at each run.
NOISE = re.compile(r"^(--|$|\\(un)?restrict |SET |SELECT pg_catalog\.set_config)")


def dump(dsn, privileges=False):
    """{object: its lines}; owners and rights only where they are asked for, because a scratch server need not have the roles."""
    command = ["pg_dump", "--schema-only", "--exclude-schema=quiver_migrations", "--dbname", dsn] + ([] if privileges else ["--no-owner", "--no-privileges"])
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, LC_ALL="C.UTF-8"))
    if done.returncode:
        raise session.Refused("pg_dump: " + done.stderr.strip())
    objects, lines = {}, []
    for line in done.stdout.splitlines():
        heading = HEADING.match(line)
        if heading:
            name, kind, schema, _ = heading.groups()
            lines = objects.setdefault("%s %s" % (kind, name if schema == "-" else schema + "." + name), [])
        elif not NOISE.match(line):
            lines.append(line)
    return objects


def digest(objects):
    return hashlib.sha256("\n".join("%s\n%s" % (name, "\n".join(objects[name])) for name in sorted(objects)).encode()).hexdigest()


def difference(one, other, name_one, name_other):
    """Lines that tell what the second has not, has besides, or has in another way."""
    lines = []
    for name in sorted(set(one) | set(other)):
        if name not in other:
            lines.append("%s: only %s" % (name, name_one))
        elif name not in one:
            lines.append("%s: only %s" % (name, name_other))
        elif one[name] != other[name]:
            lines.append("%s: is another %s than %s" % (name, name_one, name_other))
            lines += ["    " + line for line in difflib.unified_diff(one[name], other[name], name_one, name_other, lineterm="", n=0) if line[:2] != "@@"]
    return lines


def untrue(cursor, script):
    """(statement, what it gave) of queries that do not give true. They cannot write."""
    for statement in script.statements:
        cursor.execute("BEGIN READ ONLY")
        try:
            cursor.execute(statement.text)
            row = cursor.fetchone() if cursor.description else None
            if row is None or row[0] is not True:
                yield statement, "gives %s" % ("no row" if row is None else row[0])
        except psycopg2.Error as error:
            yield statement, str(error).strip().split("\n")[0]
        finally:
            cursor.execute("ROLLBACK")


@contextlib.contextmanager
def scratch(dsn, template=None, owner=None):
    """A database of its own on that server, gone afterwards: the dsn to it. With a template, a copy of that database, to which nobody may be connected."""
    name = "quiver_migrations_%d" % os.getpid()
    mine = psycopg2.extensions.parse_dsn(dsn).get("dbname")
    # CREATE DATABASE needs a connection to another than its template.
    keeper = session.connect(dsn, "scratch", dbname="postgres" if template and template != "postgres" else "template1" if template else mine or "postgres")
    try:
        with keeper.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            if cursor.fetchone()[0] == "on":
                raise session.Refused("a database for the rehearsal cannot be made on a server that only reads")
            # Its owner may make things in it that others may not.
            cursor.execute("SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = %s", (template,))
            owner = owner or (cursor.fetchone() or (None,))[0]
            try:
                cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template or "template0"))
                               + (sql.SQL(" OWNER {}").format(sql.Identifier(owner)) if owner else sql.SQL("")))
            except psycopg2.errors.ObjectInUse:
                raise session.Refused("somebody is connected to %s: a database in use is not copied; restore a backup, and rehearse there with --in-place" % template)
        yield psycopg2.extensions.make_dsn(dsn, dbname=name)
    finally:
        with keeper.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        keeper.close()
