"""Each rule of the gate finds its case and leaves the harmless twin alone: migrations_cases.py on the server that is running here.

usage: migrations_rules.py FOLDER-OF-THE-COMMAND [RULE...]
"""
import pathlib
import sys
import tempfile
import time

import psycopg2

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from quiver_migrations import findings, folder, gate  # noqa: E402

from expected import end, expect  # noqa: E402
from migrations_cases import BASE, CASES, SQUAWK  # noqa: E402

WORK = tempfile.TemporaryDirectory()
# In place: a copy for each of them takes longer than all the rest.
GIVEN = {"dsn": "dbname=base", "in_place": True, "since": None, "sizes": {}, "role": None, "lock_ms": 500, "statement_ms": 60000, "longest": 1,
         "large": 1 << 30, "most_rows": 1000, "batch": 1000, "also": []}


def migrations(files):
    """The files of a case as a folder: further numbers are further migrations."""
    root = pathlib.Path(tempfile.mkdtemp(dir=WORK.name))
    (root / "001_case").mkdir()
    for name, text in files.items():
        if name.isdigit():
            (root / ("%03d_more" % int(name))).mkdir()
            (root / ("%03d_more" % int(name)) / "up.sql").write_text(text)
        elif isinstance(text, str):
            (root / "001_case" / name).write_text(text)
    return folder.read(root)


def found(files, **others):
    files = files if isinstance(files, dict) else {"up.sql": files}
    given = dict(GIVEN, **others)
    reset()
    if files.get("bare"):
        given.update(lock_ms=0, statement_ms=0)
    if files.get("also"):
        given["also"] = ["require-table-schema"]
    return gate.gate(migrations(files), given)


def rules(result, rule):
    """Whether it is found, and not allowed, at more than the weight of what is told by the way."""
    return any(one["rule"] == rule and "allowed" not in one and (one["severity"] != "info" or rule == "no-way-back") for one in result["findings"])


def reset():
    with psycopg2.connect("dbname=base") as base:
        base.cursor().execute("DROP SCHEMA IF EXISTS public, s CASCADE; CREATE SCHEMA public; " + BASE)
    base.close()


def tables(dsn):
    with psycopg2.connect(dsn) as asked, asked.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = 'fresh'")
        count = cursor.fetchone()[0]
    asked.close()
    return count


def main():
    keeper, wanted, began = psycopg2.connect(""), sys.argv[2:], time.monotonic()
    keeper.autocommit = True
    keeper.cursor().execute("CREATE DATABASE base")
    for rule, bad, good in CASES:
        if wanted and rule not in wanted:
            continue
        expect("%s is found in %s" % (rule, bad), True, rules(found(bad), rule))
        twin = found(good)
        expect("%s is not found in %s" % (rule, good), False, rules(twin, rule))
        if rule not in ("invalid-index",):
            expect("it runs: %s" % good, "passed", {one["outcome"].split(":")[0] for one in twin["rehearsed"]}.pop() if twin["rehearsed"] else "nothing ran")
    if not wanted:
        expect("squawk's rules without a case", [], sorted(set(SQUAWK) - {rule for rule, _, _ in CASES}))
        expect("rules without a case", [], sorted(set(findings.RULES) - {rule for rule, _, _ in CASES} - {"lock-size"}))
        # By size: the same lock, which is short here, over a table that is large there.
        index = "CREATE INDEX t_a ON t (a)"
        expect("over a large table", True, rules(found(index, sizes={"public.t": 200 << 30}), "lock-size"))
        expect("over a small one", False, rules(found(index, sizes={"public.t": 1 << 20}), "lock-size"))
        expect("a large one that is only renamed in", False, rules(found("ALTER TABLE t ADD COLUMN x text", sizes={"public.t": 200 << 30}), "lock-size"))
        made = found("CREATE TABLE fresh (id bigint)", in_place=False)
        expect("in a copy it runs, and leaves the database alone", ("passed", 0), (made["rehearsed"][0]["outcome"], tables("dbname=base")))
        expect("in place it stays", ("passed", 1), (found("CREATE TABLE fresh (id bigint)")["rehearsed"][0]["outcome"], tables("dbname=base")))
        with keeper.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'quiver_migrations%'")
            expect("the copy is gone", 0, cursor.fetchone()[0])
    print("# %d cases of %d rules in %.1f s" % (len(CASES), len({rule for rule, _, _ in CASES}), time.monotonic() - began))
    end()


main()
