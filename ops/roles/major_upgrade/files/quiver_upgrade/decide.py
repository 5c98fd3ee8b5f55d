#!/usr/bin/python3
"""Why an upgrade may not begin, and what it would do. Reads JSON, prints JSON; nothing else is read or done.

In: old, new, as facts.py has them, either may be null for a cluster without a leader; room, bytes free on each host of the new cluster; databases, those that
are asked for; identity_full, same_version; leave, what may stay behind: large_objects, unlogged, postgres, subscriptions, chosen, triggers.

Out: refused, a line for each reason; lines, for who runs it.
"""
import json
import sys

# Data, indexes that are built, and WAL meanwhile.
ROOM = 1.5


def of_clusters(given, old, new):
    major = [side["version"] // 10000 for side in (old, new)]
    if major[1] < major[0] or major[1] == major[0] and not given["same_version"]:
        yield "The new cluster is PostgreSQL %d, the old one %d%s" % (
            major[1], major[0], "; -e major_upgrade_same_version=true moves to new hosts of the same version" if major[0] == major[1] else "")
    count = len(old["databases"])
    for name, side, copies in (("old", old, 2), ("new", new, 0)):
        if side["wal_level"] != "logical":
            yield "wal_level of the %s cluster is %s: patroni_parameters: {wal_level: logical}, then site.yml, which restarts its servers, standbys first" % (
                name, side["wal_level"])
        for what, setting in (("slots", "max_replication_slots"), ("senders", "max_wal_senders")):
            if side[what] < count + copies:
                yield "The %s cluster has %d free of %s, and %d are needed: patroni_parameters, then site.yml, which restarts its servers" % (
                    name, side[what], setting, count + copies)
        if side["workers"] < count + 1:
            yield "max_logical_replication_workers of the %s cluster is %d, and %d are needed: patroni_parameters, then site.yml, which restarts its servers" % (
                name, side["workers"], count + 1)
    if old["prepared"]:
        yield "Prepared transactions are open: " + ", ".join(old["prepared"])
    for name in sorted(set(old["tablespaces"]) - set(new["tablespaces"])):
        yield "The new cluster lacks the tablespace " + name
    for name in given["databases"]:
        if name not in old["databases"]:
            yield "The old cluster has no database " + name
    size = sum(database["size"] for database in old["databases"].values())
    for host, free in sorted(given["room"].items()):
        if int(free) < size * ROOM:
            yield "%s has %d MB free; %d MB are needed" % (host, int(free) >> 20, int(size * ROOM) >> 20)
    if old["postgres"] and "postgres" not in given["leave"]:
        yield "The database postgres is not moved, and has tables: %s; -e '{\"major_upgrade_leave\": [\"postgres\"]}' leaves them behind" % ", ".join(old["postgres"])


def of_database(given, name, database, new):
    def left(what, word, remedy):
        if word in given["leave"]:
            return
        yield "Database %s: %s; %s, or leave that behind: -e '{\"major_upgrade_leave\": [\"%s\"]}'" % (name, what, remedy, word)

    for extension, version in sorted(database["extensions"].items()):
        has = new["extensions"].get(extension)
        if has is None:
            yield "Database %s: the new hosts lack the extension %s" % (name, extension)
        elif extension == "quiver" and has != version:
            yield "Database %s: quiver is %s here and %s on the new hosts; update.yml, or another package there" % (name, version, has)
    known = new["memory"] and name in new["memory"]["databases"]
    there = new["databases"].get(name)
    if there and not known and [table for table in there["tables"] if not table["extension"]]:
        yield "Database %s: the new cluster has one with tables of its own" % name
    full = [table for table in database["tables"] if not table["known"] and not table["unlogged"] and not table["condition"]]
    lacking = [table["name"] for table in full if not table["ours"]]
    if lacking and not given["identity_full"]:
        yield "Database %s: tables without a primary key, whose rows cannot be told apart: %s; add one, or -e major_upgrade_identity_full=true (REPLICA IDENTITY FULL)" % (
            name, ", ".join(lacking))
    for table in full:
        if table["without_equality"] and (given["identity_full"] or table["ours"]):
            yield "Database %s: rows of %s cannot be told apart: no equality for %s; add a primary key" % (name, table["name"], ", ".join(table["without_equality"]))
    if database["objects"]:
        yield from left("%d large objects" % database["objects"], "large_objects", "copy them into tables")
    unlogged = [table["name"] for table in database["tables"] if table["unlogged"]]
    if unlogged:
        yield from left("unlogged tables, which would be empty: " + ", ".join(unlogged), "unlogged", "ALTER TABLE SET LOGGED")
    if database["subscriptions"]:
        yield from left("it subscribes: " + ", ".join(database["subscriptions"]), "subscriptions", "drop that")
    chosen = [table for table, rows in database["chosen"].items() if rows]
    if chosen:
        yield from left("rows of yours in tables of extensions: " + ", ".join(chosen), "chosen", "take them away")
    if database["triggers"]:
        yield from left("triggers that fire for replicated rows too: " + ", ".join(database["triggers"]), "triggers", "ALTER TABLE ENABLE TRIGGER")


def lines_of(given, old, new):
    yield "PostgreSQL %d to %d" % (old["version"] // 10000, new["version"] // 10000)
    for name, database in old["databases"].items():
        yield "database %s, %d MB: %d tables are copied, and followed" % (
            name, database["size"] >> 20, len([table for table in database["tables"] if not table["unlogged"] and (not table["condition"] or table["extension"] == "quiver")]))
        full = [table["name"] for table in database["tables"] if not table["known"] and not table["unlogged"]]
        if full:
            yield "database %s: REPLICA IDENTITY FULL, until it ends, for %s" % (name, ", ".join(full))
        if database["materialized"]:
            yield "database %s: materialised views, refreshed before the switch: %s" % (name, ", ".join(database["materialized"]))
        for extension, version in sorted(database["extensions"].items()):
            if new["extensions"].get(extension, version) != version:
                yield "database %s: %s %s becomes %s" % (name, extension, version, new["extensions"][extension])
        for word, key in (("large objects", "objects"), ("triggers that fire for replicated rows", "triggers"), ("subscriptions", "subscriptions")):
            if database[key]:
                yield "database %s: left behind or alone, as asked: %s" % (name, word)
    if old["readers"]:
        yield "logical slots whose readers have to be moved by hand: " + ", ".join(old["readers"])


def decide(given):
    given.update((name, str(given[name]).lower() == "true") for name in ("identity_full", "same_version"))
    old, new = given["old"], given["new"]
    refused = ["The %s cluster has no leader, or it does not answer" % side for side in ("old", "new") if not given[side]]
    if refused:
        return {"refused": refused, "lines": []}
    if old["memory"] and old["memory"]["leading"] == "new":
        return {"refused": ["The new cluster leads already: upgrade_finish.yml, or upgrade_back.yml"], "lines": []}
    refused = list(of_clusters(given, old, new))
    for name, database in old["databases"].items():
        refused += of_database(given, name, database, new)
    return {"refused": refused, "lines": list(lines_of(given, old, new))}


if __name__ == "__main__":
    print(json.dumps(decide(json.load(sys.stdin))))
