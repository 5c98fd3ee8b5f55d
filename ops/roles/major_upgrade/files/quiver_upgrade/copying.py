"""The old cluster's databases on the new one: roles, schema, a first copy, and all that is committed from then on."""
import os
import re
import subprocess
import sys
import tempfile
import time

from .clusters import NAME, Refused, quoted, slot_of
from .schema import MATERIALIZED, differences, fingerprint, moving, tables

FULL = "ALTER TABLE %s REPLICA IDENTITY FULL"


def say(*words):
    print(*words, file=sys.stderr, flush=True)


# Roles, as SQL that both versions understand. The toolkit's own are made by its role `database`, on both alike.
ROLES = """
SELECT r.rolname, concat_ws(' ', CASE WHEN rolsuper THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END, CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END,
    CASE WHEN rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END,
    CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END, CASE WHEN rolreplication THEN 'REPLICATION' ELSE 'NOREPLICATION' END,
    CASE WHEN rolbypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END, 'CONNECTION LIMIT', rolconnlimit,
    'PASSWORD', coalesce(quote_literal(rolpassword), 'NULL'), 'VALID UNTIL', quote_literal(coalesce(rolvaliduntil::text, 'infinity'))),
    ARRAY(SELECT s FROM pg_db_role_setting AS d, unnest(d.setconfig) AS s WHERE d.setrole = r.oid AND d.setdatabase = 0 ORDER BY s),
    ARRAY(SELECT g.rolname || CASE WHEN m.admin_option THEN ' +' ELSE '' END FROM pg_auth_members AS m JOIN pg_roles AS g ON g.oid = m.roleid WHERE m.member = r.oid ORDER BY 1)
FROM pg_authid AS r WHERE rolname !~ '^pg_' AND rolname NOT IN ('postgres', 'quiver_upgrade') ORDER BY 1
"""


def same_roles(one, other):
    """The other cluster has the roles of the one, verifiers and all. None is taken away."""
    wanted, there = ({row[0]: row[1:] for row in cluster.rows(ROLES)} for cluster in (one, other))
    for name in wanted:
        if name not in there:
            other.rows("CREATE ROLE " + quoted(name))
    for name, (attributes, settings, member_of) in wanted.items():
        has, has_settings, has_member_of = there.get(name, ("", [], []))
        if has != attributes:
            other.rows("ALTER ROLE %s %s" % (quoted(name), attributes))
        if has_settings != settings:
            other.rows("ALTER ROLE %s RESET ALL" % quoted(name))
            for setting in settings:
                key, value = setting.split("=", 1)
                # Lists of names are written as they are; any other value is text.
                text = value if key.lower() in ("search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries") else one.one("SELECT quote_literal(%s)", (value,))
                other.rows("ALTER ROLE %s SET %s TO %s" % (quoted(name), key, text))
        for group in set(has_member_of) - set(member_of):
            other.rows("REVOKE %s FROM %s" % (quoted(group.removesuffix(" +")), quoted(name)))
        for group in sorted(set(member_of) - set(has_member_of)):
            other.rows("GRANT %s TO %s%s" % (quoted(group.removesuffix(" +")), quoted(name), " WITH ADMIN OPTION" if group.endswith(" +") else ""))


