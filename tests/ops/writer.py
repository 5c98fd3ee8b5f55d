#!/usr/bin/python3
"""A client that writes 50 numbered rows a second, each in a transaction of its own, and remembers which were acknowledged.

usage: writer.py DSN SECONDS TABLE [anew]    prints "running" when it is, then JSON: acknowledged, lost, doubtful, gap, gaps; SIGTERM ends its writing early

With "anew" it connects for each row, and writes 10 a second. DSN may be several with a | between them: where one fails, the next is tried.

The clock starts with the 25th acknowledged row, so that a fault that comes after "running" meets a writer at work.
A row is lost when the server said it was committed and it is not there at the end. A row whose commit was never answered is
doubtful: it may be there or not. The gap is the longest time between two acknowledgements.
"""
import json
import signal
import sys
import time

import psycopg2

dsns, seconds, table = sys.argv[1].split("|"), float(sys.argv[2]), sys.argv[3]
anew = sys.argv[4:] == ["anew"]
pause = 0.1 if anew else 0.02
connection = None
number = 0
acknowledged, doubtful, gaps = [], 0, []
last = None
errors = {}


def connect():
    made = psycopg2.connect(dsns[0])
    made.autocommit = True
    with made.cursor() as cursor:
        cursor.execute("SET statement_timeout = '3s'")
    return made


end = time.monotonic() + 120
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
running = False
while time.monotonic() < end and not stopped:
    began = time.monotonic()
    sent = False
    try:
        if connection is None:
            connection = connect()
        number += 1
        with connection.cursor() as cursor:
            sent = True
            cursor.execute("INSERT INTO %s VALUES (%%s)" % table, (number,))
        now = time.monotonic()
        # With no standby to wait for, or a cancelled wait, the server warns: then nothing was promised.
        if any("may not have been replicated" in notice for notice in connection.notices):
            doubtful += 1
        else:
            acknowledged.append(number)
            if running and now - last > 0.25:
                gaps.append(round(now - last, 2))
            last = now
        connection.notices.clear()
        if not running and len(acknowledged) >= 25:
            running = True
            end = now + seconds
            print("running", flush=True)
        if anew:
            connection.close()
            connection = None
        time.sleep(max(0.0, pause - (now - began)))
    except psycopg2.Error as error:
        doubtful += sent
        kind = type(error).__name__ + ": " + str(error).strip().split("\n")[0][:80]
        errors[kind] = errors.get(kind, 0) + 1
        if connection is not None:
            connection.close()
        connection = None
        dsns.append(dsns.pop(0))
        time.sleep(0.05)

if running and time.monotonic() - last > 0.25:
    gaps.append(round(time.monotonic() - last, 2))
present = None
for _ in range(120):
    try:
        with connect().cursor() as cursor:
            cursor.execute("SELECT n FROM %s" % table)
            present = {row[0] for row in cursor}
        break
    except psycopg2.Error:
        time.sleep(0.5)
lost = None if present is None else sum(1 for n in acknowledged if n not in present)
print(json.dumps({"acknowledged": len(acknowledged), "lost": lost, "doubtful": doubtful, "gap": max(gaps, default=0.0), "gaps": gaps,
                  "errors": errors}))
