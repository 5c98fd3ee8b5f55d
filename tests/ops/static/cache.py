#!/usr/bin/python3
"""No value in the cache stays older than its row, whatever dies: the worker, Redis, or a reader between reading and storing.

usage: cache.py FOLDER ROLE-FILES    on the server that PGHOST names; FOLDER has outbox.sql, ROLE-FILES worker.py and cache_aside.py
"""
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import psycopg2
import redis

import expected
from expected import expect

folder, files = sys.argv[1:3]
spec = importlib.util.spec_from_file_location("cache_aside", files + "/cache_aside.py")
cache_aside = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cache_aside)
key_of = cache_aside.key_of
random.seed(6)
def psql(text, *options):
    done = subprocess.run(["psql", "-Xq", "-At", "-v", "ON_ERROR_STOP=1", *options, "-f", "-"], input=text, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr)
        sys.exit(1)
    return done.stdout.strip()


class Redis:
    """Debian's server is one program by several names, of which redis-tools has this one."""
    program = next(path for path in ("/usr/bin/redis-server", "/usr/bin/redis-check-rdb") if os.path.exists(path))
    path = folder + "/redis.sock"

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "", "--dir", folder],
                                        executable=self.program, stdout=subprocess.DEVNULL)
        self.client = redis.Redis(unix_socket_path=self.path, socket_timeout=5)
        until(lambda: self.answers())

    def answers(self):
        try:
            return self.client.ping()
        except redis.RedisError:
            return False

    def end(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        if how == signal.SIGKILL:
            self.process.wait()


class Worker:
    def start(self):
        self.process = subprocess.Popen(["/usr/bin/python3", files + "/worker.py", folder + "/worker.json"], stderr=open(folder + "/worker.log", "a"))

    def kill(self):
        self.process.kill()
        self.process.wait()


def until(done, seconds=20):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def connect(**given):
    made = psycopg2.connect(**given)
    made.autocommit = True
    return made


def ask(statement, *values):
    with server.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else None


def one(statement, *values):
    return ask(statement, *values)[0][0]


def drained(seconds=20):
    return until(lambda: one("SELECT count(*) FROM quiver_cache.outbox") == 0, seconds)


def cached(key):
    text = store.client.get("cache:v:" + key)
    return None if text is None else json.loads(text)


# The outbox is made, once, and by --check not at all.
psql("CREATE TABLE item (id bigint PRIMARY KEY, version bigint NOT NULL); INSERT INTO item SELECT n, 0 FROM generate_series(1, 50) AS n;"
     "CREATE TABLE \"odd 'name'\" (a text, \"b 'c'\" int, note text, PRIMARY KEY (a, \"b 'c'\")); CREATE ROLE cache LOGIN; CREATE ROLE writer LOGIN;"
     "GRANT ALL ON ALL TABLES IN SCHEMA public TO writer")
with open(folder + "/outbox.sql") as source:
    outbox = source.read()
expect("--check lists an outbox, a right and four triggers", 6, len(psql(outbox, "-v", "look=on", "-v", "worker=cache").split("\n")))
expect("and makes nothing", "", psql("SELECT to_regnamespace('quiver_cache')"))
expect("they are made", 6, len(psql(outbox, "-v", "look=off", "-v", "worker=cache").split("\n")))
expect("and nothing is the second time", "", psql(outbox, "-v", "look=off", "-v", "worker=cache"))

server = connect()
writer = connect(user="writer")


def write(statement, *values):
    with writer.cursor() as cursor:
        cursor.execute(statement, values or None)


def keys():
    found = [(key, every) for key, every in ask("SELECT key, every FROM quiver_cache.outbox ORDER BY id")]
    ask("TRUNCATE quiver_cache.outbox")
    return found


write("UPDATE item SET version = 1 WHERE id = 7")
expect("an account with no right to the outbox changes a row", [("item:7", False)], keys())
write("UPDATE item SET id = 1000 WHERE id = 7")
expect("a row that gets another key: both", {("item:7", False), ("item:1000", False)}, set(keys()))
write("DELETE FROM item WHERE id = 1000")
write("INSERT INTO item VALUES (7, 2)")
expect("a row that goes or comes", [("item:1000", False), ("item:7", False)], keys())
write("INSERT INTO \"odd 'name'\" VALUES ('x:y%', 3, 'note')")
expect("a key of two columns is that of the application", [(key_of("odd", "x:y%", 3), False)], keys())
write("TRUNCATE \"odd 'name'\"")
expect("TRUNCATE is all of them", [("odd:", True)], keys())
with writer.cursor() as cursor:
    cursor.execute("BEGIN; UPDATE item SET version = 3; ROLLBACK")
expect("what is rolled back leaves nothing", [], keys())
for table, right in (("quiver_cache.outbox", "INSERT"), ("item", "SELECT")):
    expect("the worker may not %s %s" % (right, table), False, one("SELECT has_table_privilege('cache', %s, %s)", table, right))

store, worker = Redis(), Worker()
store.start()
with open(folder + "/worker.json", "w") as out:
    json.dump({"dsn": "user=cache application_name=quiver-cache-worker", "redis": {"unix_socket_path": store.path}, "prefix": "cache:", "batch": 20,
               "patience": 1}, out)
store.client.set("cache:v:item:1", "\"of another life\"")
worker.start()
expect("a worker that never was here empties the cache", True, until(lambda: store.client.get("cache:t") is not None and cached("item:1") is None))

reader_server = connect()


def load(number):
    with reader_server.cursor() as cursor:
        cursor.execute("SELECT version FROM item WHERE id = %s", (number,))
        row = cursor.fetchone()
        return row and row[0]


def client():
    return cache_aside.CacheAside(redis.Redis(unix_socket_path=store.path, socket_timeout=1), seconds=600)


aside = client()
ask("UPDATE item SET version = 1 WHERE id = 1")
drained()
expect("not in the cache: from the database", (1, 1, 0), (aside.get("item:1", lambda: load(1)), aside.stored, aside.hits))
expect("then from the cache", (1, 1), (aside.get("item:1", lambda: load(1)), aside.hits))
ask("UPDATE item SET version = 2 WHERE id = 1")
began = time.monotonic()
expect("a change is forgotten", True, until(lambda: cached("item:1") is None))
print("# told of a change, the worker had the cache forget it after %.0f ms" % ((time.monotonic() - began) * 1000))


# A reader that is slow: it reads, the row changes, the cache forgets, and only then the reader would store.
def slow():
    value = load(2)
    ask("UPDATE item SET version = version + 1 WHERE id = 2")
    drained()
    return value


before = one("SELECT version FROM item WHERE id = 2")
expect("it gets what it read", before, aside.get("item:2", slow))
expect("and stores nothing, for it is old", None, cached("item:2"))
expect("the next one stores the new", (before + 1, before + 1), (aside.get("item:2", lambda: load(2)), cached("item:2")))
store.client.set("cache:v:item:2", json.dumps(slow()))
expect("without the lease it would have stayed old: this test can fail", True, cached("item:2") != one("SELECT version FROM item WHERE id = 2"))
store.client.delete("cache:v:item:2")

# TRUNCATE forgets a table's keys and no other's.
store.client.mset({"cache:v:odd:a:1": "1", "cache:v:odd:b:2": "2", "cache:v:oddly:1": "3", "cache:v:item:9": "4"})
ask("TRUNCATE \"odd 'name'\"")
drained()
expect("TRUNCATE: its own keys", [None, None, 3, 4], [cached(key) for key in ("odd:a:1", "odd:b:2", "oddly:1", "item:9")])

# Redis stands still while a row changes: nothing is lost, and what it has is forgotten when it goes on.
expect("cached", True, aside.get("item:3", lambda: load(3)) is not None and cached("item:3") is not None)
store.end(signal.SIGSTOP)
ask("UPDATE item SET version = version + 1 WHERE id = 3")
time.sleep(2.5)
expect("while Redis stands still the outbox waits", 1, one("SELECT count(*) FROM quiver_cache.outbox WHERE key = 'item:3'"))
began = time.monotonic()
expect("an application goes on without it", load(3), client().get("item:3", lambda: load(3)))
expect("within two seconds", True, time.monotonic() - began < 2)
store.end(signal.SIGCONT)
expect("then it forgets", True, drained() and cached("item:3") is None)

# The worker is away while rows change, more than a batch of them.
for number in range(1, 51):
    aside.get("item:%d" % number, lambda: load(number))
worker.kill()
ask("UPDATE item SET version = version + 1")
expect("without a worker they are old: this test can fail", 50, sum(cached("item:%d" % n) is not None for n in range(1, 51)))
worker.start()
expect("with one again they are forgotten", True, drained() and not any(cached("item:%d" % n) is not None for n in range(1, 51)))

# All at once: writers, readers, and a worker that is killed again and again, and a Redis too.
stop = threading.Event()
reads, served, torn, changes = [0], [0], [], []


def writes():
    with connect().cursor() as cursor:
        while not stop.is_set():
            cursor.execute("UPDATE item SET version = version + 1 WHERE id = %s", (random.randint(1, 20),))
            changes.append(1)
            time.sleep(0.01)


def looks():
    own, mine = connect(), client()
    with own.cursor() as cursor:
        def row(number):
            cursor.execute("SELECT version FROM item WHERE id = %s", (number,))
            value = cursor.fetchone()[0]
            time.sleep(random.random() * 0.01)
            return value
        while not stop.is_set():
            number = random.randint(1, 20)
            try:
                mine.get("item:%d" % number, lambda: row(number))
            except (psycopg2.Error, ValueError) as error:
                torn.append(str(error))
            reads[0] += 1
            time.sleep(0.001)
        served[0] += mine.hits


threads = [threading.Thread(target=work) for work in (writes, writes, looks, looks, looks)]
for thread in threads:
    thread.start()
kills = 0
end = time.monotonic() + 12
while time.monotonic() < end:
    time.sleep(random.random() * 0.6)
    kills += 1
    worker.kill()
    if kills % 5 == 0:
        store.end()
        store.start()
    worker.start()
stop.set()
for thread in threads:
    thread.join()
expect("no reader saw an error", [], torn)
expect("the outbox is emptied", True, drained(30))
old = [n for n in range(1, 21) if cached("item:%d" % n) not in (None, one("SELECT version FROM item WHERE id = %s", n))]
expect("and nothing in the cache is old", [], old)
print("# %d reads, %d from the cache, %d changes; the worker killed %d times, Redis %d times" % (reads[0], served[0], len(changes), kills, kills // 5))
expect("the cache was of use, and rows changed under it", (True, True), (served[0] > 100, len(changes) > 100))

# Another timeline: what a failover may have lost is not served.
aside.get("item:4", lambda: load(4))
store.client.set("cache:t", "another 00000009")
worker.kill()
worker.start()
expect("a server on another timeline empties the cache", True, until(lambda: cached("item:4") is None and store.client.get("cache:t") != b"another 00000009"))
worker.kill()

with open(files + "/gone.sql") as source:
    gone = source.read()
expect("uncache.yml --check lists four triggers and the schema", 5, len(psql(gone, "-v", "look=on").split("\n")))
psql(gone, "-v", "look=off")
expect("they go", "0", psql("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'quiver_cache%'"))
done = subprocess.run(["/usr/bin/python3", files + "/cache_aside.py", "", "unix://" + store.path, "public.item", "id", "5", "5"], capture_output=True, text=True)
expect("the example reads a row, then finds it", ["database", "cache"], [line.split(":")[0] for line in done.stdout.split("\n") if line] or done.stderr)
store.end()
expected.end()
