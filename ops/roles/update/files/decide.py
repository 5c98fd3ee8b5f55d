#!/usr/bin/python3
"""What an update does on which host, in which order, and why it may not begin now. Reads JSON, prints JSON; nothing else is read or done.

In: back; hosts, in the inventory's order, each with `plan` (of packages.py) and whether it is of the groups database, etcd, backup; cluster, as Patroni's API
says it; waits, whether commits wait for a standby; archiver, the leader's pg_stat_archiver; backups, as `pgbackrest info` says it, and where there is a
repository; extension, a row for each database (extension.sql); lag, age in hours, without_backup; now.

Out: order; standbys; leader; hosts, each with steps, services and whether these cut clients off; lines, for who runs it; refused, a line for each reason.
"""
import json
import sys

# Their restart cuts clients off: it comes where nobody leads. HAProxy is reloaded, etcd has its quorum without one member.
cutting = {"patroni", "pgbouncer"}
leading = {"leader", "master", "primary"}
acknowledging = {"sync_standby", "quorum_standby"}


def runs(given):
    return [host["plan"]["record"]["run"] for host in given["hosts"].values() if host["plan"]["record"]]


def work_of(host, given):
    plan = host["plan"]
    # The way back is that of the last run: a host that it did not change has an older record, or none.
    way = not given["back"] or bool(plan["record"]) and plan["record"]["run"] == max(runs(given))
    steps = plan["steps"] if way else {}
    touched = {step["service"] for step in steps.values()} | set(plan["torn"].values()) | set(plan["stale"])
    services = [service for service in plan["services"] if service in touched]
    return {"steps": steps, "services": services, "cut": bool(cutting & set(services)), "work": bool(steps or services or plan["torn"])}


def order_of(hosts, standbys, leader):
    """Who only votes in etcd, the standbys, the backup host, the leader, all others. pgBackRest's two ends must be of one version, and the leader's is the
    end that archives: it changes by the handing over, right after the backup host's."""
    voters = [name for name, host in hosts.items() if host["etcd"] and not host["database"]]
    backup = [name for name, host in hosts.items() if host["backup"] and not host["database"]]
    return list(dict.fromkeys(voters + standbys + backup + ([leader] if leader else []) + list(hosts)))


def not_alike(hosts, work):
    """Packages that would be of one version here and of another there."""
    would = {}
    for name, host in hosts.items():
        for package, version in host["plan"]["installed"].items():
            to = work[name]["steps"].get(package, {"to": version})["to"]
            there, other = would.setdefault(package, (to, name))
            if to != there:
                yield "%s would be %s on %s and %s on %s: the hosts' archives differ" % (package, there, other, to, name)


def of_packages(given, hosts, work):
    for name, host in hosts.items():
        plan = host["plan"]
        if plan["refused"]:
            yield "%s: not a minor update: %s" % (name, ", ".join(plan["refused"]))
        if plan["removes"]:
            yield "%s: apt would remove %s" % (name, ", ".join(plan["removes"]))
        if plan["error"]:
            yield "%s: apt says: %s" % (name, plan["error"])
    if not given["back"]:
        yield from not_alike(hosts, work)
    for row in given["extension"]:
        if not row["leads"]:
            yield "database %s: no script of the installed package leads from quiver %s to %s" % (row["database"], row["is"], row["to"])


def of_cluster(given, database, leader, running, synchronous):
    members = {member["name"]: member for member in given["cluster"]["members"]}
    if len(database) < 2:
        yield "One database host alone cannot be updated while it serves"
    if given["cluster"].get("pause"):
        yield "Patroni is paused: patronictl resume"
    if leader not in database:
        yield "Nobody leads"
    # The way back mends what a bad package broke: it asks for no more than a leader.
    if given["back"] or leader not in database:
        return
    for name in database:
        lag = members.get(name, {}).get("lag", "unknown")
        if name not in running:
            yield "%s does not run; update_back.yml takes an update back" % name
        # One that is delayed by wish lags by wish.
        elif name != leader and not members[name].get("tags", {}).get("nosync") and (not isinstance(lag, int) or lag > given["lag"]):
            yield "%s lags by %s" % (name, lag)
    if given["waits"] and not synchronous:
        yield "There is no synchronous standby"


def of_archive(given):
    """What the leader could not archive last, and has not since. A failure that the cluster brings along would look like the update's, and a standby that
    needs WAL from the archive to come back would not get it."""
    if given["archiver"].get("fails") and not given["back"]:
        yield "WAL is not archived: %s fails since %s; the server's log says why" % (given["archiver"]["wal"], given["archiver"]["since"])


def of_backups(given):
    if any(stanza["status"].get("lock", {}).get("backup", {}).get("held") for stanza in given["backups"]):
        yield "A backup is being made: wait for it"
    if given["back"] or given["without_backup"]:
        return
    ends = [backup["timestamp"]["stop"] for stanza in given["backups"] for backup in stanza["backup"]]
    if not ends or given["now"] - max(ends) > given["age"] * 3600:
        yield "%s; make one (systemctl start quiver-backup@incr on the backup host), or -e update_without_backup=true" % (
            "The newest backup is %d hours old" % ((given["now"] - max(ends)) // 3600) if ends else "There is no backup")


def lines_of(given, hosts, order, work, leader):
    for name in order:
        its = work[name]
        if name == leader and its["cut"]:
            yield "%s leads: its leadership goes to a standby first, which is done by then" % name
        for package, step in its["steps"].items():
            yield "%s: %s %s to %s" % (name, package, step["from"], step["to"])
        again = [service for service in its["services"] if service != "haproxy"]
        parts = (["restarts " + ", ".join(again)] if again else []) + (["reloads haproxy"] if "haproxy" in its["services"] else [])
        if parts:
            yield "%s: then %s" % (name, " and ".join(parts))
    for row in given["extension"]:
        if row["moves"]:
            yield "database %s: quiver %s to %s" % (row["database"], row["is"], row["to"])
    held = sorted({package for host in hosts.values() for package in host["plan"]["held"]})
    if held:
        yield "held back by an administrator, and left alone: " + ", ".join(held)


def decide(given):
    # Ansible hands numbers over as text.
    given.update((name, int(given[name])) for name in ("lag", "age", "now"))
    hosts = given["hosts"]
    members = given["cluster"]["members"]
    database = [name for name, host in hosts.items() if host["database"]]
    leader = next((member["name"] for member in members if member["role"] in leading), "")
    synchronous = [member["name"] for member in members if member["role"] in acknowledging]
    running = [member["name"] for member in members if member["state"] in ("running", "streaming")]
    work = {name: work_of(host, given) for name, host in hosts.items()}
    # Who is down first, which is only so on the way back; then those whom no commit waits for.
    standbys = sorted((name for name in database if name != leader), key=lambda name: (name in running) + (name in synchronous))
    order = [name for name in order_of(hosts, standbys, leader) if work[name]["work"]]
    refused = list(of_packages(given, hosts, work))
    if order:
        refused += list(of_cluster(given, database, leader, running, synchronous)) + list(of_archive(given)) + list(of_backups(given))
    lines = list(lines_of(given, hosts, order, work, leader))
    return {"order": order, "standbys": [name for name in standbys if name in order], "leader": leader, "hosts": work, "refused": refused,
            "lines": lines or ["Nothing: every package is the newest, and every service runs what is installed"]}


if __name__ == "__main__":
    print(json.dumps(decide(json.load(sys.stdin))))
