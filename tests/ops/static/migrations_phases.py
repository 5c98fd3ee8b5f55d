"""Expand, backfill in batches, contract: each by its own word, resumed after a kill, taken back; and drift of the schema."""
import pathlib
import re

from expected import end, expect
from migrations_lib import add, ask, folder, fresh, run, start, until

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL DEFAULT 0, old text)"
FILL = "INSERT INTO t SELECT i, 0, 'Old ' || i FROM generate_series(1, 20000) AS i"
SPLIT = {
    "up": "ALTER TABLE t ADD COLUMN new text",
    # It adds, so that a row that is changed twice, or not at all, is seen.
    "backfill": "-- over t by id\nUPDATE t SET new = lower(old), n = n + 1 WHERE id BETWEEN :from AND :to",
    "contract": "ALTER TABLE t DROP COLUMN old",
    "down": "ALTER TABLE t DROP COLUMN new",
    "verify": "SELECT NOT EXISTS (SELECT FROM t WHERE new IS DISTINCT FROM lower(old))"}


def refused(ended, why):
    expect("refused: %s" % why, (2, True), (ended.status, why in ended.said))


def phases():
    fresh()
    root = folder(n001_table={"up": TABLE})
    expect("a first migration on an empty database", 0, run("apply", root, "--expand").status)
    ask(FILL)
    add(root, n002_split=SPLIT)
    refused(run("apply", root, "--contract", "002_split"), "002_split is not expanded yet")
    expect("--dry-run says what is due", {"expand": ["002_split"], "backfill": ["002_split"], "contract": ["002_split"]}, run("apply", root, "--dry-run").json)
    expect("without a phase nothing is done", [], run("apply", root).json["done"])
    expect("expand", ["002_split/up.sql"], [one["file"] for one in run("apply", root, "--expand").json["done"]])
    refused(run("apply", root, "--contract", "002_split"), "has rows that were not filled yet")

    # Killed in the middle, twice; another run goes on behind the last batch.
    for _ in range(2):
        before = ask("SELECT count(*) FROM t WHERE n > 0")
        killed = start("apply", root, "--backfill", "--batch", "200", "--rest", "20ms")
        until("SELECT count(*) >= %d FROM t WHERE n > 0" % (before + 1000))
        killed.kill()
        killed.wait()
    part = ask("SELECT count(*) FROM t WHERE n > 0")
    expect("it was killed in the middle", True, 2000 <= part < 20000)
    expect("rows and journal say the same", True, ask("SELECT position::bigint = (SELECT max(id) FROM t WHERE n > 0) FROM quiver_migrations.journal WHERE phase = 'backfill'"))
    ended = run("apply", root, "--backfill", "--batch", "1000")
    expect("it goes on", (0, True), (ended.status, "goes on behind" in ended.said))
    expect("the last run changed the rest alone", 20000 - ask("SELECT count(*) FROM t WHERE n = 0") - part, ended.json["done"][0]["rows"])
    expect("each row was changed once", (1, 1, 20000), (ask("SELECT min(n) FROM t"), ask("SELECT max(n) FROM t"), ask("SELECT changed FROM quiver_migrations.journal WHERE phase = 'backfill'")))
    print("# backfill: 20000 rows, killed twice, the second time at %d; then %d rows in %d batches, the longest %.3f s" % (
        part, ended.json["done"][0]["rows"], ended.json["done"][0]["batches"], ended.json["done"][0]["longest"]))

    ask("UPDATE t SET new = 'x' WHERE id = 5")
    refused(run("apply", root, "--contract", "002_split"), "002_split/verify.sql:1 gives False")
    ask("UPDATE t SET new = lower(old) WHERE id = 5")
    expect("contract, by its name", 0, run("apply", root, "--contract", "002_split").status)
    expect("the old column is gone", 0, ask("SELECT count(*) FROM information_schema.columns WHERE column_name = 'old'"))
    expect("a second time there is nothing to do", [], run("apply", root, "--contract", "002_split").json["done"])
    refused(run("back", root, "002_split"), "does not come back")
    add(root, n003_more={"up": "CREATE TABLE more (id bigint)", "down": "DROP TABLE more"})
    run("apply", root, "--expand")
    refused(run("back", root, "002_split"), "the newest migration is 003_more")
    expect("--dry-run leaves it", (["003_more"], 1), (run("back", root, "003_more", "--dry-run").json["back"], ask("SELECT count(*) FROM pg_class WHERE relname = 'more'")))
    expect("the newest is taken back", (0, 0), (run("back", root, "003_more").status, ask("SELECT count(*) FROM pg_class WHERE relname = 'more'")))
    expect("the journal keeps that", 1, ask("SELECT count(*) FROM quiver_migrations.journal WHERE taken_back IS NOT NULL AND taken_back_by IS NOT NULL"))
    expect("and it is due again", ["003_more/up.sql"], [one["file"] for one in run("apply", root, "--expand").json["done"]])
    return root


