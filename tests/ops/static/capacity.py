#!/usr/bin/python3
"""capacity.py on readings whose future is known: prints what is wrong."""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

program = pathlib.Path(__file__).resolve().parents[3] / "ops/roles/capacity/files/capacity.py"
DAY = 86400
wrong = []
given = {"window_days": 30, "readings": 240, "horizon_days": 365, "data_path": "/var/lib/postgresql", "disk_full_ratio": 0.85,
         "prices": {"host": 40, "memory_gb": 3, "disk_gb": 0.1, "backup_gb": 0.02}, "currency": "EUR"}


def series(values, **metric):
    """Readings every three hours that end now."""
    return {"metric": metric, "values": [[1.8e9 - 3 * 3600 * (len(values) - 1 - at), str(value)] for at, value in enumerate(values)]}


def run(answers):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(answers, file)
        file.flush()
        done = subprocess.run([sys.executable, str(program), "file", json.dumps(given), file.name], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def expect(what, right):
    if not right:
        wrong.append(what)


# A line through noise that remembers (each reading leans on the one before), many times: the interval must hold the truth about 95 times in 100.
chance = random.Random(20)
slope = 1e9 / 8
several, held, days_held = 120, 0, 0
disks = []
for host in range(several):
    noise, values = 0.0, []
    for at in range(240):
        noise = 0.6 * noise + chance.gauss(0, 2e8)
        values.append(100e9 + slope * at + noise)
    disks.append(values)
answers = {"disk_size": [], "disk_used": [], "memory": [], "connections_limit": []}
for host, values in enumerate(disks):
    for mount, factor in (("/", 0.1), ("/var", 1.0), ("/var/lib/postgres", 0.2)):
        answers["disk_size"].append(series([200e9 * factor] * 240, instance="db%03d" % host, mountpoint=mount))
        answers["disk_used"].append(series([value * factor for value in values], instance="db%03d" % host, mountpoint=mount))
found = [one for one in run(answers)["forecasts"] if one["what"] == "disk"]
expect("each host is forecast once, by the file system that holds the data", len(found) == several and all(one["limit"] == 170e9 for one in found))
for one in found:
    held += abs(one["per_day"] - 1e9) <= one["per_day_half"]
    days_held += one["earliest"] <= (170e9 - one["now"]) / 1e9 <= one["latest"]
expect("the slope lies in its interval in %d of %d cases" % (held, several), held >= 0.88 * several)
expect("the day lies in its interval in %d of %d cases" % (days_held, several), days_held >= 0.88 * several)
expect("the interval says something: half of it is below a fifth of the slope", max(one["per_day_half"] for one in found) < 0.2e9)

# What does not grow has no day; what is full has none left; what is young has no line.
answers = {"disk_size": [series([200e9] * 240, instance=name, mountpoint="/") for name in ("flat", "full", "young", "shrinks")],
           "disk_used": [series([50e9] * 240, instance="flat", mountpoint="/"), series([180e9 + at for at in range(240)], instance="full", mountpoint="/"),
                         series([1e9 * at for at in range(9)], instance="young", mountpoint="/"),
                         series([150e9 - 1e8 * at for at in range(240)], instance="shrinks", mountpoint="/")],
           "databases": [series([1e9 + 1e6 * at for at in range(240)], datname="app")],
           "wal_files": [series([100.0] * 240, cluster="c")],
           "indexes": [series([1e9 + 1e7 * at for at in range(240)], instance="db1")],
           "memory": [series([16e9] * 240, instance="db1")],
           "connections": [series([50 + at / 8 for at in range(240)], instance="db1")],
           "connections_limit": [series([200] * 240, instance="db1")],
           "backup": [series([30e9] * 240, stanza="s", type="full")]}
result = run(answers)
by = {(one["what"], one["where"]): one for one in result["forecasts"]}
expect("a flat disk meets no limit", by["disk", "flat"]["days"] is None and by["disk", "flat"]["earliest"] is None)
expect("a full disk is full now", by["disk", "full"]["days"] == 0)
expect("nine readings make no line", by["disk", "young"]["per_day"] is None)
expect("a shrinking disk meets no limit", by["disk", "shrinks"]["days"] is None)
expect("a database grows by 8 MB a day", abs(by["database", "app"]["per_day"] - 8e6) < 1)
expect("100 files of WAL a day are 1.68 GB", abs(by["WAL a day", "c"]["now"] - 100 * 2 ** 24) < 1)
indexes = by["vector indexes in memory", "db1"]
expect("indexes reach half of memory in %s days" % indexes["days"], abs(indexes["days"] - (8e9 - indexes["now"]) / 8e7) < 0.2)
expect("connections reach their limit in %s days" % by["connections", "db1"]["days"], abs(by["connections", "db1"]["days"] - (200 - 50 - 239 / 8)) < 0.2)
expect("a month costs %s" % result["month"], result["month"] == round(40 + 16 * 3 + 0 + 30 * 0.02, 2))
expect("the page has a line for each", result["page"].count("\n| ") >= len(by) + 5 and "too few readings" in result["page"])

print("\n".join(wrong))
sys.exit(bool(wrong))
