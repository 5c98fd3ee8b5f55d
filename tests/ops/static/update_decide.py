#!/usr/bin/python3
"""What an update would do, in which order, and what it refuses to begin with: clusters whose answer is known."""
import copy
import importlib.util
import pathlib
import sys

sys.dont_write_bytecode = True
path = pathlib.Path(__file__).resolve().parents[3] / "ops/roles/update/files/decide.py"
spec = importlib.util.spec_from_file_location("decide", path)
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
wrong = 0


def host(steps, services, database=False, etcd=False, backup=False, **plan):
    steps = {name: {"from": a, "to": b, "service": service} for name, a, b, service in steps}
    return {"database": database, "etcd": etcd, "backup": backup,
            "plan": dict({"steps": steps, "services": services, "torn": {}, "stale": [], "held": [], "refused": [], "removes": [], "error": "",
                          "record": None, "installed": {name: step["from"] for name, step in steps.items()}}, **plan)}


def member(name, role, state="running", lag=0, **more):
    return dict({"name": name, "role": role, "state": state, "lag": lag}, **more)


database = dict(steps=[("patroni", "1-1", "1-2", "patroni"), ("haproxy", "2-1", "2-2", "haproxy")], services=["patroni", "etcd", "pgbouncer", "haproxy"],
                database=True, etcd=True)
well = {
    "back": False, "waits": True, "lag": "16777216", "age": "26", "without_backup": False, "now": "1000000",
    "hosts": {
        "backup1": host([("pgbackrest", "3-1", "3-2", "pgbackrest")], ["pgbackrest", "prometheus-node-exporter"], backup=True),
        "db1": host(**database), "db2": host(**database), "db3": host(**database),
        "monitor1": host([], ["prometheus-node-exporter"], stale=["prometheus-node-exporter"]),
        "witness": host([("etcd-server", "4-1", "4-2", "etcd")], ["etcd"], etcd=True)},
    "cluster": {"members": [member("db1", "leader"), member("db2", "sync_standby"), member("db3", "replica")]},
    "archiver": {"fails": False, "wal": None, "since": None},
    "backups": [{"backup": [{"timestamp": {"stop": 900000}}, {"timestamp": {"stop": 990000}}], "status": {"lock": {"backup": {"held": False}}}}],
    "extension": [{"database": "app", "is": "0.1.0", "to": "0.1.1", "moves": True, "leads": True},
                  {"database": "old", "is": "0.1.1", "to": "0.1.1", "moves": False, "leads": True}]}


def decided(change=lambda given: None):
    given = copy.deepcopy(well)
    change(given)
    return program.decide(given)


def equal(what, expected, actual):
    global wrong
    if expected != actual:
        wrong += 1
        print("%s:\n  expected: %s\n  actual:   %s" % (what, expected, actual))


def refused(reason, change):
    said = decided(change)["refused"]
    equal("refused: " + reason, True, any(reason in line for line in said) or said)
    equal("and for nothing else: " + reason, 1, len(said))


def set_at(*path):
    def change(given):
        *way, last, value = path
        for step in way:
            given = given[step]
        given[last] = value
    return change


members = lambda *all_of_them: set_at("cluster", "members", list(all_of_them))
plan_of = lambda name, key, value: set_at("hosts", name, "plan", key, value)

one = decided()
equal("nothing is against it", [], one["refused"])
equal("who only votes, standbys that nobody waits for, one that commits wait for, the backup host, the leader, the others",
      ["witness", "db3", "db2", "backup1", "db1", "monitor1"], one["order"])
equal("what it says", [
    "witness: etcd-server 4-1 to 4-2", "witness: then restarts etcd",
    "db3: patroni 1-1 to 1-2", "db3: haproxy 2-1 to 2-2", "db3: then restarts patroni and reloads haproxy",
    "db2: patroni 1-1 to 1-2", "db2: haproxy 2-1 to 2-2", "db2: then restarts patroni and reloads haproxy",
    "backup1: pgbackrest 3-1 to 3-2", "backup1: then restarts pgbackrest",
    "db1 leads: its leadership goes to a standby first, which is done by then",
    "db1: patroni 1-1 to 1-2", "db1: haproxy 2-1 to 2-2", "db1: then restarts patroni and reloads haproxy",
    "monitor1: then restarts prometheus-node-exporter", "database app: quiver 0.1.0 to 0.1.1"], one["lines"])
equal("another leads", ["witness", "db1", "db3", "backup1", "db2", "monitor1"],
      decided(members(member("db1", "replica"), member("db2", "leader"), member("db3", "sync_standby")))["order"])


def only_haproxy(given):
    for name in ("db1", "db2", "db3"):
        given["hosts"][name]["plan"]["steps"].pop("patroni")


equal("a reload needs no other leader", [], [line for line in decided(only_haproxy)["lines"] if "leads" in line])


