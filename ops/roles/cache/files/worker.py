#!/usr/bin/python3
"""Makes the cache forget rows that changed: takes their keys from the outbox of one database, deletes them in Redis, then in the outbox.

usage: quiver-cache-worker CONFIGURATION    JSON: dsn, redis (as redis.Redis takes it), prefix, batch, patience

A row of the outbox is deleted only in the transaction that saw Redis forget its key. Whoever dies in between, the key is deleted again, which harms nobody. A
server on another timeline than the one that filled the cache may have lost what was cached: the whole cache is forgotten then.
"""
import json
import select
import sys
import time

import psycopg2
import redis


def say(text):
    print(text, file=sys.stderr, flush=True)


class Worker:
    def __init__(self, given):
        self.given = given
        self.prefix = given["prefix"]
        # A cache that does not answer within a second is away; the outbox waits.
        self.cache = redis.Redis(**{"socket_timeout": 1, "socket_connect_timeout": 1, **given["redis"]})
        self.server = None

    def connect(self):
        self.server = psycopg2.connect(self.given["dsn"])
        with self.server, self.server.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = '30s'; SET lock_timeout = '5s'; LISTEN quiver_cache")
            cursor.execute("SELECT system_identifier::text || ' ' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) FROM pg_control_system()")
            timeline = cursor.fetchone()[0]
        known = self.cache.get(self.prefix + "t")
        if known is None or known.decode() != timeline:
            if known is not None:
                say("the server is on another timeline: %s, not %s; all is forgotten" % (timeline, known.decode()))
            self.forget_all("")
            self.cache.set(self.prefix + "t", timeline)

    def forget_all(self, name):
        """Values and leases whose keys begin with name."""
        for kind in "vl":
            for keys in batches(self.cache.scan_iter(match=escape(self.prefix + kind + ":" + name) + "*", count=1000), 500):
                self.cache.unlink(*keys)

    def forget(self, keys):
        """The value, and the leases of those who read the row before it changed and have not stored it yet."""
        self.cache.unlink(*(self.prefix + kind + ":" + key for key in keys for kind in "vl"))

    def step(self):
        """One batch of the outbox; how many rows it had."""
        with self.server, self.server.cursor() as cursor:
            cursor.execute("SELECT id, key, every FROM quiver_cache.outbox ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED", (int(self.given["batch"]),))
            rows = cursor.fetchall()
            keys = {key for _, key, every in rows if not every}
            if keys:
                self.forget(keys)
            for name in {key for _, key, every in rows if every}:
                self.forget_all(name)
            if rows:
                cursor.execute("DELETE FROM quiver_cache.outbox WHERE id = ANY(%s)", ([row[0] for row in rows],))
        return len(rows)

    def wait(self):
        if not self.server.notifies:
            select.select([self.server], [], [], float(self.given["patience"]))
        self.server.poll()
        self.server.notifies.clear()

    def run(self):
        while True:
            try:
                if self.server is None:
                    self.connect()
                if self.step() == 0:
                    self.wait()
            except (psycopg2.Error, redis.RedisError) as error:
                say("%s: %s" % (type(error).__name__, str(error).strip().split("\n")[0]))
                if self.server is not None:
                    self.server.close()
                self.server = None
                time.sleep(0.5)


def batches(items, size):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def escape(text):
    return "".join("\\" + c if c in "*?[]\\" else c for c in text)


if __name__ == "__main__":
    with open(sys.argv[1]) as source:
        Worker(json.load(source)).run()
