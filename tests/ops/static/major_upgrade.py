#!/usr/bin/python3
"""A cluster goes to another one and back while somebody writes: a writer's rows, sequences, quiver's tables, what is refused, what an interrupted run leaves.

usage: major_upgrade.sh, which has two servers on one socket folder: 5432 is the old one, 5433 the new
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import psycopg2

import expected
from expected import expect

BEGAN = time.monotonic()
HOST = os.environ["PGHOST"]
PORTS = {"old": 5432, "new": 5433}
GIVEN = {"databases": [], "bin": subprocess.run(["pg_config", "--bindir"], stdout=subprocess.PIPE, text=True).stdout.strip(),
         "folder": os.environ["UPGRADE_WORK"], "lag_seconds": 10, "gap_seconds": 8, "check": True, "check_seconds": 1, "check_work_seconds": 20, "margin": 10}
for side, port in PORTS.items():
    GIVEN[side] = {"reach": "host=%s port=%d user=postgres" % (HOST, port), "seen": "host=%s port=%d user=postgres" % (HOST, port)}


def ask(side, statement, database="app", values=None):
    connection = psycopg2.connect(host=HOST, port=PORTS[side], user="postgres", dbname=database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None
    finally:
        connection.close()


def start(command, **more):
    module = ["quiver_upgrade.lead"] if command == "lead" else ["quiver_upgrade", command]
    process = subprocess.Popen(["/usr/bin/python3", "-m"] + module, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=dict(os.environ, QUIVER_HAPROXY=os.environ["UPGRADE_WORK"] + "/admin.sock", QUIVER_HAPROXY_SETTINGS=os.environ["UPGRADE_WORK"] + "/haproxy.cfg"))
    process.stdin.write(json.dumps(more if command == "lead" else dict(GIVEN, **more)))
    process.stdin.close()
    return process


def run(command, **more):
    if os.environ.get("UPGRADE_TIMES"):
        print("# %.1f s: %s" % (time.monotonic() - BEGAN, command), flush=True)
    process = start(command, **more)
    error = process.stderr.read()
    out = process.stdout.read()
    process.wait()
    return json.loads(out) if process.returncode == 0 else "refused: " + error.strip()


def works(what, command, **more):
    said = run(command, **more)
    expect(what, True, isinstance(said, dict) or said)
    return said if isinstance(said, dict) else {}


def refuses(what, reason, command, **more):
    said = run(command, **more)
    expect(what, True, isinstance(said, str) and reason in said or said)


class Writer(threading.Thread):
    """Numbered rows, as a client who may not come in where it is closed; it goes to whichever server lets it write."""

    def __init__(self):
        super().__init__(daemon=True)
        self.acknowledged, self.gap, self.ended, self.number = [], 0.0, False, 0
        self.rests, self.idle = threading.Event(), threading.Event()

    def run(self):
        connection, sides, last = None, ["old", "new"], time.monotonic()
        while not self.ended:
            while self.rests.is_set() and not self.ended:
                self.idle.set()
                last = time.monotonic()
                time.sleep(0.05)
            self.idle.clear()
            try:
                if connection is None:
                    connection = psycopg2.connect(host=HOST, port=PORTS[sides[0]], user="client", dbname="app")
                    connection.autocommit = True
                self.number += 1
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO public.item (n, v) VALUES (%s, %s)", (self.number, "[%d,1,2]" % (self.number % 50)))
                    cursor.execute("UPDATE public.total SET n = n + 1 WHERE id = 1")
                now = time.monotonic()
                self.gap = max(self.gap, now - last)
                last = now
                self.acknowledged.append(self.number)
                time.sleep(0.01)
            except psycopg2.Error:
                if connection:
                    connection.close()
                connection = None
                sides.reverse()
                time.sleep(0.02)


class Balancer(threading.Thread):
    """HAProxy's socket, which says nothing to what it understands; and the program that tells it, as on a host of the old cluster."""

    def __init__(self, when, **more):
        super().__init__(daemon=True)
        self.told = ""
        self.place = os.environ["UPGRADE_WORK"] + "/admin.sock"
        if os.path.exists(self.place):
            os.remove(self.place)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.place)
        self.socket.listen()
        pathlib.Path(os.environ["UPGRADE_WORK"] + "/haproxy.cfg").write_text(
            "listen write_direct\n http-check send meth OPTIONS uri /primary ver HTTP/1.1\nlisten read_direct\n http-check send meth OPTIONS uri /replica?lag=16MB ver\n"
            "listen write\n server db1 192.0.2.1:6432 track write_direct/db1\n")
        self.program = start("lead", **dict(local=GIVEN["old"]["reach"], gap=1, seconds=60, when=when, to=["new1", "new2"], away=["db1"], leader="new2", **more))
        self.start()

    def run(self):
        connection, _ = self.socket.accept()
        self.told = connection.recv(65536).decode()
        connection.close()

    def ended(self):
        said = self.program.stdout.read()
        self.program.wait()
        return said


