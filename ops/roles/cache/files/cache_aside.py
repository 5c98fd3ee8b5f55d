#!/usr/bin/python3
"""The part of an application: a row from the cache, or from the database and then into the cache, never an old one for longer than the worker needs.

A value that was read before a change and stored after the cache forgot it would stay old. So who finds nothing takes a lease first, then reads, and stores
only while the lease is still there; the worker deletes both. Read from the leader: a standby may be behind what the cache forgot.

usage: cache_aside.py DSN REDIS-URL TABLE COLUMN VALUE...    an example: prints each row, and whether it came from the cache
"""
import json
import secrets
import sys

import redis


def key_of(name, *values):
    """As quiver_cache.row_changed() makes it."""
    return ":".join([name] + ["" if value is None else str(value).replace("%", "%25").replace(":", "%3A") for value in values])


class CacheAside:
    def __init__(self, cache, prefix="cache:", seconds=3600, lease=5):
        self.cache, self.prefix, self.seconds, self.lease = cache, prefix, seconds, lease
        self.hits = self.misses = self.stored = 0

    def get(self, key, load):
        """The value of the key; load() reads it from the database, and gives what json can write."""
        try:
            text = self.cache.get(self.prefix + "v:" + key)
            if text is not None:
                self.hits += 1
                return json.loads(text)
            token = secrets.token_bytes(12)
            mine = self.cache.set(self.prefix + "l:" + key, token, nx=True, px=int(self.lease * 1000))
        except redis.RedisError:
            # A cache that is away makes the database slower to reach, and nothing else.
            mine = False
        self.misses += 1
        value = load()
        if mine:
            try:
                self.stored += self.store(key, token, json.dumps(value))
            except redis.RedisError:
                pass
        return value

    def store(self, key, token, text):
        lease = self.prefix + "l:" + key
        with self.cache.pipeline() as pipe:
            pipe.watch(lease)
            if pipe.get(lease) != token:
                return False
            pipe.multi()
            pipe.set(self.prefix + "v:" + key, text, ex=self.seconds)
            pipe.unlink(lease)
            try:
                pipe.execute()
                return True
            except redis.WatchError:
                return False


def main(dsn, url, table, column, values):
    import psycopg2
    from psycopg2 import sql
    server = psycopg2.connect(dsn)
    server.autocommit = True
    aside = CacheAside(redis.Redis.from_url(url))

    def load(value):
        with server.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT to_jsonb(t) FROM {} AS t WHERE {}::text = %s").format(sql.Identifier(*table.split(".")), sql.Identifier(column)), (value,))
            row = cursor.fetchone()
            return row and row[0]

    for value in values:
        before = aside.hits
        row = aside.get(key_of(table.split(".")[-1], value), lambda: load(value))
        print("%s: %s" % ("cache" if aside.hits > before else "database", json.dumps(row)))


if __name__ == "__main__":
    main(*sys.argv[1:5], sys.argv[5:])
