"""The hnsw benchmark's report in Markdown: the bars first, then what they were computed from.

usage: python3 report.py RESULTS.jsonl

A cell is computed from the newest result of its kind. QPS at a recall is interpolated between two points of the
sweep over ef: linearly in recall, in the logarithm of QPS. Where the sweep starts above the recall its first
point is taken; where it ends below, there is no figure. CLOCK=cpu compares processor time instead of wall time.
"""
import json, math, os, platform, subprocess, sys

clock = os.environ.get("CLOCK", "wall")
qps_key = "cpu_qps" if clock == "cpu" else "qps"
seconds_key = "cpu_seconds" if clock == "cpu" else "seconds"
keys = ("set", "side", "what", "ef", "mode", "groups", "clients")
order = ["pgvector", "plain", "codes", "codes_heap", "codes_pages", "codes_1bit", "codes_2bit", "codes_4bit", "codes_8bit", "attributes", "hnswlib", "faiss", "faiss-sq8"]
libraries = ["hnswlib", "faiss", "faiss-sq8"]


def read(path):
    newest = {}
    for line in open(path, encoding="utf-8"):
        result = json.loads(line)
        newest[tuple(result.get(key) for key in keys)] = result
    return list(newest.values())


def pick(results, **wanted):
    return [r for r in results if all(r.get(key) == value for key, value in wanted.items())]


def at_recall(points, recall):
    points = sorted((p["recall"], p[qps_key]) for p in points)
    reached = [p for p in points if p[0] >= recall]
    if not reached:
        return None
    below = [p for p in points if p[0] < recall]
    # The fastest point that reaches it, or the curve between its neighbours if that is faster.
    best = max(qps for _, qps in reached)
    if below:
        (r0, q0), (r1, q1) = below[-1], reached[0]
        share = (recall - r0) / (r1 - r0)
        best = max(best, math.exp(math.log(q0) + share * (math.log(q1) - math.log(q0))))
    return best


def number(x, digits=3):
    if x is None:
        return "–"
    return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.{digits}g}"


def ratio(a, b):
    return a / b if a is not None and b not in (None, 0) else None


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


class Bars:
    """The issue's table: what is compared, the bar, the aim, and whether it is met."""

    def __init__(self):
        self.rows = []

    def add(self, what, data, got, bar, aim, less=False):
        if got is None:
            verdict, shown = "not measured", "–"
        else:
            meets = (lambda limit: got <= limit) if less else (lambda limit: got >= limit)
            verdict = "aim" if meets(aim) else "bar" if meets(bar) else "**missed**"
            shown = f"{got:.2f}×"
        sign = "≤" if less else "≥"
        self.rows.append([what, data, shown, f"{sign} {bar:g}×", f"{sign} {aim:g}×", verdict])