for side in PORTS:
    ask(side, "CREATE ROLE app_owner; CREATE ROLE client LOGIN", "postgres")
ask("old", "CREATE ROLE later LOGIN PASSWORD 'one'; ALTER ROLE later SET work_mem TO '7MB'; GRANT app_owner TO client", "postgres")
ask("old", "CREATE DATABASE app OWNER app_owner CONNECTION LIMIT 40", "postgres")
ask("old", "ALTER DATABASE app SET lock_timeout TO '9s'", "postgres")
ask("old", (pathlib.Path(__file__).parent / "major_upgrade.sql").read_text())
ask("new", "CREATE DATABASE app", "postgres")

# What is refused, by the facts of the real servers.
facts = {side: run("facts", reach=GIVEN[side]["reach"]) for side in PORTS}


def decided(**more):
    given = dict({"old": facts["old"], "new": facts["new"], "room": {"new1": "999999999999"}, "databases": [], "identity_full": False, "same_version": False, "leave": []}, **more)
    done = subprocess.run(["/usr/bin/python3", "-m", "quiver_upgrade.decide"], input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


both = [line.split(";")[0] for line in decided()["refused"]]
expect("the same version, and a table without a key", ["The new cluster is PostgreSQL 15, the old one 15",
       "Database app: tables without a primary key, whose rows cannot be told apart: public.keyless"], both)
allowed = dict(same_version=True, identity_full=True)
expect("both are allowed by name", [], decided(**allowed)["refused"])
expect("the extension's tables are copied, and so is said of the view", [True, True], [
    any("materialised views, refreshed before the switch: public.totals" in line for line in decided(**allowed)["lines"]),
    {"quiver.history_table", "quiver.feature_view"} <= {table["name"] for table in facts["old"]["databases"]["app"]["tables"]}])
ask("old", "SELECT lo_create(0); CREATE UNLOGGED TABLE fast (id int PRIMARY KEY); CREATE TABLE xmls (x xml)")
ask("new", "CREATE TABLE mine (id int)")
facts = {side: run("facts", reach=GIVEN[side]["reach"]) for side in PORTS}
expect("large objects, unlogged tables, rows without equality, a database with tables", 4, len(decided(**allowed)["refused"]))
expect("each is named", [True] * 4, [any(word in line for line in decided(**allowed)["refused"]) for word in (
    "1 large objects", "public.fast", "no equality for x xml", "the new cluster has one with tables of its own")])
for key, value, reason in (("wal_level", "replica", "wal_level of the old cluster is replica"), ("slots", 1, "1 free of max_replication_slots, and 3 are needed"),
                           ("senders", 0, "0 free of max_wal_senders"), ("workers", 1, "max_logical_replication_workers of the old cluster is 1"),
                           ("prepared", ["p"], "Prepared transactions are open: p"), ("version", 170000, "is PostgreSQL 15, the old one 17"),
                           ("tablespaces", ["fast"], "lacks the tablespace fast"), ("postgres", ["public.t"], "The database postgres is not moved")):
    expect("refused: " + reason, True, any(reason in line for line in decided(old=dict(facts["old"], **{key: value}), **allowed)["refused"]))
expect("no leader", ["The new cluster has no leader, or it does not answer"], decided(new=None)["refused"])
expect("no room", True, any("new1 has 1 MB free" in line for line in decided(room={"new1": "1048576"}, **allowed)["refused"]))
expect("an extension that is not there, another quiver", [True, True], [any(word in line for line in decided(new=dict(
    facts["new"], extensions={"plpgsql": "1.0", "quiver": "9"}), **allowed)["refused"]) or word for word in ("lack the extension pg_trgm", "and 9 on the new hosts")])
ask("old", "SELECT lo_unlink(oid) FROM pg_largeobject_metadata; DROP TABLE fast, xmls")
refuses("the program itself takes no database's tables away", "the new cluster has one with tables of its own", "prepare")
ask("new", "DROP TABLE mine")
works("before anything is prepared, forgetting changes nothing more than that", "forget")
refuses("nothing to switch to", "Nothing is prepared", "switch")

writer = Writer()
writer.start()
# Killed at its first copy, and run again.
killed = start("prepare")
for line in killed.stderr:
    if "tables are copied" in line:
        killed.send_signal(signal.SIGKILL)
        break
killed.wait()
prepared = works("prepare goes on where it was killed", "prepare")
again = works("and again", "prepare")
expect("which does nothing but look", True, again.get("seconds", 99) < 4 or again)
expect("nobody gets in on the new cluster yet", 0, ask("new", "SELECT datconnlimit FROM pg_database WHERE datname = 'app'", "postgres"))
expect("roles went along, with their verifiers and settings", ask("old", "SELECT rolpassword FROM pg_authid WHERE rolname = 'later'"),
       ask("new", "SELECT rolpassword FROM pg_authid WHERE rolname = 'later'"))
expect("and who is whose member", True, ask("new", "SELECT pg_has_role('client', 'app_owner', 'MEMBER') AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'later' AND 'work_mem=7MB' = ANY (rolconfig))"))
expect("and the database's owner, settings", "app_owner {lock_timeout=9s}", ask("new", """SELECT pg_get_userbyid(datdba) || ' ' || setconfig::text FROM pg_database AS d
    JOIN pg_db_role_setting AS s ON s.setdatabase = d.oid AND s.setrole = 0 WHERE datname = 'app'"""))
expect("indexes of vectors are there, and valid", True, ask("new", "SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_v'::regclass"))
expect("histories did not record the copy", ask("old", "SELECT count(*) FROM quiver_history.account_1 WHERE op = 'I'"), ask("new", "SELECT count(*) FROM quiver_history.account_1 WHERE op = 'I'"))
expect("an extension's own table has the rows once", ask("old", "SELECT count(*) FROM quiver.feature_view"), ask("new", "SELECT count(*) FROM quiver.feature_view"))

# DDL in between is seen, and named; the same on both is accepted.
ask("old", "ALTER TABLE account ADD COLUMN note text; CREATE TABLE late (id int PRIMARY KEY); INSERT INTO late VALUES (1)")
refuses("the schema changed", "table public.account, table public.late. Do the same on the other cluster", "switch")
refuses("run again, it says the same", "Do the same on the new cluster", "prepare")
ask("new", "ALTER TABLE account ADD COLUMN note text; CREATE TABLE late (id int PRIMARY KEY)")
works("the same was done on both: accepted", "prepare")
expect("the new table is followed", 1, ask("new", "SELECT count(*) FROM late"))

# A failure in the middle takes itself back; so does a kill, with undo.
count = len(writer.acknowledged)
refuses("a failure at the last moment", "As asked, for a test", "switch", fail="record")
time.sleep(0.5)
expect("the old one takes writes again", [True, 0, 40], [len(writer.acknowledged) > count, ask("new", "SELECT datconnlimit FROM pg_database WHERE datname = 'app'", "postgres"),
       ask("old", "SELECT datconnlimit FROM pg_database WHERE datname = 'app'", "postgres")])
# Somebody's rows on the new one, before it leads: found.
ask("new", "INSERT INTO total VALUES (99, 1)")
refuses("rows that differ are found", "Rows differ: public.total in app", "switch")
ask("new", "DELETE FROM total WHERE id = 99")
# A lock on the new one: the last row does not arrive.
held = psycopg2.connect(host=HOST, port=PORTS["new"], user="postgres", dbname="app")
held.cursor().execute("LOCK TABLE quiver_upgrade.mark IN SHARE MODE")
refuses("a new cluster that is behind", "more than 1 s behind", "switch", lag_seconds=1)
held.close()


def rows(side):
    return {table: ask(side, "SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM %s AS t" % table) for table in (
        "item", "total", "account", "keyless", "late", "part", "quiver.history_table", "quiver.history_column", "quiver_history.account_1", "quiver_history.transactions",
        "quiver.feature_entity", "quiver.feature_view", "quiver.feature_view_version", "quiver.feature_column", "quiver.feature_serving_log")}


def compared(what):
    """Both have the same rows, in clients' tables and in quiver's."""
    writer.rests.set()
    writer.idle.wait(10)
    end = time.monotonic() + 10
    while rows("old") != rows("new") and time.monotonic() < end:
        time.sleep(0.3)
    expect(what, rows("old"), rows("new"))
    writer.rests.clear()


def switched(to, command, what):
    writer.gap = 0.0
    count = len(writer.acknowledged)
    said = works(what, command)
    end = time.monotonic() + 10
    while time.monotonic() < end and (len(writer.acknowledged) < count + 60 or writer.gap == 0.0):
        time.sleep(0.1)
    print("# %s: nobody could write for %.2f s by the program (%s), %.2f s by the writer" % (what, said.get("gap", 0), " ".join(
        "%s %s" % (key, said.get(key)) for key in ("closed", "followed", "compared")), writer.gap))
    expect("it leads: " + to, to, said.get("leading"))
    expect("each table was compared, the busy ones in the moment itself", [], said.get("unchecked"))
    expect("the writer waits no longer than 5 s", True, writer.gap < 5 or writer.gap)
    return said


last = ask("old", "SELECT last_value FROM account_id_seq")
balancer = Balancer("new")
switched("new", "switch", "switch")
expect("the balancer led clients there", True, "led to the new cluster at" in balancer.ended())
expect("to its leader, and to read from another", ["set server write_direct/db1 state maint", "set server write_direct/new1 state ready", "set server write_direct/new1 health down",
       "set server write_direct/new2 state ready", "set server read_direct/db1 state maint", "set server read_direct/new1 state ready", "set server read_direct/new2 state ready",
       "set server read_direct/new2 health down", "shutdown sessions server write_direct/db1", "shutdown sessions server read_direct/db1",
       "shutdown sessions server write/db1"], balancer.told.strip().split("; "))
expect("only it takes clients", [0, 40], [ask(side, "SELECT datconnlimit FROM pg_database WHERE datname = 'app'", "postgres") for side in PORTS])
expect("a sequence goes on behind where it was", True, ask("new", "INSERT INTO account (name) VALUES ('after') RETURNING id") > last + 9)
expect("one that was set and never used goes on there", 500, ask("new", "SELECT nextval('untouched')"))
expect("a history records on", 1, ask("new", "SELECT count(*) FROM quiver_history.account_1 WHERE op = 'I' AND after::text LIKE '%after%'"))
expect("nearest neighbours by the index", [True, True], [
    "item_v" in ask("new", "SET enable_seqscan = off; EXPLAIN (FORMAT json) SELECT n FROM item ORDER BY v <-> '[3,1,2]' LIMIT 3")[0]["Plan"]["Plans"][0]["Index Name"],
    ask("new", "SELECT min(v <-> '[3,1,2]') = 0 FROM item")])
expect("a feature view answers", True, ask("new", "SELECT count(*) > 0 FROM quiver.feature_view"))
compared("the old one has what was written on the new one")
works("the switch again finds it done", "switch")
refuses("preparing is over", "The new cluster leads already", "prepare")
refuses("forgetting too", "The new cluster leads", "forget")
ask("new", "CREATE TABLE of_new (id int PRIMARY KEY)")
refuses("a table of the new one would be lost on the way back", "table public.of_new", "back")
ask("new", "DROP TABLE of_new")

switched("old", "back", "back")
compared("the new one follows again")
works("back again finds it done", "back")
works("what was prepared is forgotten", "forget")
expect("the old one is as it was", [0, 0, 0, None, None, "d", 40], [
    ask("old", "SELECT count(*) FROM pg_replication_slots"), ask("old", "SELECT count(*) FROM pg_publication"), ask("old", "SELECT count(*) FROM pg_subscription"),
    ask("old", "SELECT to_regnamespace('quiver_upgrade')"), ask("old", "SELECT to_regnamespace('quiver_upgrade')", "postgres"),
    ask("old", "SELECT relreplident FROM pg_class WHERE oid = 'keyless'::regclass"), ask("old", "SELECT datconnlimit FROM pg_database WHERE datname = 'app'", "postgres")])
expect("and the new one empty", 0, ask("new", "SELECT count(*) FROM pg_database WHERE datname = 'app'", "postgres"))
works("forgotten again", "forget")
works("prepared anew", "prepare")

# Killed in the moment itself: who waits beside the old leader lets clients in again, when it was not heard of in time; and undo does.
balancer = Balancer("new")
killed = start("switch", gap_seconds=60)
end = time.monotonic() + 30
while ask("old", "SELECT datconnlimit FROM pg_database WHERE datname = 'app'", "postgres") != 0 and time.monotonic() < end:
    time.sleep(0.002)
killed.send_signal(signal.SIGKILL)
killed.wait()
count, end = len(writer.acknowledged), time.monotonic() + 10
while len(writer.acknowledged) < count + 20 and time.monotonic() < end:
    time.sleep(0.05)
expect("clients got in again", True, len(writer.acknowledged) >= count + 20)
said = works("undo on the old cluster alone", "undo", new=None)
leads = ask("old", "SELECT leads FROM quiver_upgrade.state", "postgres")
expect("one of both takes clients, by the record", True, "the %s cluster leads" % leads in said.get("said", "") or said)
switched("new", "switch", "switch once more")
told = balancer.ended()
print("# killed when the old one was closed: " + told.splitlines()[0])
expect("it was taken back, and then the balancer led clients", True, leads == "new" or "not heard of in time" in told and "led to the new cluster" in told or told)
works("finish", "finish")
works("finish again", "finish")
writer.ended = True
writer.join()
expect("no acknowledged row is lost", 0, ask("new", "SELECT count(*) FROM unnest(%s) AS a (n) WHERE NOT EXISTS (SELECT FROM item WHERE item.n = a.n)", values=(writer.acknowledged,)))
print("# %d rows acknowledged, none of them lost" % len(writer.acknowledged))
expect("nothing of it is left on the new one", [0, 0, 0, None, "d"], [
    ask("new", "SELECT count(*) FROM pg_replication_slots"), ask("new", "SELECT count(*) FROM pg_publication"), ask("new", "SELECT count(*) FROM pg_subscription"),
    ask("new", "SELECT to_regnamespace('quiver_upgrade')"), ask("new", "SELECT relreplident FROM pg_class WHERE oid = 'keyless'::regclass")])
expect("the old one stays closed, without a slot", [0, 0], [ask("old", "SELECT datconnlimit FROM pg_database WHERE datname = 'app'", "postgres"), ask("old", "SELECT count(*) FROM pg_replication_slots")])
sys.stdout.flush()
expected.end()
