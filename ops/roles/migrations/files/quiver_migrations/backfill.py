"""Rows changed in batches: over the keys of a table in their order, each batch a transaction, the last key of each kept where the next run finds it."""
import time

import psycopg2.extensions
from psycopg2 import sql

from . import lexer

NEXT = """SELECT (array_agg(k ORDER BY k))[1]::text, (array_agg(k ORDER BY k))[count(*)]::text
    FROM (SELECT {column} AS k FROM {table} {beyond} ORDER BY {column} LIMIT {batch}) AS batch"""


class Walked:
    def __init__(self):
        self.rows, self.batches, self.longest = 0, 0, 0.0


def literal(connection, value):
    adapted = psycopg2.extensions.adapt(value)
    adapted.prepare(connection)
    return adapted.getquoted().decode(connection.encoding if connection.encoding != "UTF8" else "utf-8")


def keys(connection, cursor, script, batch, position):
    """The first and the last key of the batch behind `position`; None when there is none."""
    table, column = script.over
    beyond = "WHERE %s > %s" % (column, literal(connection, position)) if position is not None else ""
    cursor.execute(NEXT.format(table=table, column=column, beyond=beyond, batch=int(batch)))
    return cursor.fetchone()


def change(connection, cursor, script, first, last):
    """One batch, in the open transaction; how many rows it changed."""
    cursor.execute(lexer.filled(script.statements[0], {"from": literal(connection, first), "to": literal(connection, last)}))
    return max(cursor.rowcount, 0)


def walk(connection, script, batch, role=None, position=None, before=None, inside=None, again=None):
    """All batches behind `position`. before(): called ahead of each, where others are let ahead; inside(cursor, last key, rows): in its transaction, before the
    COMMIT; again(error, tries): whether a batch that failed is tried once more."""
    walked, tries = Walked(), 0
    with connection.cursor() as cursor:
        while True:
            if before:
                before()
            began = time.monotonic()
            cursor.execute("BEGIN")
            try:
                if role:
                    cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
                first, last = keys(connection, cursor, script, batch, position)
                if last is None:
                    cursor.execute("ROLLBACK")
                    return walked
                rows = change(connection, cursor, script, first, last)
                if inside:
                    cursor.execute("RESET ROLE")
                    inside(cursor, last, rows)
                cursor.execute("COMMIT")
            except psycopg2.Error as error:
                if connection.closed:
                    raise
                cursor.execute("ROLLBACK")
                tries += 1
                if again is None or not again(error, tries):
                    raise
                continue
            position, tries = last, 0
            walked.rows += rows
            walked.batches += 1
            walked.longest = max(walked.longest, time.monotonic() - began)