def bars_of(results, name, bars):
    of = lambda side, what, **more: pick(results, set=name, side=side, what=what, **more)
    first = lambda side, what, key, **more: next((r.get(key) for r in of(side, what, **more)), None)
    qps = lambda side, recall, what="search": at_recall(of(side, what), recall)
    bar, aim = (4, 10) if name == "words" else (2.5, 5)
    for recall in (0.95, 0.99):
        bars.add(f"QPS at recall {recall}, codes : pgvector", name, ratio(qps("codes", recall), qps("pgvector", recall)), bar, aim)
    for recall in (0.95, 0.99):
        bars.add(f"QPS at recall {recall}, codes through SQL : hnswlib", name, ratio(qps("codes", recall), qps("hnswlib", recall)), 0.7, 1)
        bars.add(f"QPS at recall {recall}, codes inside one SQL call : hnswlib", name,
                 ratio(qps("codes", recall, "batch"), qps("hnswlib", recall)), 0.7, 1)
    build = lambda side: first(side, "build", seconds_key)
    size = lambda side: first(side, "build", "bytes")
    bars.add("build time, codes : pgvector", name, ratio(build("codes"), build("pgvector")), 1 / 4, 1 / 10, True)
    bars.add("index size, rerank in index : pgvector", name, ratio(size("codes"), size("pgvector")), 1.15, 1, True)
    bars.add("index size, rerank in heap : pgvector", name, ratio(size("codes_heap"), size("pgvector")), 0.4, 0.25, True)
    for recall in (0.95, 0.99):
        bars.add(f"QPS at recall {recall}, plain : pgvector", name, ratio(qps("plain", recall), qps("pgvector", recall)), 1.5, 3)
    bars.add("build time, plain : pgvector", name, ratio(build("plain"), build("pgvector")), 1 / 2, 1 / 4, True)
    for groups in (10, 100, 1000):
        theirs = at_recall([r for r in of("pgvector", "filtered", groups=groups) if r["mode"] != "exact"], 0.95)
        bars.add(f"QPS at recall 0.95, filter {100 / groups:g} %, attributes : pgvector's best iterative scan", name,
                 ratio(at_recall(of("attributes", "filtered", groups=groups), 0.95), theirs), 5, 20)
    bars.add("vacuum after deleting 20 %, plain : pgvector", name,
             ratio(first("plain", "vacuum", seconds_key), first("pgvector", "vacuum", seconds_key)), 1 / 5, 1 / 20, True)
    bars.add("vacuum after deleting 20 %, codes : pgvector", name,
             ratio(first("codes", "vacuum", seconds_key), first("pgvector", "vacuum", seconds_key)), 1 / 5, 1 / 20, True)
    for side in ("plain", "codes"):
        for mode in ("whole pages", "records"):
            bars.add(f"WAL bytes of an insert ({mode}), {side} : pgvector", name,
                     ratio(first(side, "insert", "wal_bytes", mode=mode), first("pgvector", "insert", "wal_bytes", mode=mode)), 1, 0.5, True)
        bars.add(f"p99 of an insert, {side} : pgvector", name,
                 ratio(first(side, "insert", "p99", mode="records"), first("pgvector", "insert", "p99", mode="records")), 1, 0.5, True)


def details(results, name):
    sides = [side for side in order if pick(results, set=name, side=side)]
    out = [f"## {name}", ""]
    rows = []
    for side in sides:
        for built in pick(results, set=name, side=side, what="build"):
            points = pick(results, set=name, side=side, what="search")
            batch = pick(results, set=name, side=side, what="batch")
            rows.append([side, number(built["seconds"]), number(built.get("cpu_seconds")), number(built["bytes"] / 2**20)] +
                        [number(at_recall(points, r)) for r in (0.9, 0.95, 0.99)] + [number(at_recall(batch, r)) for r in (0.95, 0.99)])
    out += [table(["", "build s", "its processor s", "index MiB", "QPS at .90", "at .95", "at .99", "in one call at .95", "at .99"], rows), ""]
    curve = lambda side: " · ".join(f"{p['ef']}: {p['recall']:.3f}, {number(p[qps_key])}" for p in
                                    sorted(pick(results, set=name, side=side, what="search"), key=lambda p: p["ef"]))
    rows = [[side, curve(side)] for side in sides if curve(side)]
    if rows:
        out += [table(["", "ef: recall, QPS"], rows).replace("---:", "---"), ""]
    rows = []
    for side in sides:
        for r in sorted(pick(results, set=name, side=side, what="clients"), key=lambda r: r["clients"]):
            rows.append([f"{side}, {r['clients']} clients, ef {r['ef']}", number(r["recall"]), number(r["qps"]), number(r["p50"]), number(r["p99"])])
        for r in pick(results, set=name, side=side, what="cold"):
            kept = "" if r.get("emptied") else " (the system's cache was kept)"
            rows.append([f"{side}, first 100 queries after a restart{kept}, ef {r['ef']}", number(r["recall"]), number(r["qps"]), number(r["p50"]), number(r["p99"])])
    if rows:
        out += [table(["", "recall", "QPS", "p50 ms", "p99 ms"], rows), ""]
    rows = []
    for side in sides:
        for groups in (10, 100, 1000):
            for r in sorted(pick(results, set=name, side=side, what="filtered", groups=groups), key=lambda r: (r["mode"], r["ef"])):
                rows.append([f"{side}, {100 / groups:g} %, {r['mode'] if r['mode'] != 'off' else 'in the index'}" + (f", ef {r['ef']}" if r["ef"] else ""),
                             number(r["recall"]), number(r["rows"]), number(r[qps_key]), number(r["p99"])])
    if rows:
        out += [table(["filter on a group", "recall", "rows of 10", "QPS", "p99 ms"], rows), ""]
    rows = []
    for side in sides:
        parts = {r["mode"]: r for r in pick(results, set=name, side=side, what="memory")}
        if parts:
            rows.append([side] + [number(parts[part][seconds_key]) if part in parts else "–" for part in ("1/1", "1/2", "1/4")])
    if rows:
        out += [table(["build with memory for", "all of it, s", "half", "a quarter"], rows), ""]
    rows = []
    for side in sides:
        for r in pick(results, set=name, side=side, what="insert"):
            rows.append([f"{side}, insert ({r['mode']})", number(r["mean"]), number(r["p99"]), number(r["wal_bytes"]), ""])
        for r in pick(results, set=name, side=side, what="vacuum"):
            rows.append([f"{side}, vacuum of 20 %", number(r["seconds"] * 1000), "", number(r["wal_bytes"]), f"{r['recall']:.3f} (ef {r['ef']})"])
    if rows:
        out += [table(["", "mean ms", "p99 ms", "WAL bytes", "recall after"], rows), ""]
    return out


