"""quiver_migrations: changes of a schema, rehearsed, judged and applied without anybody noticing."""
import argparse
import json
import sys

import psycopg2

from . import catalog, drift, findings, folder, gate, phases, session


def seconds(text):
    """Milliseconds of 500ms, 5s, 15min."""
    for unit, factor in (("ms", 1), ("min", 60000), ("s", 1000), ("h", 3600000)):
        if text.endswith(unit):
            return int(float(text[:-len(unit)]) * factor)
    raise argparse.ArgumentTypeError("%s has no unit: ms, s, min or h" % text)


def volume(text):
    """Bytes of 16MB."""
    for unit, factor in (("kB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30), ("TB", 1 << 40)):
        if text.endswith(unit):
            return int(float(text[:-len(unit)]) * factor)
    return int(text)


def arguments():
    parser = argparse.ArgumentParser(prog="migrate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, text):
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("folder", help="the folder of migrations")
        made.add_argument("dsn", help="the database, as libpq takes it")
        made.add_argument("--role", help="the role that owns what is made")
        made.add_argument("--lock-timeout", type=seconds, default=500, metavar="TIME", help="how long others may wait for a migration (500ms)")
        made.add_argument("--statement-timeout", type=seconds, default=900000, metavar="TIME", help="how long a statement may run (15min)")
        made.add_argument("--batch", type=int, default=1000, help="keys in a batch of backfill.sql (1000)")
        return made

    one = command("gate", "Rehearse what is due on a copy of that database and judge it. The server must not be one that others use.")
    one.add_argument("--in-place", action="store_true", help="in that database itself, which is a restored copy that is thrown away")
    one.add_argument("--since", metavar="NAME", help="migrations up to this one are run and not judged")
    one.add_argument("--sizes", type=argparse.FileType(), metavar="FILE", help="JSON of the live tables' bytes by name, as the command sizes prints it")
    one.add_argument("--longest-lock", type=seconds, default=500, metavar="TIME", help="how long a lock that stops others may be held (500ms)")
    one.add_argument("--large", type=volume, default=100 << 20, metavar="SIZE", help="a table that is not worked over under such a lock (100MB)")
    one.add_argument("--most-rows", type=int, default=1000, metavar="ROWS", help="rows that up.sql and contract.sql may change in a table (1000)")
    one.add_argument("--without-timeouts", action="store_true", help="for files that something else applies: they set lock_timeout themselves")
    one.add_argument("--also", action="append", default=[], choices=findings.OPTIONAL, help="rules that are off by default")
    one.add_argument("--fail-on", choices=("warning", "error"), default="warning", help="what makes the exit status 1 (warning)")
    one.add_argument("--json", action="store_true")
    for name, text in (("apply", "Apply what is due, and only the phases that are asked for."), ("back", "Take the newest migration back by its down.sql.")):
        one = command(name, text)
        one.add_argument("--tries", type=int, default=20, help="how often a file is tried while others hold what it needs (20)")
        one.add_argument("--pause", type=seconds, default=1000, metavar="TIME", help="before the second try; it doubles, with chance in it (1s)")
        one.add_argument("--longest-pause", type=seconds, default=30000, metavar="TIME", help="what it does not grow beyond (30s)")
        one.add_argument("--most-lag", type=volume, default=16 << 20, metavar="SIZE", help="WAL that no standby may be behind by (16MB)")
        one.add_argument("--patience", type=seconds, default=300000, metavar="TIME", help="how long a standby is waited for (5min)")
        one.add_argument("--aside", action="append", default=[], metavar="STANDBY", help="a standby that may be behind, such as a delayed one")
        one.add_argument("--rest", type=seconds, default=0, metavar="TIME", help="between two batches (0s)")
        one.add_argument("--dry-run", action="store_true", help="print what is due and do nothing")
        if name == "back":
            one.add_argument("name", help="the migration: only the newest is taken back")
            continue
        one.add_argument("--expand", action="store_true", help="up.sql of all that are due")
        one.add_argument("--backfill", action="store_true", help="backfill.sql of all that are due, in batches")
        one.add_argument("--contract", action="append", default=[], metavar="NAME", help="contract.sql of this migration")
        one.add_argument("--adopt", action="append", default=[], metavar="NAME", help="up.sql of this one is there already: it is written down and not run")
    one = command("drift", "Compare the database with what the applied files make on an empty one.")
    one.add_argument("--scratch", metavar="DSN", help="the server on which they make it, in a database of its own (by default the same)")
    one.add_argument("--ignore", action="append", default=[], metavar="PATTERN", help='objects that are not compared, such as "EXTENSION hypopg"')
    one.add_argument("--privileges", action="store_true", help="compare owners and rights too: the roles must be there")
    one.add_argument("--json", action="store_true")
    one = command("sizes", "Print the tables' sizes, for the gate's --sizes.")
    return parser.parse_args()


def limits(given):
    return {"dsn": given.dsn, "role": given.role, "lock_ms": given.lock_timeout, "statement_ms": given.statement_timeout, "tries": given.tries,
            "pause": given.pause / 1000, "longest_pause": given.longest_pause / 1000, "most_lag": given.most_lag, "patience": given.patience / 1000,
            "aside": given.aside, "batch": given.batch, "rest": given.rest / 1000}


def run_apply(given):
    migrations = folder.read(given.folder)
    if given.dry_run:
        print(json.dumps(phases.plan(given.dsn, migrations).told()))
    else:
        print(json.dumps(phases.run(migrations, limits(given), given)))
    return 0


def run_back(given):
    print(json.dumps(phases.back(folder.read(given.folder), limits(given), given.name, given.dry_run)))
    return 0


def run_drift(given):
    result = drift.compare(folder.read(given.folder), given.dsn, given.scratch or given.dsn, given.ignore,
                           given.role if given.privileges else None, given.privileges)
    if given.json:
        print(json.dumps(result, indent=2))
    else:
        print("\n".join(result["difference"] + ["files %s" % result["files"], "live  %s" % result["live"]]))
        print("drift: %d objects, %s" % (result["objects"], "no difference" if not result["difference"] else "they differ"))
    return 1 if result["difference"] else 0


def run_sizes(given):
    with session.connect(given.dsn, "sizes").cursor() as cursor:
        relations = catalog.Snapshot(cursor).relations.values()
    print(json.dumps({one.name: one.bytes for one in relations if one.kind in "rm"}, indent=2))
    return 0


def run_gate(given):
    bare = given.without_timeouts
    result = gate.gate(folder.read(given.folder), {
        "dsn": given.dsn, "in_place": given.in_place, "since": given.since, "sizes": json.load(given.sizes) if given.sizes else {}, "role": given.role,
        "lock_ms": 0 if bare else given.lock_timeout, "statement_ms": 0 if bare else given.statement_timeout, "longest": given.longest_lock / 1000,
        "large": given.large, "most_rows": given.most_rows, "batch": given.batch, "also": given.also})
    print((findings.machine if given.json else findings.page)(result, given.fail_on))
    return 1 if findings.failing(result["findings"], given.fail_on) else 0


def main():
    given = arguments()
    try:
        return globals()["run_" + given.command](given)
    except (folder.Wrong, session.Refused, psycopg2.Error) as error:
        print("migrate: %s" % str(error).strip(), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