def tool(given, name, *arguments, **more):
    done = subprocess.run([os.path.join(given["bin"], name)] + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode:
        raise Refused("%s: %s" % (name, done.stderr.strip()[-600:]))
    return done.stdout


def stage(new, database):
    """How far the new cluster's database is: nothing, bare (schema and keys), whole (all indexes, constraints and triggers)."""
    if new.one("SELECT count(*) FROM pg_database WHERE datname = %s", (database,)) == 0:
        return ""
    if new.one("SELECT to_regclass('quiver_upgrade.loaded')", None, database) is None:
        return ""
    return new.one("SELECT max(stage) FROM quiver_upgrade.loaded", None, database) or ""


class Load:
    """The schema as one dump, by the programs of the newer version, and the parts of it that are wanted."""

    def __init__(self, given, old, new, database, folder):
        self.given, self.old, self.new, self.database, self.file = given, old, new, database, os.path.join(folder, slot_of(database) + ".dump")

    def dump(self):
        tool(self.given, "pg_dump", "-Fc", "--schema-only", "--no-subscriptions", "--no-publications", "--quote-all-identifiers", "-f", self.file,
             "-d", self.old.reach + " dbname=" + libpq(self.database))

    def entries(self, *options):
        return [line for line in tool(self.given, "pg_restore", "-l", *(options + (self.file,))).splitlines() if line and not line.startswith(";")]

    def restore(self, entries, mark):
        """In one transaction, with a mark that it was done."""
        with tempfile.TemporaryDirectory() as folder:
            listed, script = os.path.join(folder, "list"), os.path.join(folder, "script.sql")
            with open(listed, "w") as out:
                out.write("\n".join(entries) + "\n")
            tool(self.given, "pg_restore", "-L", listed, "-f", script, self.file)
            tool(self.given, "psql", "-XqAt", "-1", "-v", "ON_ERROR_STOP=1", "-d", self.new.reach + " dbname=" + libpq(self.database), "-f", script, "-c", mark, env=dict(
                os.environ, PGOPTIONS="-c log_statement=none -c log_min_duration_statement=-1 -c statement_timeout=0 -c default_transaction_read_only=off"))

    def parts(self):
        """Of what comes after the data: what a replicated row is found by, and the rest."""
        after = self.entries("--section=post-data")
        found_by = set(name for name, in self.old.rows("SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indisreplident", None, self.database))
        first = [line for line in after if line.split()[3] == "CONSTRAINT" or line.split()[3] == "INDEX" and line.split()[5] in found_by]
        return first, [line for line in after if line not in first]


def libpq(value):
    return "'%s'" % value.replace("\\", "\\\\").replace("'", "\\'")


def database_of(old, new, given, doc, name, folder):
    """The database with its schema, closed to clients; its keys, and no other index yet."""
    load = Load(given, old, new, name, folder)
    of = doc["databases"][name]
    if stage(new, name) == "whole" or stage(new, name) and os.path.exists(load.file):
        return load
    say("database %s: its schema" % name)
    if new.one("SELECT count(*) FROM pg_database WHERE datname = %s", (name,)):
        if not of.get("made") and [table for table in tables(new, name) if not table.extension]:
            raise Refused("Database %s: the new cluster has one with tables of its own" % name)
        new.unsubscribe(name)
        new.close(name)
        new.rows("DROP DATABASE %s WITH (FORCE)" % quoted(name))
    of["made"] = True
    remember(old, new, doc)
    old.drop_slots(name, new.line().split()[0])
    old.rows("DROP PUBLICATION IF EXISTS quiver_upgrade", None, name)
    old.rows("""CREATE SCHEMA IF NOT EXISTS quiver_upgrade;
        CREATE TABLE IF NOT EXISTS quiver_upgrade.mark (side text PRIMARY KEY, n bigint NOT NULL, at timestamptz NOT NULL)""", None, name)
    for table in moving(old, name):
        if not table.known:
            if table.name not in of["full"]:
                of["full"].append(table.name)
                remember(old, new, doc)
            patient(old, name, FULL % table.name)
    for _ in range(5):
        of["fingerprint"] = fingerprint(old, name)
        load.dump()
        if fingerprint(old, name) == of["fingerprint"]:
            break
    else:
        raise Refused("Database %s: its schema changes all the time" % name)
    remember(old, new, doc)
    whole = load.entries("-C")
    own = [line for line in whole if re.match(r"\d+; \d+ \d+ (DATABASE(| PROPERTIES) - |(ACL|COMMENT|SECURITY LABEL) - DATABASE )", line)]
    with tempfile.NamedTemporaryFile("w", delete=False) as listed:
        listed.write("\n".join(own) + "\n")
    tool(given, "pg_restore", "-C", "-d", new.reach + " dbname=postgres", "-e", "-L", listed.name, load.file)
    os.remove(listed.name)
    new.shut([name])
    load.restore(load.entries("--section=pre-data") + load.parts()[0],
                 "CREATE TABLE quiver_upgrade.loaded (stage text PRIMARY KEY, at timestamptz DEFAULT now()); INSERT INTO quiver_upgrade.loaded VALUES ('bare')")
    # What CREATE EXTENSION wrote is in the copy that comes.
    seeded = [table.name for table in moving(new, name) if table.extension]
    if seeded:
        new.rows("SET session_replication_role = replica; TRUNCATE %s; RESET session_replication_role" % ", ".join(seeded), None, name)
    return load


def patient(cluster, database, statement):
    """A lock that others wait behind is asked for shortly, and again."""
    for _ in range(60):
        try:
            return cluster.rows("SET lock_timeout = '300ms'; %s; RESET lock_timeout" % statement, None, database)
        except Exception as error:
            if getattr(error, "pgcode", None) != "55P03":
                raise
            time.sleep(1)
    raise Refused("Database %s: no lock within a minute for: %s" % (database, statement))


def remember(old, new, doc):
    old.keep(doc)
    new.keep(doc)


def published(cluster, database, names):
    """The publication has these tables and no other; whether it had to be changed."""
    has = [row[0] for row in cluster.rows("SELECT format('%%I.%%I', schemaname, tablename) FROM pg_publication_tables WHERE pubname = %s", (NAME,), database)]
    if cluster.one("SELECT count(*) FROM pg_publication WHERE pubname = %s", (NAME,), database) == 0:
        cluster.rows("CREATE PUBLICATION quiver_upgrade", None, database)
    if sorted(has) == sorted(names):
        return False
    patient(cluster, database, "ALTER PUBLICATION quiver_upgrade SET TABLE " + ", ".join("ONLY " + name for name in names))
    return True


def subscribe(publisher, subscriber, database, copy):
    """A subscription as the superuser who asks, who may write whatever row-level security forces upon owners."""
    options = ["copy_data = %s" % str(copy).lower(), "create_slot = %s" % str(copy).lower(), "enabled = %s" % str(copy).lower(), "slot_name = '%s'" % slot_of(database)]
    if subscriber.version() >= 160000 and any(table.forced for table in moving(subscriber, database)):
        options.append("run_as_owner = true")
    where = (publisher.seen + " application_name=%s dbname=%s" % (NAME, libpq(database))).replace("'", "''")
    subscriber.rows("CREATE SUBSCRIPTION quiver_upgrade CONNECTION '%s' PUBLICATION quiver_upgrade WITH (%s)" % (where, ", ".join(options)), None, database)


def accepted(old, new, name, of):
    """Objects that changed since the schema was loaded, and are now the same on both: somebody changed both."""
    now = fingerprint(old, name)
    changed = differences(of["fingerprint"], now)
    if changed:
        there = fingerprint(new, name)
        other = [thing for thing in changed if there.get(thing) != now.get(thing)]
        if other:
            raise Refused("Database %s changed since it was loaded: %s. Do the same on the new cluster and run this again, or -e major_upgrade_anew=true" % (
                name, ", ".join(other[:20])))
        of["fingerprint"] = now
    return bool(changed)


def whole(new, name, load, analyze):
    """All tables follow: what makes a copy slow, or would have acted on it, comes now."""
    if stage(new, name) != "whole":
        say("database %s: indexes, constraints, triggers" % name)
        rest = load.parts()[1]
        mark = "INSERT INTO quiver_upgrade.loaded VALUES ('whole')"
        load.restore(rest, mark) if rest else new.rows(mark, None, name)
    refresh(new, name)
    if analyze:
        say("database %s: statistics" % name)
        new.rows("ANALYZE", None, name)


def refresh(cluster, name):
    for view, in cluster.rows(MATERIALIZED, None, name):
        cluster.rows("REFRESH MATERIALIZED VIEW " + view, None, name)


def prepare(given, old, new):
    old.remember_here()
    new.remember_here()
    doc = old.memory()["doc"] or {"databases": {}}
    if old.memory()["leading"] != "old":
        raise Refused("The new cluster leads already")
    lines = {"old": old.line(), "new": new.line()}
    anew = given.get("anew") or doc.get("lines") not in (None, lines)
    if doc.get("lines") not in (None, lines):
        say("another server leads since it was prepared: the copy begins anew")
    doc["lines"] = lines
    names = given["databases"] or [row[0] for row in old.rows("SELECT datname FROM pg_database WHERE NOT datistemplate AND datallowconn AND datname <> 'postgres' ORDER BY 1")]
    for name in names:
        limit = old.one("SELECT datconnlimit FROM pg_database WHERE datname = %s", (name,))
        doc["databases"].setdefault(name, {"limit": limit, "full": [], "fingerprint": {}})
    remember(old, new, doc)
    same_roles(old, new)
    began, folder = time.monotonic(), given["folder"]
    for name in names:
        slot = old.slot(name)
        # Without its slot, or with one whose WAL is gone, nobody knows what the copy lacks.
        if (anew or new_has(new, name) and (slot is None or slot["lost"])) and stage(new, name):
            new.unsubscribe(name)
            new.rows("DROP SCHEMA quiver_upgrade CASCADE", None, name)
        load = database_of(old, new, given, doc, name, folder)
        changed = accepted(old, new, name, doc["databases"][name])
        wanted = [table.name for table in moving(old, name)]
        published(new, name, wanted)
        changed |= published(old, name, wanted)
        remember(old, new, doc)
        if not new_has(new, name):
            old.drop_slots(name, new.line().split()[0])
            say("database %s: %d tables are copied" % (name, len(wanted)))
            subscribe(old, new, name, True)
        elif changed:
            new.rows("ALTER SUBSCRIPTION quiver_upgrade ENABLE", None, name)
            new.rows("ALTER SUBSCRIPTION quiver_upgrade REFRESH PUBLICATION", None, name)
        else:
            new.rows("ALTER SUBSCRIPTION quiver_upgrade ENABLE", None, name)
        copied(new, name, given.get("copy_seconds", 86400))
        first = stage(new, name) != "whole"
        whole(new, name, load, first)
    waits = {name: followed(old, new, name, given["lag_seconds"] * 20) for name in names}
    doc["prepared"] = True
    remember(old, new, doc)
    return {"databases": {name: len(moving(old, name)) for name in names}, "lag": waits, "seconds": round(time.monotonic() - began, 1)}


def new_has(new, name):
    return bool(stage(new, name)) and new.subscription(name) is not None


def copied(new, name, seconds):
    end, told = time.monotonic() + seconds, None
    while True:
        waiting = new.subscription(name)["waiting"]
        if not waiting:
            return
        if waiting != told:
            say("database %s: %d tables to go" % (name, waiting))
            told = waiting
        if time.monotonic() > end:
            raise Refused("Database %s: %d tables are not copied after %d s; the new server's log says why" % (name, waiting, seconds))
        time.sleep(0.2)


def followed(leader, follower, name, seconds, rest=0.02):
    """Until the follower has what is committed on the leader now; the seconds that took."""
    began, mark = time.monotonic(), leader.mark(name)
    while follower.marked(name, leader.side) < mark:
        if time.monotonic() - began > seconds:
            raise Refused("Database %s: the %s cluster is more than %.0f s behind; its log says why" % (name, follower.side, seconds))
        time.sleep(rest)
    return round(time.monotonic() - began, 3)
