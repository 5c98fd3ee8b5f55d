"""HAProxy of this host leads clients to the other cluster the moment that the record says so. Runs beside a switch, on each host of the old cluster, as root.

Where a switch closed the old cluster and is not heard of any more, the one on the old leader's host takes it back.

In: local, how to reach the server of this host; gap, the seconds that a switch may hold writes; seconds, to wait at most; when, old or new; to and away,
servers by name; leader, of those in `to`. `now` waits for nothing.
"""
import json
import os
import pwd
import socket
import subprocess
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


def asked(local):
    """The server of this host, which replays what the old cluster's leader writes, as postgres: who asks is known by the account."""
    root = os.geteuid() == 0
    if root:
        account = pwd.getpwnam("postgres")
        os.setegid(account.pw_gid)
        os.seteuid(account.pw_uid)
    try:
        connection = psycopg2.connect(local, dbname="postgres", application_name="quiver_upgrade", connect_timeout=2)
        connection.autocommit = True
        return connection
    finally:
        if root:
            os.seteuid(0)
            os.setegid(0)


def seen(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT leads, attempt, pg_is_in_recovery() FROM quiver_upgrade.state")
        return cursor.fetchone()


def take_back(local):
    """The program that closed the old cluster was not heard of in time: its host is gone, or cut off. This is the old cluster's leader, and its record counts."""
    done = subprocess.run([sys.executable, "-m", "quiver_upgrade", "undo"], input=json.dumps({"old": {"reach": local}}), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, preexec_fn=as_postgres)
    print("not heard of in time: " + done.stdout.strip(), flush=True)


def as_postgres():
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)


def main(given):
    end, connection, attempt, since = time.monotonic() + given["seconds"], None, None, 0.0
    while not given.get("now"):
        if time.monotonic() > end:
            raise SystemExit("nothing changed within %d s" % given["seconds"])
        try:
            connection = connection or asked(given["local"])
            who, trying, standby = seen(connection)
            if who == given["when"]:
                break
            if trying != attempt:
                attempt, since = trying, time.monotonic()
            if attempt and given["when"] == "new" and not standby and time.monotonic() - since > given["gap"] + 1:
                take_back(given["local"])
                attempt = None
        except psycopg2.Error:
            connection = None
            time.sleep(0.3)
        time.sleep(0.03)
    tell(given)
    print("led to the %s cluster at %.3f" % (given["when"], time.time()))


if __name__ == "__main__":
    main({name: int(value) if name in ("seconds", "gap") else value for name, value in json.load(sys.stdin).items()})
