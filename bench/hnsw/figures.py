"""The figures of the hnsw benchmark, one function each: (data, side, database) -> results.

A result is a dictionary; `what` names the figure and every other key that is not a measurement (ef, mode,
groups, clients) tells results of one figure apart.
"""
import os
from database import build, client, psql, restart, settings, timed, value, workers

sweep = [int(ef) for ef in os.environ.get("EFS", "10 20 40 60 80 120 160 240 400 600 1000").split()]
enough_recall = 0.996
found_ef = {}


def median(command, data, database, runs, **arguments):
    """The median of some runs by queries a second, each of a session of its own."""
    arguments = dict(queries=data.file("query"), truth=data.file("truth")) | arguments
    return sorted((client(command, database, **arguments) for _ in range(runs)), key=lambda found: found["qps"])[runs // 2]


def searches(data, database, runs=1, **arguments):
    """One client and the server's process keep to one processor."""
    return median("search", data, database, runs, pin=os.cpu_count() - 1, **arguments)


def search(data, side, database):
    """Recall against queries a second over ef, ids through SQL, until recall is near 1."""
    psql("SELECT pg_prewarm('base'), pg_prewarm('nearest')", database)
    for ef in sweep:
        found = searches(data, database, runs=3, setup=settings(ef), statement=data.nearest)
        if found["recall"] >= 0.95:
            found_ef.setdefault((data.name, side), ef)
        yield {"what": "search", "ef": ef, **found}
        if found["recall"] >= enough_recall:
            break


def ef_at_95(data, side, database):
    """The least ef of the sweep that reaches recall .95; the largest where none does."""
    if (data.name, side) not in found_ef:
        for _ in search(data, side, database):
            pass
    return found_ef.get((data.name, side), sweep[-1])


def batch(data, side, database):
    """All queries inside one SQL call."""
    statement = f"""SELECT q.id, n.id FROM query q CROSS JOIN LATERAL
        (SELECT id FROM base ORDER BY base.v {data.operator} q.v LIMIT 10) n"""
    for ef in sweep:
        found = median("batch", data, database, 3, setup=settings(ef), statement=statement)
        yield {"what": "batch", "ef": ef, **found}
        if found["recall"] >= enough_recall:
            break


def clients(data, side, database):
    ef = ef_at_95(data, side, database)
    for number in (1, 2, 4):
        yield {"what": "clients", "clients": number, "ef": ef,
               **searches(data, database, setup=settings(ef), statement=data.nearest, clients=number)}


def filtered(data, side, database):
    """LIMIT 10 within one group of 10, 100 and 1000; for an index with the groups in it a plain search."""
    for groups in (10, 100, 1000):
        ask = dict(truth=data.file(f"truth_g{groups}"), groups=groups, only=1000 if side == "attributes" else 100)
        ways = filtered_in_index if side == "attributes" else filtered_by_pgvector
        for result in ways(data, database, groups, ask):
            yield {"what": "filtered", "groups": groups, **result}


def nearest_of_group(data, groups, columns="id", rows=10):
    return f"SELECT {columns} FROM base WHERE g{groups} = $2 ORDER BY v {data.operator} $1 LIMIT {rows}"


def filtered_in_index(data, database, groups, ask):
    for ef in (10, 20, 40, 80, 160, 320):
        yield {"mode": "off", "ef": ef, **searches(data, database, runs=3, setup=settings(ef), statement=nearest_of_group(data, groups), **ask)}


def filtered_by_pgvector(data, database, groups, ask):
    """pgvector's ways: iterative scans; where ten rows of one are not near enough whatever ef, more rows, sorted again, as
    its documentation shows; and exact search over a btree index on the group."""
    best = 0

    def scan(mode, rows, ef):
        setup = settings(ef, f"SET hnsw.iterative_scan = {mode.split(',')[0]}", "SET enable_bitmapscan = off",
                         f"SET hnsw.max_scan_tuples = {data.rows}", "SET hnsw.scan_mem_multiplier = 16")
        statement = f"""WITH near AS MATERIALIZED ({nearest_of_group(data, groups, f"id, v {data.operator} $1 AS distance", rows)})
            SELECT id FROM near ORDER BY distance + 0 LIMIT 10"""
        if rows == 10:
            statement, setup = nearest_of_group(data, groups), setup + "; SET enable_sort = off"
        return {"mode": mode, "ef": ef, **searches(data, database, setup=setup, statement=statement, **ask)}

    for mode in ("relaxed_order", "strict_order"):
        for ef in (10, 20, 40, 200, 1000):
            result = scan(mode, 10, ef)
            best = max(best, result["recall"])
            yield result
    for rows in (15, 20, 40, 80):
        if best >= 0.95:
            break
        for ef in (200, 1000):
            result = scan(f"relaxed_order, {rows} rows sorted", rows, ef)
            best = max(best, result["recall"])
            yield result
    psql(f"CREATE INDEX by_group ON base (g{groups})", database)
    setup = "SET enable_indexscan = off; SET enable_seqscan = off"
    yield {"mode": "exact", "ef": 0, **searches(data, database, setup=setup, statement=nearest_of_group(data, groups), **ask)}
    psql("DROP INDEX by_group", database)


def cold(data, side, database):
    """The first hundred queries after a restart, with the system's cache emptied where that is allowed."""
    ef = ef_at_95(data, side, database)
    emptied = restart(cold=True)
    yield {"what": "cold", "ef": ef, "emptied": int(emptied), **searches(data, database, setup=settings(ef), statement=data.nearest, only=100, warm=0)}
    psql("SELECT pg_prewarm('base'), pg_prewarm('nearest')", database)


def insert(data, side, database):
    """Single-row inserts, each its own transaction: first after a checkpoint, when PostgreSQL logs whole pages, then
    without whole pages. WAL is the table's and the index's."""
    psql("ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf(); CREATE EXTENSION IF NOT EXISTS pg_walinspect", database)
    for mode, first in (("whole pages", 0), ("records", 1000)):
        psql(f"ALTER SYSTEM SET full_page_writes = {'on' if mode == 'whole pages' else 'off'}; SELECT pg_reload_conf()", database)
        psql("CHECKPOINT", database)
        start = value("SELECT pg_current_wal_insert_lsn()", database)
        times = client("insert", database, vectors=data.file("extra"), first=first, rows=1000,
                       statement=f"INSERT INTO base VALUES ($1 + {data.rows}, $2, $3, $4, $5)")
        written = value(f"SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{start}') / 1000", database)
        yield {"what": "insert", "mode": mode, "wal_bytes": float(written), **times}
    psql("ALTER SYSTEM RESET full_page_writes; SELECT pg_reload_conf()", database)


def vacuum(data, side, database):
    """VACUUM after deleting a fifth of the rows, and recall after it. With as many workers as a build may have, if the index uses any."""
    ef = ef_at_95(data, side, database)
    psql("DELETE FROM base WHERE id % 5 = 0; CHECKPOINT", database)
    start = value("SELECT pg_current_wal_insert_lsn()", database)
    wall, processor = timed("VACUUM (INDEX_CLEANUP on) base", database, f"SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = {workers};")
    written = value(f"SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{start}')", database)
    found = client("search", database, queries=data.file("query"), truth=data.file("truth_kept"), setup=settings(ef), statement=data.nearest)
    yield {"what": "vacuum", "ef": ef, "seconds": wall, "cpu_seconds": processor, "wal_bytes": float(written), "recall": found["recall"]}


def memory(data, side, database):
    """Builds with maintenance_work_mem for the whole index and 4 MB, for half of it and for a quarter; the last one stays."""
    need = int(value("SELECT pg_relation_size('nearest') / 1024", database))
    for part in (1, 2, 4):
        wall, processor = build(data, side, database, f"{need // part + 4096}kB")
        yield {"what": "memory", "mode": f"1/{part}", "seconds": wall, "cpu_seconds": processor}


# In this order: the last two change the table. `build` is measured by measure.py, which needs it anyway.
all_figures = {figure.__name__: figure for figure in (search, batch, clients, filtered, cold, memory, insert, vacuum)}