def drift(root):
    same = run("drift", root)
    expect("no drift, after a contract and a way back", (0, True), (same.status, "no difference" in same.out))
    print("# " + same.out.strip().split("\n")[-1])
    ask("CREATE INDEX by_hand ON t (n)")
    ask("ALTER TABLE t ALTER COLUMN new SET DEFAULT 'x'")
    other = run("drift", root)
    expect("what was done by hand is named", (1, True, True), (other.status, "INDEX public.by_hand: only on the live database" in other.out, "+    new text DEFAULT 'x'::text" in other.out))
    hashes = dict(re.findall(r"^(files|live) +(\w+)$", other.out, re.M))
    expect("the hashes differ, and that of the files is as before", True, hashes["files"] != hashes["live"] and hashes["files"] in same.out)
    expect("what is to be ignored is", 0, run("drift", root, "--ignore", "^INDEX public.by_hand$", "--ignore", "^(TABLE|DEFAULT) public.t").status)
    expect("no database is left behind", 0, ask("SELECT count(*) FROM pg_database WHERE datname LIKE 'quiver_migrations%'"))
    rights()
    # A database that was there before its migrations.
    fresh(TABLE)
    root = folder(n001_table={"up": TABLE})
    expect("what is there already is adopted and not run", (0, []), (lambda one: (one.status, one.json["done"]))(run("apply", root, "--adopt", "001_table")))
    expect("and proven by drift", 0, run("drift", root).status)


def rights():
    """What is made belongs to the role, who owns the database; owners and rights are compared on demand."""
    ask("CREATE ROLE app_owner; CREATE ROLE reader", "dbname=postgres")
    fresh()
    ask("ALTER DATABASE app OWNER TO app_owner")
    root = folder(n001_table={"up": TABLE, "down": "DROP TABLE t"}, n002_index={"up": "-- without transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n)"})
    expect("the gate's copy belongs to the same role", 0, run("gate", root, "--role", "app_owner").status)
    run("apply", root, "--expand", "--role", "app_owner")
    expect("so does what is made", ["app_owner", "app_owner"], ask("SELECT array_agg(pg_get_userbyid(relowner)::text) FROM pg_class WHERE relname IN ('t', 't_n')"))
    expect("and to the files", 0, run("drift", root, "--privileges", "--role", "app_owner").status)
    ask("GRANT SELECT ON t TO reader")
    expect("a right that was granted by hand is drift", (0, 1), (run("drift", root).status, run("drift", root, "--privileges", "--role", "app_owner").status))


def forms():
    for why, files in {
            "is one statement that changes the rows": {"up": "SELECT 1", "backfill": "-- over t by id\nUPDATE t SET n = 1"},
            "says in a comment which rows": {"up": "SELECT 1", "backfill": "UPDATE t SET n = 1 WHERE id BETWEEN :from AND :to"},
            "has no up.sql": {"down": "SELECT 1"},
            "what is upp.sql?": {"up": "SELECT 1", "upp": "SELECT 1"},
            "has no statement": {"up": "-- nothing"},
            "is for psql": {"up": "\\connect other"},
            "a quote has no end": {"up": "SELECT 'a"}}.items():
        refused(run("apply", folder(n001_bad=files), "--expand"), why)
    # One statement stays one, whatever semicolons are in it.
    fresh()
    tricky = """CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; -- one; not two
        CREATE FUNCTION g() RETURNS text LANGUAGE plpgsql AS $a$ BEGIN RETURN $$;$$; END $a$; /* ; /* nested; */ ; */
        SELECT ';', E'\\';', ";" FROM (SELECT 1 AS ";") AS x; CREATE TABLE "semi;colon" (a int, b text DEFAULT ';');
        CREATE RULE r AS ON DELETE TO "semi;colon" DO ALSO (SELECT 1; SELECT 2)"""
    expect("it runs", 0, run("apply", folder(n001_tricky={"up": tricky}), "--expand").status)
    expect("as five statements", 5, ask("SELECT statements FROM quiver_migrations.journal"))
    expect("which say what they say", (2, ";"), (ask("SELECT f()"), ask("SELECT g()")))


drift(phases())
forms()
end()
