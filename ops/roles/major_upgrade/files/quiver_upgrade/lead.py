"""HAProxy of this host leads clients to the other cluster the moment that the record says so. Runs beside a switch, on each host of the old cluster, as root.

In: seconds, to wait at most; when, old or new; to and away, servers by name; leader, of those in `to`. `now` waits for nothing.
"""
import json
import os
import pwd
import socket
import sys
import time

import psycopg2

ADMIN = os.environ.get("QUIVER_HAPROXY", "/run/haproxy/admin.sock")
SETTINGS = os.environ.get("QUIVER_HAPROXY_SETTINGS", "/etc/haproxy/haproxy.cfg")


def parts(settings):
    """The parts of HAProxy's configuration: all with servers; those that ask who leads; those that ask who stands by. The others follow one that asks."""
    every, write, read, name = [], [], [], ""
    for words in map(str.split, settings.splitlines()):
        if words[:1] == ["listen"]:
            name = words[1]
            every.append(name)
        elif words[:2] == ["http-check", "send"]:
            (write if words[words.index("uri") + 1] == "/primary" else read).append(name)
    return every, write, read


def commands(given, settings):
    """A server that is let in counts as up until it was asked, which takes half a second: those that are not what a part wants are down first."""
    every, write, read = parts(settings)
    for part in write + read:
        for server in given["away"]:
            yield "set server %s/%s state maint" % (part, server)
        for server in given["to"]:
            yield "set server %s/%s state ready" % (part, server)
            if (server == given["leader"]) != (part in write):
                yield "set server %s/%s health down" % (part, server)
    for part in every:
        for server in given["away"]:
            yield "shutdown sessions server %s/%s" % (part, server)


def tell(given):
    with socket.socket(socket.AF_UNIX) as admin:
        admin.settimeout(5)
        admin.connect(ADMIN)
        admin.sendall(("; ".join(commands(given, open(SETTINGS).read())) + "\n").encode())
        said = b"".join(iter(lambda: admin.recv(65536), b"")).decode().split()
    if said:
        raise SystemExit("HAProxy answers: " + " ".join(said))


def leads(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT leads FROM quiver_upgrade.state")
        return cursor.fetchone()[0]


def asked():
    """The server of this host, which replays what the old cluster's leader writes, as postgres: who asks is known by the account."""
    account = pwd.getpwnam("postgres")
    os.setegid(account.pw_gid)
    os.seteuid(account.pw_uid)
    try:
        connection = psycopg2.connect("host=/var/run/postgresql dbname=postgres user=postgres application_name=quiver_upgrade connect_timeout=2")
        connection.autocommit = True
        return connection
    finally:
        os.seteuid(0)
        os.setegid(0)


def main(given):
    end, connection = time.monotonic() + given["seconds"], None
    while not given.get("now") and time.monotonic() < end:
        try:
            connection = connection or asked()
            if leads(connection) == given["when"]:
                break
        except psycopg2.Error:
            connection = None
            time.sleep(0.3)
        time.sleep(0.03)
    else:
        if not given.get("now"):
            raise SystemExit("nothing changed within %d s" % given["seconds"])
    tell(given)
    print("led to the %s cluster at %.3f" % (given["when"], time.time()))


if __name__ == "__main__":
    main(json.load(sys.stdin))