def growth(results):
    size = lambda name: int(name.split("_")[1].translate(str.maketrans({"k": "000", "m": "000000"})))
    names = sorted({r["set"] for r in results if r["set"].startswith("clustered_")}, key=size)
    rows = []
    for side in [side for side in order if pick(results, side=side)]:
        for name in names:
            for built in pick(results, set=name, side=side, what="build"):
                points = pick(results, set=name, side=side, what="search")
                rows.append([f"{side}, {size(name):,} rows", number(built["seconds"]), number(1e6 * built["seconds"] / size(name)),
                             number(built["bytes"] / 2**20)] + [number(at_recall(points, r)) for r in (0.95, 0.99)])
    return ["## Growth", "", table(["", "build s", "µs a row", "index MiB", "QPS at .95", "at .99"], rows), ""] if rows else []


def main():
    results = read(sys.argv[1])
    names = [name for name in ("words", "fmnist784", "wordnet") if pick(results, set=name)]
    bars = Bars()
    for name in names:
        bars_of(results, name, bars)
    commits = sorted({r["commit"] for r in results})
    loads = [r["load"] for r in results]
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    server = subprocess.run([os.environ.get("PG_CONFIG", "pg_config"), "--version"], capture_output=True, text=True).stdout.strip()
    if "--measured" in sys.argv:
        bars.rows = [row for row in bars.rows if row[-1] != "not measured"]
    missed = sum(row[-1] == "**missed**" for row in bars.rows)
    absent = sum(row[-1] == "not measured" for row in bars.rows)
    peer = os.environ.get("PGVECTOR_BUILD") or "the distribution's package or the tree named"
    out = ["# hnsw, measured against pgvector, hnswlib and faiss", "",
           f"Written by `WRITE={os.environ.get('WRITE', '1')}{' CLOCK=cpu' if clock == 'cpu' else ''} make bench-hnsw` (bench/hnsw; the plan is [hnsw_bench.md](../hnsw_bench.md)). " +
           (f"Of {len(bars.rows)} bars {len(bars.rows) - missed - absent} are met, {missed} missed, {absent} not measured." if bars.rows else ""), "",
           "| | |", "|---|---|", f"| commits | {', '.join(commits)} |", f"| measured | {min(r['at'] for r in results)} to {max(r['at'] for r in results)} UTC |",
           f"| machine | {os.cpu_count()} × {processor}; load average at the results {min(loads):.1f} to {max(loads):.1f} |",
           f"| server | {server}; shared_buffers 4 GB, jit off, one client, warm, prepared statements in binary, generic plans |",
           f"| peers | pgvector: {peer}; hnswlib and faiss: Debian's libraries, one thread, this processor's instructions |",
           "| indexes | m 16, ef_construction 64, built with maintenance_work_mem 2 GB and a worker for each processor but one |",
           f"| clock | {'processor time of the server process or thread' if clock == 'cpu' else 'wall time'} |", ""]
    if bars.rows:
        out += [table(["figure", "set", "measured", "bar", "aim", ""], bars.rows), ""]
    for name in names:
        out += details(results, name)
    out += growth(results)
    print("\n".join(out).rstrip())


main()
