"""Two clusters, the old and the new one; what an upgrade remembers in each; statements that both are asked."""
import hashlib
import json

import psycopg2
import psycopg2.extras

# Publication, subscription, schema and role have this name on both sides.
NAME = "quiver_upgrade"
OTHER = {"old": "new", "new": "old"}


class Refused(Exception):
    """Not begun, or taken back: the reason is for who runs it."""


def slot_of(database):
    return "%s_%s" % (NAME, hashlib.md5(database.encode()).hexdigest()[:12])


class Cluster:
    """One side. `reach` is how this program connects, `seen` how the other side's servers do; neither has a database's name in it."""

    def __init__(self, side, reach, seen=""):
        self.side, self.reach, self.seen = side, reach, seen
        self.open = {}

    def connection(self, database="postgres"):
        made = self.open.get(database)
        if made is None or made.closed:
            # What is written here has names and definitions in it, and no secret of a client; a verifier and a long wait are nobody's to read in a log.
            made = psycopg2.connect(self.reach, dbname=database, application_name=NAME, options=(
                "-c search_path=pg_catalog -c statement_timeout=0 -c lock_timeout=0 -c idle_session_timeout=0 -c log_statement=none -c log_min_duration_statement=-1"
                " -c log_min_error_statement=panic -c extra_float_digits=3 -c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex -c timezone=UTC"
                " -c row_security=off -c default_transaction_read_only=off"))
            made.autocommit = True
            self.open[database] = made
        return made

    def rows(self, statement, values=None, database="postgres"):
        with self.connection(database).cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def one(self, statement, values=None, database="postgres"):
        found = self.rows(statement, values, database)
        return found[0][0] if found else None

    def close(self, database=None):
        for name in [database] if database else list(self.open):
            if name in self.open:
                self.open.pop(name).close()

    def version(self):
        return int(self.one("SHOW server_version_num"))

    def line(self):
        """Which server this is, and which of its histories: another leader, or a restore, has another."""
        return self.one("SELECT system_identifier || ' ' || left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_control_system()")

    # What is remembered: who leads, whose attempt it is to change that, and the rest as one document.
    def remember_here(self):
        self.rows("""CREATE SCHEMA IF NOT EXISTS quiver_upgrade;
            CREATE TABLE IF NOT EXISTS quiver_upgrade.state (one bool PRIMARY KEY DEFAULT true CHECK (one), leads text NOT NULL CHECK (leads IN ('old', 'new')),
                attempt text, doc jsonb NOT NULL DEFAULT '{}');
            INSERT INTO quiver_upgrade.state (leads) VALUES ('old') ON CONFLICT DO NOTHING""")

    def memory(self):
        if self.one("SELECT to_regclass('quiver_upgrade.state')") is None:
            return None
        leading, attempt, doc = self.rows("SELECT leads, attempt, doc FROM quiver_upgrade.state")[0]
        return {"leading": leading, "attempt": attempt, "doc": doc}

    def keep(self, doc):
        self.rows("UPDATE quiver_upgrade.state SET doc = %s", (json.dumps(doc),))

    # A database takes clients up to the limit that it had, or none: in WAL, so that standbys and who leads next keep to it. Superusers are not held by it.
    def admit(self, limits):
        self.rows("".join("ALTER DATABASE %s CONNECTION LIMIT %d; " % (quoted(name), limit) for name, limit in limits.items()))

    def shut(self, databases):
        self.admit({name: 0 for name in databases})

    def dismiss(self, databases):
        """Ends clients' sessions there, but this program's own; how many there were."""
        return self.one("""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = ANY (%s) AND backend_type = 'client backend' AND application_name <> %s""", (databases, NAME))

    # Replication.
    def subscription(self, database):
        found = self.rows("""SELECT s.subenabled, s.subslotname, (SELECT count(*) FROM pg_subscription_rel AS r WHERE r.srsubid = s.oid AND r.srsubstate <> 'r'),
            EXISTS (SELECT FROM pg_stat_subscription AS a WHERE a.subid = s.oid AND a.pid IS NOT NULL) FROM pg_subscription AS s
            WHERE s.subname = %s AND s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())""", (NAME,), database)
        return dict(zip(("enabled", "slot", "waiting", "runs"), found[0])) if found else None

    def unsubscribe(self, database):
        """Whether or not the other side answers."""
        if self.subscription(database):
            self.rows("ALTER SUBSCRIPTION quiver_upgrade DISABLE", None, database)
            self.rows("ALTER SUBSCRIPTION quiver_upgrade SET (slot_name = NONE)", None, database)
            self.rows("DROP SUBSCRIPTION quiver_upgrade", None, database)

    def drop_slots(self, database, also=""):
        """The database's slot, and those that an initial copy left (`also`: the other side's system identifier)."""
        for _ in range(100):
            left = self.rows("SELECT slot_name, active_pid FROM pg_replication_slots WHERE slot_name = %s OR database = %s AND slot_name LIKE %s",
                             (slot_of(database), database, "pg\\_%\\_sync\\_%\\_" + also if also else ""))
            if not left:
                return
            for name, pid in left:
                if pid:
                    self.rows("SELECT pg_terminate_backend(%s, 1000)", (pid,))
                try:
                    self.rows("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s AND NOT active", (name,))
                except (psycopg2.errors.ObjectInUse, psycopg2.errors.UndefinedObject):
                    pass
        raise Refused("The slot %s of the %s cluster cannot be dropped" % (slot_of(database), self.side))

    def slot(self, database):
        found = self.rows("SELECT active, wal_status, restart_lsn IS NOT NULL FROM pg_replication_slots WHERE slot_name = %s", (slot_of(database),))
        return {"active": found[0][0], "lost": found[0][1] == "lost" or not found[0][2]} if found else None

    def mark(self, database):
        """A row that the other side has when it has all that was committed here before."""
        return self.one("INSERT INTO quiver_upgrade.mark AS m VALUES (%s, 1, clock_timestamp()) ON CONFLICT (side) DO UPDATE SET n = m.n + 1, at = clock_timestamp() RETURNING n",
                        (self.side,), database)

    def marked(self, database, side):
        return self.one("SELECT n FROM quiver_upgrade.mark WHERE side = %s", (side,), database) or 0


def quoted(name):
    return '"%s"' % name.replace('"', '""')
