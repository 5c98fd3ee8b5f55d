#!/usr/bin/python3
"""Lays a line through what was measured, and says when it meets its limit.

usage: capacity.py prometheus GIVEN    asks Prometheus; GIVEN is JSON, see tasks/main.yml
       capacity.py file GIVEN FILE     the same of readings in a file: {question: [{"metric": {...}, "values": [[seconds, "number"], ...]}]}

Prints JSON: forecasts, costs, page. The line is that of least squares. What is said of its slope is an interval of 95 %, widened for readings that
follow each other closely (each carries less news than an independent one would): by the residuals' first autocorrelation.
"""
import json
import math
import ssl
import sys
import time
import urllib.parse
import urllib.request

DAY = 86400.0
QUESTIONS = {
    "disk_size": "node_filesystem_size_bytes",
    "disk_used": "node_filesystem_size_bytes - node_filesystem_avail_bytes",
    "memory": "node_memory_MemTotal_bytes",
    "databases": "sum by (cluster, datname) (max by (cluster, datname) (pg_database_size_bytes))",
    "indexes": "sum by (cluster, instance) (quiver_index_bytes)",
    "wal_files": "sum by (cluster) (rate(pg_archiver_archived_count[1h])) * 86400",
    "connections": "sum by (cluster, instance) (pg_stat_activity_count)",
    "connections_limit": "max by (cluster, instance) (pg_settings_max_connections)",
    "backup": "sum by (stanza) (quiver_backup_size_bytes)",
}
WAL_FILE = 16 * 1024 * 1024


def line(points):
    """Least squares through (days, value): slope, its half interval of 95 %, the value at the end; None for fewer than ten readings."""
    count = len(points)
    if count < 10:
        return None
    middle = sum(x for x, _ in points) / count
    level = sum(y for _, y in points) / count
    spread = sum((x - middle) ** 2 for x, _ in points)
    if spread == 0:
        return None
    slope = sum((x - middle) * (y - level) for x, y in points) / spread
    rest = [y - level - slope * (x - middle) for x, y in points]
    squares = sum(r * r for r in rest)
    follow = sum(a * b for a, b in zip(rest, rest[1:])) / squares if squares > 0 else 0.0
    follow = min(max(follow, 0.0), 0.99)
    error = math.sqrt(squares / (count - 2) / spread) * math.sqrt((1 + follow) / (1 - follow))
    return {"slope": slope, "half": 1.96 * error + 1e-12 * abs(slope), "now": level + slope * (points[-1][0] - middle)}


def meets(fit, now, limit, horizon):
    """Days until the limit: likeliest, and the interval. None stands for "not within the horizon"."""
    def days(slope):
        if now >= limit:
            return 0.0
        reached = (limit - now) / slope if slope > 0 else math.inf
        return round(reached, 1) if reached <= horizon else None
    return {"days": days(fit["slope"]), "earliest": days(fit["slope"] + fit["half"]), "latest": days(fit["slope"] - fit["half"])}


def holder(series, path):
    """Of each host's file systems the one that holds the path: the longest mount point before it."""
    best = {}
    for one in series:
        mount, host = one["metric"].get("mountpoint", ""), one["metric"].get("instance", "")
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best.get(host, {"metric": {"mountpoint": ""}})["metric"]["mountpoint"]):
            best[host] = one
    return best


def read(series):
    return [(float(at) / DAY, float(value)) for at, value in series["values"] if value not in ("NaN", "+Inf", "-Inf")]