def up_to_date(given):
    for each in given["hosts"].values():
        each["plan"].update(steps={}, stale=[])
    given["extension"] = []
    # What would stop an update stops no run that has nothing to do.
    given["cluster"]["pause"], given["backups"] = True, []


nothing = decided(up_to_date)
equal("nothing to do", ([], [], ["Nothing: every package is the newest, and every service runs what is installed"]),
      (nothing["order"], nothing["refused"], nothing["lines"]))
torn = decided(lambda given: (up_to_date(given), given["cluster"].pop("pause"), set_at("backups", well["backups"])(given), plan_of("db2", "torn", {"patroni": "patroni"})(given)))
equal("an installation that was cut off is finished", (["db2"], ["patroni"], True), (torn["order"], torn["hosts"]["db2"]["services"], torn["hosts"]["db2"]["cut"]))
equal("what is held back is said", "held back by an administrator, and left alone: libpq5", decided(plan_of("db1", "held", ["libpq5"]))["lines"][-1])

refused("Patroni is paused", set_at("cluster", "pause", True))
refused("Nobody leads", members(member("db1", "replica"), member("db2", "sync_standby"), member("db3", "replica")))
refused("db3 does not run", members(member("db1", "leader"), member("db2", "sync_standby"), member("db3", "replica", "start failed")))
refused("db3 does not run", members(member("db1", "leader"), member("db2", "sync_standby")))
refused("db3 lags by 16777217", members(member("db1", "leader"), member("db2", "sync_standby"), member("db3", "replica", lag=16777217)))
refused("db3 lags by unknown", members(member("db1", "leader"), member("db2", "sync_standby"), member("db3", "replica", lag="unknown")))
refused("There is no synchronous standby", members(member("db1", "leader"), member("db2", "replica"), member("db3", "replica")))
refused("The newest backup is 27 hours old", set_at("now", 990000 + 27 * 3600))
refused("There is no backup", set_at("backups", []))
refused("WAL is not archived: 0000000200000000000000A1 fails since 10:00:00 UTC",
        set_at("archiver", {"fails": True, "wal": "0000000200000000000000A1", "since": "10:00:00 UTC"}))
refused("A backup is being made", set_at("backups", 0, "status", "lock", "backup", "held", True))
refused("db2: not a minor update: postgresql-15 15.1 to 16.1", plan_of("db2", "refused", ["postgresql-15 15.1 to 16.1"]))
refused("db2: apt would remove patroni", plan_of("db2", "removes", ["patroni"]))
refused("db2: apt says: no", plan_of("db2", "error", "no"))
refused("patroni would be 1-2 on db1 and 1-3 on db2", set_at("hosts", "db2", "plan", "steps", "patroni", "to", "1-3"))


def alone(given):
    for name in ("db2", "db3"):
        del given["hosts"][name]
    given["cluster"]["members"] = [member("db1", "leader")]
    given["waits"] = False


refused("One database host alone", alone)
equal("a standby that is delayed by wish", [], decided(members(
    member("db1", "leader"), member("db2", "sync_standby"), member("db3", "replica", lag=99999999, tags={"nosync": True})))["refused"])
equal("commits that wait for nobody", [], decided(lambda given: (
    set_at("waits", False)(given), members(member("db1", "leader"), member("db2", "replica"), member("db3", "replica"))(given)))["refused"])
equal("without a backup, when that is said", [], decided(lambda given: (set_at("without_backup", True)(given), set_at("backups", [])(given)))["refused"])


def back(given):
    """After a run that stopped at db3, which does not start. The exporter of monitor1 is of a run before."""
    given["back"], given["backups"], given["extension"] = True, [], []
    given["archiver"] = {"fails": True, "wal": "0000000200000000000000A1", "since": "10:00:00 UTC"}
    members(member("db1", "leader"), member("db2", "sync_standby"), member("db3", "replica", "start failed", lag="unknown"))(given)
    for name, each in given["hosts"].items():
        each["plan"]["stale"] = []
        each["plan"]["record"] = {"run": "1" if name == "monitor1" else "2"}
    given["hosts"]["monitor1"]["plan"]["steps"] = {"prometheus-node-exporter": {"from": "2", "to": "1", "service": "prometheus-node-exporter"}}
    for name in ("witness", "backup1", "db1", "db2"):
        given["hosts"][name]["plan"].update(steps={}, record=None)


equal("back: the host that did not come back, and no other", (["db3"], []), (decided(back)["order"], decided(back)["refused"]))
far = decided(lambda given: (back(given), set_at("hosts", well["hosts"])(given), [each["plan"].update(record={"run": "2"}) for each in given["hosts"].values()]))
equal("back, everywhere: who is down first", ["witness", "db3", "db2", "backup1", "db1", "monitor1"], far["order"])
refused("no script of the installed package leads from quiver 0.1.1 to 0.1.0", lambda given: (
    back(given), set_at("extension", [{"database": "app", "is": "0.1.1", "to": "0.1.0", "moves": True, "leads": False}])(given)))
sys.exit(wrong > 0)
