"""A migration that is applied while others work: nobody waits longer than lock_timeout, what is cut off is tidied up, two runs do not meet."""
import os
import subprocess
import threading
import time

import psycopg2
from expected import end, expect
from migrations_lib import Clients, Ended, Holder, ask, folder, fresh, run, start, until

LIMIT = 0.3
OPTIONS = ("--expand", "--lock-timeout", "300ms", "--pause", "200ms", "--longest-pause", "300ms", "--tries", "40")
BASE = """CREATE TABLE t (id bigint PRIMARY KEY, a text); INSERT INTO t SELECT i, 'a' FROM generate_series(1, 20000) AS i; CREATE TABLE other (id bigint); CREATE TABLE calm (id bigint);
    CREATE TABLE p (id bigint) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
    CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3)"""
# One whose snapshot an index that is built concurrently has to outlast.
OLD = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t"
figures = []


def bar(limit, noise):
    """What the machine makes a statement wait that waits for nobody comes on top; with more than two runnable processes a core, time is not ours to judge, and
    the bar is doubled, as in tests/ops/lib.sh."""
    return limit * (2 if os.getloadavg()[0] > 2 * os.cpu_count() else 1) + noise + 0.02


def waits(what, root, statement, *held, options=OPTIONS, limit=LIMIT):
    """Applies it while short statements run; they wait no longer than the limit. held: what readers read who end after the third try."""
    with Clients("SELECT count(*) FROM calm") as calm, Clients(statement) as clients:
        holders = [Holder(one) for one in held]
        began = time.monotonic()
        ended = Ended(start("apply", root, *options), "again in", 3, lambda: [holder.end() for holder in holders])
        took = time.monotonic() - began
    figures.append("%s: the longest of %d statements took %.3f s (lock_timeout %.3f s; beside it, with nothing to wait for, %.3f s; load %.1f), %.1f s for all" % (
        what, clients.count, clients.longest, limit, calm.longest, os.getloadavg()[0], took))
    expect("%s: nobody waits longer than lock_timeout" % what, True, clients.longest <= bar(limit, calm.longest) or figures[-1])
    return ended, clients


def lock_queue():
    fresh(BASE)
    root = folder(n001_more={"up": "ALTER TABLE t ADD COLUMN b text"})
    ended, _ = waits("behind a long reader", root, "SELECT a FROM t WHERE id = 7", "SELECT count(*) FROM t")
    expect("it is applied in the end", (0, True), (ended.status, ask("SELECT count(*) = 3 FROM information_schema.columns WHERE table_name = 't'")) if ended else 0)
    expect("after more tries, and the journal says so", (True, True), (ended.json["tries"] >= 3, ask("SELECT tries > 3 FROM quiver_migrations.journal")))

    # What this is good for: the same without a limit.
    with Clients("SELECT a FROM t WHERE id = 7") as clients:
        holder = Holder("SELECT count(*) FROM t")
        alter = threading.Thread(target=ask, args=("ALTER TABLE t ADD COLUMN c text",))
        alter.start()
        until("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")
        time.sleep(1.5)
        holder.end()
        alter.join()
    figures.append("behind a long reader, ALTER TABLE by itself: %.3f s" % clients.longest)
    expect("without a limit they wait as long as the reader reads", True, clients.longest > 2 * LIMIT)

    # A lock that was granted while the next is waited for, and one after the other of a table's partitions.
    root = folder(n001_two={"up": "ALTER TABLE t ADD COLUMN d text; ALTER TABLE other ADD COLUMN d text"})
    fresh(BASE)
    ended, _ = waits("with the first of two locks", root, "SELECT a FROM t WHERE id = 7", "SELECT count(*) FROM other")
    expect("both are changed", 0, ended.status)
    fresh(BASE)
    root = folder(n001_parts={"up": "ALTER TABLE p ADD COLUMN d text"})
    ended, _ = waits("with one partition after the other", root, "SELECT count(*) FROM p1", "SELECT * FROM p2", "SELECT * FROM p3")
    expect("all partitions are changed", 0, ended.status)

    # Work under a lock that nobody refused.
    fresh(BASE)
    root = folder(n001_slow={"up": "ALTER TABLE t ADD COLUMN d text; SELECT pg_sleep(5)"})
    few = OPTIONS[:-1] + ("2",)
    ended, _ = waits("under a lock that is held too long", root, "SELECT a FROM t WHERE id = 7", options=few)
    expect("it gives up after its tries", (2, True), (ended.status, "given up after 2 tries: others waited" in ended.said))
    expect("and has left nothing", (0, 0), (ask("SELECT count(*) FROM information_schema.columns WHERE column_name = 'd'"), ask("SELECT count(*) FROM quiver_migrations.journal")))


