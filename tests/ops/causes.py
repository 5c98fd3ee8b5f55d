#!/usr/bin/python3
"""What an application does to a server when something is wrong with it: the causes of alerts.

usage: causes.py KIND DSN NUMBER      goes on until it is stopped

  sessions   NUMBER sessions that do nothing (a pool that leaks)
  clients    NUMBER clients that ask for a session and keep it (a pool that is too small); who is sent away asks again
  waiting    NUMBER sessions that wait for a lock that another one holds
  idle       a transaction that is left open, by a session that allows itself that
  deadlocks  NUMBER deadlocks of two sessions, then nothing
  rollbacks  NUMBER transactions that are rolled back, then nothing
  ages       the database `causes` has its oldest transaction NUMBER millions ago, whatever vacuum says of it
  ahead      a standby that copies from the server, and says that it has NUMBER MB more than there were
  load       NUMBER processes that wait as for a disk and need no processor: parents of children that never get to exec
"""
import ctypes
import os
import sys
import threading
import time

import psycopg2
import psycopg2.extras

kind, dsn, number = sys.argv[1], sys.argv[2], int(sys.argv[3])


def connect():
    made = psycopg2.connect(dsn)
    made.autocommit = True
    return made


def ask(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def keep():
    while True:
        try:
            connection = connect()
            while True:
                ask(connection, "SELECT 1")
                time.sleep(2)
        except psycopg2.Error:
            time.sleep(0.2)


def lock(keys):
    connection = connect()
    try:
        ask(connection, "BEGIN; SELECT pg_advisory_xact_lock(%d); SELECT pg_sleep(0.3); SELECT pg_advisory_xact_lock(%d); COMMIT" % keys)
    except psycopg2.errors.DeadlockDetected:
        pass
    connection.close()


def report_ahead(megabytes):
    connection = psycopg2.connect(dsn, connection_factory=psycopg2.extras.PhysicalReplicationConnection)
    cursor = connection.cursor()
    cursor.execute("IDENTIFY_SYSTEM")
    here = cursor.fetchone()[2]
    high, low = (int(part, 16) for part in here.split("/"))
    ahead = (high << 32 | low) + (megabytes << 20)
    cursor.start_replication(start_lsn=here)
    while True:
        while cursor.read_message():
            pass
        cursor.send_feedback(write_lsn=ahead, flush_lsn=ahead, apply_lsn=ahead, reply=False, force=True)
        time.sleep(1)


if kind == "sessions":
    kept = [connect() for _ in range(number)]
elif kind == "clients":
    for _ in range(number):
        threading.Thread(target=keep, daemon=True).start()
elif kind == "waiting":
    holder = connect()
    ask(holder, "SELECT pg_advisory_lock(4711)")
    for _ in range(number):
        threading.Thread(target=ask, args=(connect(), "SELECT pg_advisory_lock(4711)"), daemon=True).start()
elif kind == "idle":
    left = connect()
    ask(left, "SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT pg_current_xact_id()")
elif kind == "deadlocks":
    for pair in range(number):
        both = [threading.Thread(target=lock, args=(keys,)) for keys in ((1, 2), (2, 1))]
        for one in both:
            one.start()
        for one in both:
            one.join()
elif kind == "rollbacks":
    connection = connect()
    for _ in range(number):
        ask(connection, "BEGIN; SELECT 1; ROLLBACK")
elif kind == "ages":
    connection = connect()
    while True:
        ask(connection, "UPDATE pg_database SET datfrozenxid = mod(pg_current_xact_id()::text::numeric + 4294967296 - %d, 4294967296)::text::xid "
            "WHERE datname = 'causes'" % (number * 1000000))
        time.sleep(1)
elif kind == "ahead":
    report_ahead(number)
elif kind == "load":
    # Not CDLL: that would hand the interpreter's lock on, and both halves go on in one memory.
    system = ctypes.PyDLL(None)
    for _ in range(number):
        if os.fork() == 0 and system.vfork() == 0:
            while True:
                system.pause()
while True:
    time.sleep(1)
