"""What the tests of ops/migrate share: folders of migrations, the command, clients that measure how long they wait."""
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time

import psycopg2

COMMAND = str(pathlib.Path(__file__).resolve().parents[3] / "ops" / "migrate")


def ask(statement, dsn="dbname=app"):
    """The first value, or None."""
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None
    finally:
        connection.close()


def fresh(statements=""):
    """The database app, new."""
    ask("DROP DATABASE IF EXISTS app WITH (FORCE)", "dbname=postgres")
    ask("CREATE DATABASE app", "dbname=postgres")
    if statements:
        ask(statements)


def folder(**migrations):
    """folder(n001_name={"up": SQL, ...}) as a folder of files; its path."""
    root = pathlib.Path(tempfile.mkdtemp(dir=os.environ["MIGRATIONS_WORK"]))
    add(root, **migrations)
    return root


def add(root, **migrations):
    for name, files in migrations.items():
        (root / name[1:]).mkdir(exist_ok=True)
        for file, text in files.items():
            (root / name[1:] / (file + ".sql")).write_text(text)


def start(command, root, *options, dsn="dbname=app"):
    return subprocess.Popen([COMMAND, command, str(root), dsn] + list(options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Ended:
    def __init__(self, process, when_it_says="", times=1, then=None):
        """then: called when it has said that so many times."""
        said = []
        for line in process.stderr:
            said.append(line)
            times -= bool(when_it_says) and when_it_says in line
            if then and times == 0:
                then()
                then = None
        self.out, self.said = process.stdout.read(), "".join(said)
        process.wait()
        self.status = process.returncode
        self.json = json.loads(self.out) if self.out.startswith("{") else None

    def __repr__(self):
        return "status %s\n%s\n%s" % (self.status, self.out, self.said)


def run(command, root, *options, dsn="dbname=app"):
    return Ended(start(command, root, *options, dsn=dsn))


class Holder:
    """A client that reads, and does not end its transaction before it is told to."""

    def __init__(self, statement):
        self.connection = psycopg2.connect("dbname=app")
        self.connection.cursor().execute(statement)

    def end(self):
        self.connection.close()


def until(statement, dsn="dbname=app", seconds=60):
    """Whether it gives true within that time: what a test waits for, and never how long."""
    end_at = time.monotonic() + seconds
    while not ask(statement, dsn):
        if time.monotonic() > end_at:
            return False
        time.sleep(0.05)
    return True


class Clients:
    """Short statements one after the other, each with the time that it took; `longest` is the longest of them."""

    def __init__(self, statement, every=0.005):
        self.statement, self.every, self.longest, self.count, self.over = statement, every, 0.0, 0, threading.Event()
        self.threads = [threading.Thread(target=self.work) for _ in range(3)]

    def work(self):
        connection = psycopg2.connect("dbname=app")
        connection.autocommit = True
        with connection.cursor() as cursor:
            while not self.over.is_set():
                began = time.monotonic()
                cursor.execute(self.statement)
                self.longest = max(self.longest, time.monotonic() - began)
                self.count += 1
                time.sleep(self.every)
        connection.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()
