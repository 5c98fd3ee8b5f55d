"""The rules that the rehearsal sees: what one statement did to tables that were there before, under which lock, and what it left in the catalogue.

A rule is a function of (seen, start) that yields (rule, what, relation or None). seen: the statement with what it did (rehearse.Seen); start: the catalogue
before the file. A table that the file made itself is nobody's yet: no rule about locks applies to it.
"""
from . import catalog

READS_AND_WRITES = "AccessExclusiveLock"


def rewritten(seen, start):
    return {oid for oid, relation in seen.after.relations.items() if oid in start.relations and oid in seen.before.relations
            and relation.kind in "rm" and relation.filenode != seen.before.relations[oid].filenode}


def scanned(seen, start):
    return {oid for oid, count in seen.scans.items() if count and oid in start.relations}


def new_constraints(seen):
    return {oid: one for oid, one in seen.after.constraints.items() if oid not in seen.before.constraints}


def old_columns(seen, start):
    """(key, before, after) of columns that were there before the file and are there still."""
    for key, column in seen.after.columns.items():
        if key in start.columns and key in seen.before.columns and not seen.after.relations[key[0]].partition:
            yield key, seen.before.columns[key], column


def new_columns(seen):
    for key, column in seen.after.columns.items():
        if key not in seen.before.columns and not seen.after.relations[key[0]].partition:
            yield key, column


def indexes(seen, start):
    before, after = seen.before, seen.after
    of_constraints = {one.index for one in after.constraints.values()}
    names = {one.name for one in before.indexes.values()}, {one.name for one in after.indexes.values()}
    for oid, index in after.indexes.items():
        if oid not in before.indexes and index.name not in names[0]:
            if index.table in start.relations and index.table in seen.locks and oid not in of_constraints:
                yield "require-concurrent-index-creation", "index %s is built while nobody may write" % index.name, index.table
            if index.keys > 3 and not index.unique:
                yield "wide-index", "index %s has %d columns" % (index.name, index.keys), None
        elif oid in before.indexes and oid in start.indexes and index.filenode != before.indexes[oid].filenode \
                and index.table in seen.gained and index.table not in rewritten(seen, start):
            yield "require-concurrent-reindex", "index %s is built anew while nobody may write" % index.name, index.table
    # With its column an index goes at once.
    narrower = {key[0] for key in before.columns if key not in after.columns}
    for oid, index in before.indexes.items():
        if oid not in after.indexes and index.name not in names[1] and index.table in after.relations and oid in start.indexes and index.table not in narrower \
                and seen.locks.get(index.table) == READS_AND_WRITES and not any(one.index == oid for one in before.constraints.values()):
            yield "require-concurrent-index-deletion", "index %s" % index.name, index.table


def constraints(seen, start):
    before, after = seen.before, seen.after
    for oid, one in new_constraints(seen).items():
        if one.table in start.relations:
            name = "constraint %s of %s" % (one.name, after.name(one.table))
            fresh = any((one.table, number) not in before.columns for number in one.columns or [])
            if one.kind == "f" and one.validated:
                yield "adding-foreign-key-constraint", name + " reads every row while nobody may write", one.table
            elif one.kind == "c" and one.validated:
                yield "constraint-missing-not-valid", name + " reads every row while nobody may read or write", one.table
            elif one.kind == "p" and fresh:
                yield "adding-serial-primary-key-field", name, one.table
            elif one.kind in "pu" and one.index not in before.indexes:
                yield "disallowed-unique-constraint", name + " builds its index while nobody may read or write", one.table
            elif one.kind == "x":
                yield "adding-exclusion-constraint", name + " builds its index while nobody may read or write", one.table
        elif one.domain in after.types:
            rule = "ban-alter-domain-with-add-constraint" if one.domain in before.types else "ban-create-domain-with-constraint"
            yield rule, "constraint %s of domain %s" % (one.name, after.types[one.domain].name), None
    for oid, kind in after.types.items():
        if kind.kind == "d" and kind.required and not (oid in before.types and before.types[oid].required):
            rule = "ban-alter-domain-with-add-constraint" if oid in before.types else "ban-create-domain-with-constraint"
            yield rule, "domain %s is NOT NULL" % kind.name, None


def columns(seen, start):
    after, anew, read = seen.after, rewritten(seen, start), scanned(seen, start)
    for key, was, column in old_columns(seen, start):
        name = after.column(key)
        if (was.type, was.length) != (column.type, column.length) and key[0] in anew | read:
            yield "changing-column-type", "%s from %s to %s: every row is %s" % (
                name, was.type, column.type, "written anew" if key[0] in anew else "read"), key[0]
        if column.required and not was.required and key[0] in read:
            yield "adding-not-nullable-field", "%s: every row is read while nobody may read or write" % name, key[0]
    for key, column in new_columns(seen):
        if key[0] not in start.relations:
            continue
        if column.required and column.default is None and not column.identity and not column.generated:
            yield "adding-required-field", "%s: rows that are there have no value, and clients that do not know it give none" % after.column(key), key[0]
        keyed = any(one.kind == "p" and one.table == key[0] and key[1] in one.columns for one in new_constraints(seen).values())
        if key[0] in anew and not keyed:
            yield "adding-field-with-default", "%s: every row is written anew" % after.column(key), key[0]


def partitions(seen, start):
    for child, parent in seen.before.partitions.items():
        if child not in seen.after.partitions and child in seen.after.relations and parent in start.relations and child in start.relations \
                and seen.locks.get(parent) == READS_AND_WRITES:
            yield "require-concurrent-partition-detach", "%s from %s" % (seen.after.name(child), seen.after.name(parent)), parent


def rows(seen, start, most):
    if seen.statement.words[0][0] in ("TRUNCATE", "COPY"):
        return
    for oid, count in seen.changed.items():
        if oid in start.relations and count > most and oid not in rewritten(seen, start):
            yield "backfill-in-migration", "%d rows of %s in one transaction" % (count, start.name(oid)), oid


def timeouts(seen, start):
    taken = [oid for oid in seen.gained if oid in start.relations]
    if taken:
        lock, statement = seen.timeouts
        if lock == 0:
            yield "require-lock-timeout", "it waits for its lock as long as it takes, and all others behind it", taken[0]
        if statement == 0:
            yield "require-statement-timeout", "it keeps its lock as long as it takes", taken[0]


SPECIFIC = (indexes, constraints, columns, partitions)


def judge(seen, start, most_rows):
    explained = set()
    for rule in SPECIFIC:
        for found in rule(seen, start):
            explained.add(found[2])
            yield found
    yield from rows(seen, start, most_rows)
    yield from timeouts(seen, start)
    # Whatever else works over a table under a lock that stops others.
    word = seen.statement.words[0][0]
    if word in ("TRUNCATE", "CLUSTER", "VACUUM"):
        return
    for oid in rewritten(seen, start) - explained:
        yield "table-rewrite", "every row of %s is written anew" % start.name(oid), oid
    for oid in scanned(seen, start) - rewritten(seen, start) - explained:
        if oid in seen.locks and oid in seen.after.relations:
            yield "scan-under-lock", "%s is read while this transaction keeps others from %s" % (start.name(oid), catalog.STOPS[seen.locks[oid]]), oid
