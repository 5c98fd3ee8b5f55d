"""What is in a database, by oid, so that a thing with another name is seen to be the same thing; and what a session holds and has read.

All is read in the session that migrates, inside its transaction: nobody else sees the changes yet.
"""
import collections

# The schemas that are nobody's to migrate, and what belongs to an extension.
OURS = """n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'quiver_migrations')"""
FOREIGN = """NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = '%s'::pg_catalog.regclass AND e.objid = %s AND e.deptype = 'e')"""

Relation = collections.namedtuple("Relation", "name kind filenode bytes partition")
Column = collections.namedtuple("Column", "name type length required default identity generated sequence")
Index = collections.namedtuple("Index", "name table filenode unique valid keys")
Constraint = collections.namedtuple("Constraint", "name table domain kind validated index columns")
Kind = collections.namedtuple("Kind", "name kind required labels")

QUERIES = {
    "relations": (Relation, """SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind::text, pg_catalog.pg_relation_filenode(c.oid)::bigint,
            CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_table_size(c.oid) ELSE 0 END, c.relispartition
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND c.relpersistence <> 't' AND {ours} AND """ + FOREIGN % ("pg_catalog.pg_class", "c.oid")),
    "columns": (Column, """SELECT ARRAY[a.attrelid::bigint, a.attnum], a.attname, t.typname, a.atttypmod, a.attnotnull,
            pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
            EXISTS (SELECT FROM pg_catalog.pg_depend s WHERE s.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND s.refobjid = a.attrelid
                AND s.refobjsubid = a.attnum AND s.deptype = 'a' AND s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND (SELECT q.relkind FROM pg_catalog.pg_class q WHERE q.oid = s.objid) = 'S')
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND {ours} AND """
                + FOREIGN % ("pg_catalog.pg_class", "c.oid")),
    "indexes": (Index, """SELECT i.indexrelid, pg_catalog.format('%I.%I', n.nspname, c.relname), i.indrelid::bigint, pg_catalog.pg_relation_filenode(c.oid)::bigint,
            i.indisunique, i.indisvalid, i.indnkeyatts
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE {ours}"""),
    "constraints": (Constraint, """SELECT o.oid, o.conname, o.conrelid::bigint, o.contypid::bigint, o.contype::text, o.convalidated, o.conindid::bigint, o.conkey
        FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace
        WHERE o.contype <> 'n' AND o.conparentid = 0 AND {ours} AND """ + FOREIGN % ("pg_catalog.pg_constraint", "o.oid")),
    "types": (Kind, """SELECT t.oid, pg_catalog.format('%I.%I', n.nspname, t.typname), t.typtype::text, t.typnotnull,
            ARRAY(SELECT l.oid::bigint || ' ' || l.enumlabel FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid ORDER BY l.oid)
        FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE t.typtype IN ('d', 'e') AND {ours} AND """ + FOREIGN % ("pg_catalog.pg_type", "t.oid")),
}
PARTITIONS = """SELECT inhrelid::bigint, inhparent::bigint FROM pg_catalog.pg_inherits"""
SCANS = """SELECT c.oid, pg_catalog.pg_stat_get_xact_numscans(c.oid), pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)
    + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND """ + OURS
LOCKS = """SELECT l.relation::bigint, l.mode FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid() AND l.granted
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"""

# What each lock keeps others from, weakest first. Those that are not here stop neither reads nor writes.
STOPS = {"ShareLock": "writes", "ShareRowExclusiveLock": "writes", "ExclusiveLock": "writes", "AccessExclusiveLock": "reads and writes"}
STRENGTH = list(STOPS)


class Snapshot:
    """relations, columns, indexes, constraints, types: by oid (columns by (oid, number)); partitions: {child: parent}."""

    def __init__(self, cursor):
        for name, (kind, query) in QUERIES.items():
            cursor.execute(query.format(ours=OURS) if "{ours}" in query else query)
            setattr(self, name, {tuple(row[0]) if isinstance(row[0], list) else row[0]: kind(*row[1:]) for row in cursor.fetchall()})
        cursor.execute(PARTITIONS)
        self.partitions = dict(cursor.fetchall())

    def name(self, relation):
        return self.relations[relation].name if relation in self.relations else None

    def column(self, key):
        return "%s.%s" % (self.name(key[0]), self.columns[key].name)


def work(cursor):
    """{relation: (scans, rows changed)} of this transaction."""
    cursor.execute(SCANS)
    return {oid: (scans or 0, rows or 0) for oid, scans, rows in cursor.fetchall()}


def locks(cursor):
    """{relation: the strongest lock that stops somebody}, as this session holds them now."""
    cursor.execute(LOCKS)
    held = {}
    for relation, mode in cursor.fetchall():
        if mode in STOPS and (relation not in held or STRENGTH.index(mode) > STRENGTH.index(held[relation])):
            held[relation] = mode
    return held


def spelled(mode):
    """ACCESS EXCLUSIVE, as the documentation has it."""
    words = "".join(" " + letter if letter.isupper() else letter for letter in mode.replace("Lock", ""))
    return words.strip().upper()
