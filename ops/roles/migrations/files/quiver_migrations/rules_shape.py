"""The rules about the shape that a statement leaves: what clients of the version before no longer find, and types one regrets."""
import re

from .rules import new_columns, old_columns

TYPES = {"int4": "prefer-bigint-over-int", "int2": "prefer-bigint-over-smallint", "varchar": "prefer-text-field", "timestamp": "prefer-timestamp-tz",
         "bpchar": "ban-char-field", "json": "prefer-jsonb"}
CUT = re.compile(r'identifier "(.*)" will be truncated')


def clients(seen, start):
    before, after = seen.before, seen.after
    for oid, relation in before.relations.items():
        if oid not in start.relations:
            continue
        if oid not in after.relations:
            yield "ban-drop-table", relation.name, oid
        elif after.relations[oid].name != relation.name:
            yield "renaming-table", "%s to %s" % (relation.name, after.relations[oid].name), oid
    for key, was, column in old_columns(seen, start):
        if was.name != column.name:
            yield "renaming-column", "%s of %s to %s" % (was.name, after.name(key[0]), column.name), key[0]
        if was.required and not column.required:
            yield "ban-drop-not-null", after.column(key), key[0]
    for key, column in before.columns.items():
        if key in start.columns and key not in after.columns and key[0] in after.relations and not after.relations[key[0]].partition:
            yield "ban-drop-column", before.column(key), key[0]
    for oid, kind in after.types.items():
        if oid in start.types and oid in before.types:
            was = dict(label.split(" ", 1) for label in before.types[oid].labels)
            for label in kind.labels:
                number, text = label.split(" ", 1)
                if was.get(number, text) != text:
                    yield "renaming-enum-value", "%s of %s to %s" % (was[number], kind.name, text), None


def types(seen):
    retyped = [(key, column) for key, was, column in old_columns(seen, seen.before) if was.type != column.type]
    for key, column in list(new_columns(seen)) + retyped:
        if seen.after.relations[key[0]].kind == "f":
            continue
        if column.sequence and column.default and not column.identity:
            yield "prefer-identity", seen.after.column(key), None
        if column.type in TYPES and not (column.type == "varchar" and column.length == -1):
            yield TYPES[column.type], "%s is %s" % (seen.after.column(key), column.type), None


def names(seen):
    for notice in seen.notices:
        cut = CUT.search(notice)
        if cut:
            yield "identifier-too-long", cut.group(1), None


def judge(seen, start):
    yield from clients(seen, start)
    yield from types(seen)
    yield from names(seen)
