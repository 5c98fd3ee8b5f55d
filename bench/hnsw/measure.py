"""Runs the hnsw benchmark in the server that run.sh started, and adds each result to the file of results.

Environment: SETS, SIDES, FIGURES as run.sh explains. A result is one line of JSON with the commit and the
machine's load beside it; report.py takes the newest of each.
"""
import datetime, json, os, subprocess, sys, time
import database as db
import figures
from database import Set, psql

results_file = os.environ["BENCH_RESULTS"]
programs = os.environ["BENCH_PROGRAMS"]
in_process = ["hnswlib", "faiss", "faiss-sq8"]


def keep(**result):
    result["at"] = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")
    result["commit"] = os.environ["BENCH_COMMIT"]
    result["load"] = float(open("/proc/loadavg").read().split()[0])
    with open(results_file, "a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")
    shown = " ".join(f"{key}={number:.4g}" if isinstance(number, float) else f"{key}={number}"
                     for key, number in result.items() if key not in ("at", "commit", "set", "side"))
    print(f"{result['set']:>14} {result['side']:<11} {shown}", flush=True)


def measure_peer(data, name):
    words = [programs + "/peers", name, "cosine" if data.cosine else "l2"] + [data.file(f) for f in ("base", "query", "truth")]
    # A library's ef may be larger than the 1,000 of an index.
    efs = [str(ef) for ef in figures.sweep + [1400, 2000]]
    running = subprocess.Popen(words + ["16", "64"] + efs, stdout=subprocess.PIPE, text=True)
    for line in running.stdout:
        pairs = dict(pair.split("=") for pair in line.split())
        result = {key: text if key == "what" else int(text) if key == "ef" else float(text) for key, text in pairs.items()}
        keep(set=data.name, side=name, **result)
        if result.get("recall", 0) >= figures.enough_recall:
            running.terminate()
            break
    running.wait()


def measure_side(data, side, wanted):
    changed = True
    for name in ["build"] + [name for name in figures.all_figures if name in wanted]:
        if changed:
            base = db.load(data, side)
            times = db.builds if name == "build" and "build" in wanted else 1
            wall, processor = sorted(db.build(data, side, base) for _ in range(times))[times // 2]
            size = float(db.value("SELECT pg_relation_size('nearest')", base))
            table = float(db.value("SELECT pg_table_size('base')", base))
            if name == "build" and "build" in wanted:
                keep(set=data.name, side=side, what="build", seconds=wall, cpu_seconds=processor, bytes=size, table_bytes=table)
            changed = False
        if name != "build":
            for result in figures.all_figures[name](data, side, base):
                keep(set=data.name, side=side, **result)
            changed = name in ("insert", "vacuum")
    psql("DROP TABLE base, query", base)


def main():
    wanted = os.environ["FIGURES"].split()
    unknown = [name for name in wanted if name not in figures.all_figures and name != "build"]
    if unknown:
        sys.exit(f"no figure {unknown[0]}; there are: build {' '.join(figures.all_figures)}")
    failed = 0
    for name in os.environ["SETS"].split():
        data = Set(name)
        for side in os.environ["SIDES"].split():
            try:
                if side in in_process:
                    if {"build", "search"} & set(wanted):
                        measure_peer(data, side)
                elif side == "attributes":
                    measure_side(data, side, [f for f in wanted if f in ("build", "filtered", "insert")])
                elif side in db.sides:
                    measure_side(data, side, [f for f in wanted if f != "filtered" or side == "pgvector"])
                else:
                    sys.exit(f"no side {side}; there are: {' '.join(list(db.sides) + in_process)}")
            except RuntimeError as error:
                failed += 1
                print(f"{name} {side}: {error}", file=sys.stderr, flush=True)
    sys.exit(1 if failed else 0)


main()