def concurrently():
    fresh(BASE)
    root = folder(n001_index={"up": "-- without transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a);\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_once ON t (a)"})
    with Clients("UPDATE t SET a = 'b' WHERE id = 7") as clients:
        holder, building = Holder(OLD), start("apply", root, *OPTIONS)
        until("SELECT count(*) > 0 FROM pg_stat_progress_create_index")
        time.sleep(1)
        holder.end()
        ended = Ended(building)
    figures.append("CREATE INDEX CONCURRENTLY behind a long reader: the longest of %d writes took %.3f s" % (clients.count, clients.longest))
    expect("an index that cannot be unique fails", (2, True), (ended.status, "could not create unique index" in ended.said))
    expect("its invalid rest is dropped", ["t_a", "t_pkey"], ask("SELECT array_agg(indexrelid::regclass::text ORDER BY indexrelid::regclass::text) FROM pg_index WHERE indrelid = 't'::regclass"))
    expect("the first statement is not done again", ("running", 1), (ask("SELECT state FROM quiver_migrations.journal"), ask("SELECT statements FROM quiver_migrations.journal")))
    ask("UPDATE t SET a = id")
    ended = run("apply", root, *OPTIONS)
    expect("it goes on where it failed", (0, True, 2), (ended.status, "goes on after 1 of 2" in ended.said, ask("SELECT statements FROM quiver_migrations.journal WHERE state = 'done'")))

    # A run that is killed while it builds leaves its session at work, and an invalid index.
    fresh(BASE)
    holder = Holder(OLD)
    root = folder(n001_index={"up": "-- without transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)"})
    killed = start("apply", root, *OPTIONS)
    until("SELECT count(*) > 0 FROM pg_index WHERE NOT indisvalid")
    killed.kill()
    killed.wait()
    expect("it was killed in the middle", 1, ask("SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
    holder.end()
    ended = run("apply", root, *OPTIONS)
    expect("the next run ends it, drops its rest and builds the index", (0, True), (ended.status, ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass")))

    # An invalid one that somebody else left, which IF NOT EXISTS takes for an index.
    fresh(BASE)
    connection = psycopg2.connect("dbname=app")
    connection.autocommit = True
    try:
        connection.cursor().execute("CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)")
    except psycopg2.Error:
        pass
    connection.close()
    ended = run("apply", root, *OPTIONS)
    expect("an invalid index of the same name is not taken for done", (0, True), (ended.status, ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass")))


def refusals():
    fresh(BASE)
    slow = {"up": "SELECT pg_sleep(seconds) FROM pace; CREATE TABLE made (id bigint)"}
    ask("CREATE TABLE pace AS SELECT 600 AS seconds")
    root = folder(n001_slow=slow)
    first = start("apply", root, "--expand")
    sleeps = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'quiver_migrations worker' AND query LIKE 'SELECT pg_sleep%'"
    until(sleeps)
    second = run("apply", root, "--expand")
    expect("two runs do not go at once", (2, True), (second.status, "another run is at work" in second.said))
    # A run that has lost its lock, and does not know it yet, is ended by the next.
    ask("UPDATE pace SET seconds = 0")
    ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quiver_migrations keeper'")
    second = run("apply", root, "--expand")
    try:
        expect("one without its lock ends, and has done nothing", (0, 2, ["001_slow/up.sql"]), (second.status, first.wait(30), [one["file"] for one in second.json["done"]]))
    except subprocess.TimeoutExpired:
        expect("one without its lock ends", True, False)
        first.kill()
    (root / "001_slow" / "up.sql").write_text("SELECT 2")
    expect("a file that was applied and changed is refused", (2, True), (lambda one: (one.status, "is not what was applied" in one.said))(run("apply", root, "--expand")))
    root = folder(n002_new={"up": "SELECT 1"}, n001_slow=slow)
    expect("the next one is applied alone", ["002_new/up.sql"], [one["file"] for one in run("apply", root, "--expand").json["done"]])
    expect("again there is nothing to do", [], run("apply", root, "--expand").json["done"])
    root = folder(n002_new={"up": "SELECT 1"}, n001_slow=slow, n0015_late={"up": "SELECT 1"}, n003_x={"up": "SELECT 1"})
    expect("numbers are numbers, not letters", {"expand": ["003_x", "0015_late"], "backfill": [], "contract": []}, run("apply", root, "--dry-run").json)
    root = folder(n003_x={"up": "SELECT 1"}, n001_slow=slow, n002_new={"up": "SELECT 1"})
    run("apply", root, "--expand")
    ask("CREATE ROLE weak LOGIN", "dbname=postgres")
    expect("who does not see others' sessions is told so", True, "GRANT pg_monitor" in run("apply", root, "--expand", dsn="dbname=app user=weak").said)
    ask("DROP ROLE weak", "dbname=postgres")


lock_queue()
concurrently()
refusals()
print("\n".join("# " + line for line in figures))
end()
