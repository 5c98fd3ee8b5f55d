"""Builds in control groups of three sizes, in the server that tight.sh started; the table goes to standard output.

The needed memory is the size of the index, about what its graph takes. Each group has a part of that, and `base` for
the server's buffers, its processes and the table's pages on their way. What is in the system's cache before is
dropped, so that it is the group's to pay for. maintenance_work_mem is the same part.
"""
import datetime, os, platform, subprocess, sys, time
import database as db
import figures
from database import Set, psql

buffers, room = int(os.environ["BUFFERS"]), int(os.environ["ROOM"])
base = (buffers + room) << 20
parts = [int(part) for part in os.environ["PARTS"].split()]
data_directory = os.environ["PGDATA"]


class Group:
    """A control group, of either version of the interface."""

    def __init__(self):
        root = "/sys/fs/cgroup"
        self.old = os.path.isdir(root + "/memory")
        if not self.old:
            with open(root + "/cgroup.subtree_control", "w") as file:
                file.write("+memory")
        self.path = f"{root}/memory/quiver.{os.getpid()}" if self.old else f"{root}/quiver.{os.getpid()}"
        os.mkdir(self.path)

    def limit(self, size):
        with open(self.path + ("/memory.limit_in_bytes" if self.old else "/memory.max"), "w") as file:
            file.write(str(size))

    def remove(self):
        for _ in range(50):
            try:
                os.rmdir(self.path)
                return
            except OSError:
                time.sleep(0.1)


def control(*words, group=None):
    """pg_ctl, in a group if there is one."""
    program = os.path.join(os.path.dirname(subprocess.check_output(["which", "postgres"], text=True).strip()), "pg_ctl")
    enter = f"echo $$ >{group.path}/cgroup.procs; " if group else ""
    subprocess.run(["sh", "-c", enter + 'cd / && exec setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"', "sh",
                    program, "-D", data_directory, "-s", "-w", *words], check=True, stdout=subprocess.DEVNULL)


def drop_cached():
    os.sync()
    for folder, _, files in os.walk(data_directory):
        for name in files:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            except OSError:
                pass


def build_in(data, side, database, size, memory):
    """Seconds of a build in a group of that size; the server is outside again afterwards."""
    psql("DROP INDEX IF EXISTS nearest; CHECKPOINT", database)
    control("-m", "fast", "stop")
    drop_cached()
    group = Group()
    try:
        group.limit(size)
        control("-l", data_directory + "/server.log", "start", group=group)
        setup = f"SET maintenance_work_mem = '{memory >> 10}kB'; SET max_parallel_maintenance_workers = {db.workers};"
        wall, processor = db.timed(db.index_definition(data, side), database, setup)
        control("-m", "fast", "stop")
    finally:
        group.remove()
    control("-l", data_directory + "/server.log", "start")
    return wall, processor


def recall(data, database):
    psql("SELECT pg_prewarm('base', 'read'), pg_prewarm('nearest', 'read')", database)
    return figures.searches(data, database, setup=db.settings(100), statement=data.nearest)["recall"]


def main():
    rows = []
    for name in os.environ["SETS"].split():
        data = Set(name)
        for side in os.environ["SIDES"].split():
            database = db.load(data, side)
            db.build(data, side, database)
            need = int(db.value("SELECT pg_relation_size('nearest')", database))
            first = None
            for part in parts:
                wall, processor = build_in(data, side, database, base + need // part + (8 << 20), need // part + (8 << 20))
                first = first or wall
                rows.append(f"| {name}, {side}, {'all' if part == 1 else f'1/{part}'} of {need >> 20} MB | {wall:.1f} | {wall / first:.2f}× "
                            f"| {processor:.1f} | {recall(data, database):.3f} |")
                print(rows[-1], file=sys.stderr, flush=True)
            psql("DROP TABLE base, query", database)
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    print(f"""# hnsw, built where memory is short

Written by `WRITE=1 bench/hnsw/tight.sh`, commit {os.environ["BENCH_COMMIT"]}, {datetime.date.today()}, on {os.cpu_count()} × {processor}, load average {os.getloadavg()[1]:.1f};
{db.value("SHOW server_version", "postgres")}, {db.workers} workers, m 16, ef_construction 64. The server is in a control group of {buffers} MB for its buffers, {room} MB for its processes and
the table's pages, and the part of the index's size that is named, which maintenance_work_mem has too. Recall@10 is at ef_search 100.

| build | s | against all | its processor s | recall |
|---|---:|---:|---:|---:|
""" + "\n".join(rows))


main()