def judge(answers, given):
    forecasts = []

    def forecast(what, where, series, limit, unit):
        points = read(series)
        if not points:
            return
        now = points[-1][1]
        entry = {"what": what, "where": where, "unit": unit, "now": now, "limit": limit, "readings": len(points), "per_day": None, "per_day_half": None}
        fit = line(points)
        if fit:
            entry.update(per_day=fit["slope"], per_day_half=fit["half"])
            if limit:
                entry.update(meets(fit, now, limit, given["horizon_days"]))
        forecasts.append(entry)

    def latest(question, label):
        return {one["metric"].get(label, ""): read(one)[-1][1] for one in answers.get(question, []) if read(one)}

    sizes = {host: read(one)[-1][1] for host, one in holder(answers.get("disk_size", []), given["data_path"]).items() if read(one)}
    memory, limits = latest("memory", "instance"), latest("connections_limit", "instance")
    databases = sorted(limits)
    for host, one in sorted(holder(answers.get("disk_used", []), given["data_path"]).items()):
        if host in sizes:
            forecast("disk", host, one, sizes[host] * given["disk_full_ratio"], "bytes")
    for one in answers.get("databases", []):
        forecast("database", one["metric"].get("datname", ""), one, None, "bytes")
    for one in answers.get("indexes", []):
        host = one["metric"].get("instance", "")
        # A vector index answers fast from memory; half of it is left to everything else.
        forecast("vector indexes in memory", host, one, memory.get(host, 0) / 2 or None, "bytes")
    for one in answers.get("connections", []):
        host = one["metric"].get("instance", "")
        forecast("connections", host, one, limits.get(host), "")
    for one in answers.get("wal_files", []):
        one = dict(one, values=[[at, str(float(value) * WAL_FILE)] for at, value in one["values"]])
        forecast("WAL a day", one["metric"].get("cluster", ""), one, None, "bytes")

    prices, gigabyte = given["prices"], 1e9
    used = {"hosts": len(databases), "memory_gb": sum(memory.get(host, 0) for host in databases) / gigabyte,
            "disk_gb": sum(sizes.get(host, 0) for host in databases) / gigabyte, "backup_gb": sum(latest("backup", "stanza").values()) / gigabyte}
    costs = [{"what": what, "amount": round(used[amount], 2), "price": prices.get(price, 0), "month": round(used[amount] * prices.get(price, 0), 2)}
             for what, amount, price in (("database hosts", "hosts", "host"), ("memory, GB", "memory_gb", "memory_gb"),
                                         ("disk, GB", "disk_gb", "disk_gb"), ("backups, GB", "backup_gb", "backup_gb"))]
    return {"forecasts": forecasts, "costs": costs, "month": round(sum(cost["month"] for cost in costs), 2)}


def plain(value, unit):
    if value is None:
        return ""
    if unit != "bytes":
        return "%.1f" % value
    for name, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(value) >= size:
            return "%.1f %s" % (value / size, name)
    return "%.0f B" % value


def page(result, given):
    def when(entry):
        if entry["per_day"] is None:
            return "too few readings"
        if not entry["limit"]:
            return ""
        beyond = "more than %d days" % given["horizon_days"]
        if entry["days"] is None and entry["earliest"] is None:
            return beyond
        return "%s (%s to %s)" % tuple(beyond if entry[key] is None else "%.0f days" % entry[key] for key in ("days", "earliest", "latest"))
    lines = ["# Capacity", "", "Of the last %d days. In brackets: 95 %% of the lines that fit the readings." % given["window_days"], "",
             "| what | where | now | a day | limit | reached in |", "|---|---|---|---|---|---|"]
    for entry in result["forecasts"]:
        growth = "" if entry["per_day"] is None else "%s ± %s" % (plain(entry["per_day"], entry["unit"]), plain(entry["per_day_half"], entry["unit"]))
        lines.append("| %s | %s | %s | %s | %s | %s |" % (entry["what"], entry["where"], plain(entry["now"], entry["unit"]), growth,
                                                         plain(entry["limit"], entry["unit"]), when(entry)))
    lines += ["", "| what | amount | price a month, %s | a month, %s |" % (given["currency"], given["currency"]), "|---|---|---|---|"]
    lines += ["| %(what)s | %(amount)s | %(price)s | %(month)s |" % cost for cost in result["costs"]]
    return "\n".join(lines + ["| **together** | | | **%s** |" % result["month"], ""])


def ask(given):
    context = ssl.create_default_context(cafile=given["tls"] + "/ca.crt")
    context.load_cert_chain(given["tls"] + "/host.crt", given["tls"] + "/host.key")
    end = time.time()
    step = max(15, int(given["window_days"] * DAY / given["readings"]))
    # A young cluster has history of minutes: then it is read in finer steps.
    answers = {}
    for question, query in QUESTIONS.items():
        for width in (step, 900, 15):
            begin = end - min(given["window_days"] * DAY, width * given["readings"])
            words = urllib.parse.urlencode({"query": query, "start": begin, "end": end, "step": width})
            with urllib.request.urlopen("%s/api/v1/query_range?%s" % (given["url"], words), timeout=60, context=context) as answer:
                answers[question] = json.load(answer)["data"]["result"]
            if any(len(one["values"]) >= 10 for one in answers[question]):
                break
    return answers


def main():
    given = json.loads(sys.argv[2])
    # Ansible hands numbers over as text.
    given.update({name: float(given[name]) for name in ("window_days", "readings", "horizon_days", "disk_full_ratio")},
                 prices={name: float(price) for name, price in given["prices"].items()})
    if sys.argv[1] == "file":
        with open(sys.argv[3]) as file:
            answers = json.load(file)
    else:
        answers = ask(given)
    result = judge(answers, given)
    result["page"] = page(result, given)
    print(json.dumps(result))


main()
