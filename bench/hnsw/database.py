"""The server side of the hnsw benchmark: psql, the client program, the sides that are compared."""
import os, re, shlex, subprocess, sys, time

client_program = os.environ["BENCH_PROGRAMS"] + "/client"
ours = os.environ.get("OURS", "quiver")  # `vector` runs pgvector as ours, to try the harness
workers = os.environ.get("WORKERS", str(max(0, os.cpu_count() - 1)))
builds = int(os.environ.get("BUILDS", "3"))
build_memory = os.environ.get("BUILD_MEMORY", "2GB")
coded = os.environ.get("CODED", "quantizer = rabitq")

# A side: its database's extension, the index's options beyond m and ef_construction, the attribute columns in it.
sides = {
    "pgvector": ("vector", "", ""),
    "plain": (ours, "", ""),
    "codes": (ours, coded, ""),
    "codes_heap": (ours, coded + ", rerank = heap", ""),
    "attributes": (ours, coded, ", g10, g100, g1000"),
    # Layouts (docs/hnsw_layouts.md): codes read from their pages, and codes of other widths.
    "codes_pages": (ours, coded, ""),
    **{f"codes_{bits}bit": (ours, f"{coded}, bits = {bits}", "") for bits in (1, 2, 4, 8)},
}
if ours == "vector":
    sides = {name: (extension, "", "") for name, (extension, _, _) in sides.items()}


def psql(statement, database="postgres", quiet=True):
    """Rows as lists of text; the program stops at an error."""
    done = subprocess.run(["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database], input=statement,
                          capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{database}: {statement}\n{done.stderr}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def value(statement, database):
    return psql(statement, database)[0][0]


def client(command, database, **arguments):
    """Run the client; its last line as a dictionary of numbers."""
    done = subprocess.run([client_program, command] + [f"{key}={text}" for key, text in arguments.items()],
                          capture_output=True, text=True, env=dict(os.environ, PGDATABASE=database))
    if done.returncode:
        raise RuntimeError(f"{command} {arguments}\n{done.stderr}")
    return {key: float(number) for key, number in (pair.split("=") for pair in done.stdout.split())}


def children_seconds():
    """Processor time of the postmaster's children that have ended: backends and their workers."""
    with open(os.environ["PGDATA"] + "/postmaster.pid") as file:
        pid = file.readline().strip()
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def timed(statement, database, setup=""):
    """Seconds of one statement in a session of its own, by the wall and by its processes."""
    processor = children_seconds()
    out = psql(f"{setup}\n\\timing on\n{statement};", database)
    times = [line[0] for line in out if line[0].startswith("Time: ")]
    time.sleep(0.2)  # for the postmaster to notice that the session is gone
    return float(re.match(r"Time: ([\d.]+) ms", times[-1])[1]) / 1000, children_seconds() - processor


def restart(cold=False):
    """Stop and start the server; cold also empties the system's cache where that is allowed."""
    control = os.path.join(os.path.dirname(subprocess.check_output(["which", "postgres"], text=True).strip()), "pg_ctl")
    account = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] if os.getuid() == 0 else []
    run = lambda *words: subprocess.run(account + [control, "-D", os.environ["PGDATA"], "-s", "-w", *words], check=True, cwd="/",
                                        stdout=subprocess.DEVNULL)
    run("-m", "fast", "stop")
    emptied = False
    if cold:
        os.sync()
        try:
            with open("/proc/sys/vm/drop_caches", "w") as file:
                file.write("1\n")
            emptied = True
        except OSError:
            pass
    run("-l", os.environ["PGDATA"] + "/server.log", "start")
    return emptied


class Set:
    """A data set: its files and what the statements need to know of it."""

    def __init__(self, name):
        self.name, self.folder = name, os.path.join(os.environ["BENCH_CACHE"], name)
        with open(f"{self.folder}/metric", encoding="utf-8") as file:
            metric, rows, dimensions = file.read().split()
        self.cosine, self.rows, self.dimensions = metric == "cosine", int(rows), int(dimensions)
        self.operator = "<=>" if self.cosine else "<->"
        self.operator_class = "vector_cosine_ops" if self.cosine else "vector_l2_ops"
        self.nearest = f"SELECT id FROM base ORDER BY v {self.operator} $1 LIMIT 10"

    def file(self, name):
        return f"{self.folder}/{name}"


def load(data, side):
    """A fresh table with the base in it; returns the database."""
    extension = sides[side][0]
    database = "bench_" + extension
    if not psql(f"SELECT 1 FROM pg_database WHERE datname = '{database}'"):
        psql(f"CREATE DATABASE {database}")
        psql(f"CREATE EXTENSION {extension}; CREATE EXTENSION pg_prewarm", database)
    if extension != "vector":
        psql(f"ALTER DATABASE {database} SET quiver.hnsw_use_copy = {'off' if side == 'codes_pages' else 'on'}")
    psql(f"""DROP TABLE IF EXISTS base, query;
        CREATE TABLE base (id int, v vector({data.dimensions}), g10 int, g100 int, g1000 int) WITH (autovacuum_enabled = off);
        CREATE TABLE query (id int, v vector({data.dimensions}), g10 int, g100 int, g1000 int)""", database)
    for table in ("base", "query"):
        client("load", database, vectors=data.file(table), copy=f"COPY {table} FROM STDIN (FORMAT binary)")
    psql("VACUUM (FREEZE, ANALYZE) base; VACUUM (FREEZE, ANALYZE) query; CHECKPOINT", database)
    return database


def index_definition(data, side):
    options = "m = 16, ef_construction = 64" + (", " + sides[side][1] if sides[side][1] else "")
    return f"CREATE INDEX nearest ON base USING hnsw (v {data.operator_class}{sides[side][2]}) WITH ({options})"


def build(data, side, database, memory=build_memory):
    psql("DROP INDEX IF EXISTS nearest", database)
    setup = f"SET maintenance_work_mem = '{memory}'; SET max_parallel_maintenance_workers = {workers};"
    wall, processor = timed(index_definition(data, side), database, setup)
    psql("SELECT pg_prewarm('base'), pg_prewarm('nearest'); CHECKPOINT", database)
    return wall, processor


def settings(ef, *more):
    return "; ".join(["SET enable_seqscan = off", "SET plan_cache_mode = force_generic_plan", f"SET hnsw.ef_search = {ef}", *more])
