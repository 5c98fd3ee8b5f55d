#!/usr/bin/python3
"""Were there ever two servers that took writes at the same moment?

usage: leaders.py watch DSN        asks one server four times a second, prints "FROM TO" for each answer that it leads (seconds of the machine)
       leaders.py judge FILE...    joins each server's answers to spans, prints JSON: spans, and overlaps between servers

Two servers overlap when one answered that it leads before and after a moment at which the other did. What lies between two answers of one
server is counted to its span when they are less than a second apart, and only what was answered counts: this finds no overlap that was not there.
"""
import json
import sys
import time


def watch(dsn):
    import psycopg2
    connection = None
    while True:
        began = time.monotonic()
        try:
            if connection is None:
                connection = psycopg2.connect(dsn, connect_timeout=1, options="-c statement_timeout=800")
                connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT NOT pg_is_in_recovery()")
                if cursor.fetchone()[0]:
                    print("%.3f %.3f" % (began, time.monotonic()), flush=True)
        except psycopg2.Error:
            connection = None
        time.sleep(max(0.0, 0.25 - (time.monotonic() - began)))


def judge(names):
    spans = {}
    for name in names:
        mine = spans.setdefault(name.rsplit("/", 1)[-1], [])
        for line in open(name):
            # The truth of an answer lies between the question and the answer: sure is only what lies between two answers.
            began, ended = map(float, line.split())
            if mine and began - mine[-1][1] < 1:
                mine[-1][1] = began
                mine[-1][2] = ended
            else:
                mine.append([ended, ended, ended])
    overlaps = [{"hosts": [a, b], "seconds": round(min(x[1], y[1]) - max(x[0], y[0]), 2)}
                for a in spans for b in spans if a < b for x in spans[a] for y in spans[b] if min(x[1], y[1]) > max(x[0], y[0])]
    print(json.dumps({"spans": sum(map(len, spans.values())), "overlaps": overlaps}))


if sys.argv[1] == "watch":
    watch(sys.argv[2])
else:
    judge(sys.argv[2:])
