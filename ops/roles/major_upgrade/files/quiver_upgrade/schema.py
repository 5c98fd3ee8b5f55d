"""What a database is made of: its tables and how a row of each is known, its sequences, and a fingerprint of each object."""
import json

# Those of clients, and those of extensions whose rows a dump would have. A partitioned table's rows are its partitions'.
TABLES = """
SELECT format('%I.%I', n.nspname, c.relname), e.extname, x.condition,
    CASE c.relreplident WHEN 'd' THEN EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid)
        WHEN 'i' THEN EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisvalid) ELSE c.relreplident = 'f' END,
    ARRAY(SELECT format('%I %s', a.attname, format_type(a.atttypid, NULL)) FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND t.typtype IN ('b', 'd')
        AND NOT EXISTS (SELECT FROM pg_opclass AS o JOIN pg_am AS m ON m.oid = o.opcmethod WHERE o.opcdefault AND m.amname IN ('btree', 'hash')
            AND o.opcintype IN (t.oid, t.typbasetype, 'anyarray'::regtype) AND (o.opcintype <> 'anyarray'::regtype OR t.typcategory = 'A'))
        AND NOT EXISTS (SELECT FROM pg_cast AS k JOIN pg_opclass AS o ON o.opcintype = k.casttarget AND o.opcdefault
            WHERE k.castsource IN (t.oid, t.typbasetype) AND k.castmethod = 'b' AND k.castcontext = 'i')),
    c.relpersistence = 'u', pg_relation_size(c.oid), c.relrowsecurity AND c.relforcerowsecurity,
    n.nspname = 'quiver_history' OR e.extname IS NOT DISTINCT FROM 'quiver'
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
LEFT JOIN pg_extension AS e ON e.oid = d.refobjid
LEFT JOIN LATERAL (SELECT e.extcondition[place] AS condition FROM unnest(e.extconfig) WITH ORDINALITY AS u (id, place) WHERE u.id = c.oid) AS x ON true
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    AND (e.oid IS NULL OR x.condition IS NOT NULL)
ORDER BY 1
"""
SEQUENCES = """
SELECT format('%I.%I', n.nspname, c.relname), s.seqincrement, s.seqmin, s.seqmax, s.seqcycle FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_sequence AS s ON s.seqrelid = c.oid
WHERE c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""
# Whatever a dump of the schema would write, in words that do not change from one major version to the next where that can be. What belongs to an extension
# is its version's.
FINGERPRINT = """
WITH own AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'quiver_upgrade')),
member AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass),
relation AS (SELECT c.*, own.nspname, format('%I.%I', own.nspname, c.relname) AS name FROM pg_class AS c JOIN own ON own.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)),
thing (name, text) AS (
    SELECT 'schema ' || nspname, (SELECT concat_ws(' ', nspacl::text, nspowner::regrole) FROM pg_namespace AS n WHERE n.oid = own.oid) FROM own
    UNION ALL SELECT 'extension ' || extname, extversion FROM pg_extension
    UNION ALL SELECT CASE relkind WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialised view ' WHEN 'c' THEN 'type ' ELSE 'table ' END || name,
        concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity, relowner::regrole, relacl::text, reloptions::text, pg_get_partkeydef(oid),
            pg_get_expr(relpartbound, oid),
            (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation::regcollation,
                    (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef AS d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum), a.attacl::text), ', ' ORDER BY a.attnum)
                FROM pg_attribute AS a WHERE a.attrelid = relation.oid AND a.attnum > 0 AND NOT a.attisdropped),
            CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END,
            (SELECT concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle) FROM pg_sequence WHERE seqrelid = oid))
        FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    UNION ALL SELECT 'index ' || r.name, concat_ws(' ', pg_get_indexdef(r.oid), i.indisvalid) FROM relation AS r JOIN pg_index AS i ON i.indexrelid = r.oid
    UNION ALL SELECT format('constraint %I of %s', c.conname, r.name), concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated) FROM pg_constraint AS c JOIN relation AS r ON r.oid = c.conrelid
        WHERE c.contype <> 'n'
    UNION ALL SELECT format('trigger %I of %s', t.tgname, r.name), concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled) FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid
        WHERE NOT t.tgisinternal
    UNION ALL SELECT format('policy %I of %s', p.polname, r.name), concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::regrole[]::text, pg_get_expr(p.polqual, r.oid),
        pg_get_expr(p.polwithcheck, r.oid)) FROM pg_policy AS p JOIN relation AS r ON r.oid = p.polrelid
    UNION ALL SELECT format('rule %I of %s', w.rulename, r.name), concat_ws(' ', pg_get_ruledef(w.oid), w.ev_enabled) FROM pg_rewrite AS w JOIN relation AS r ON r.oid = w.ev_class
        WHERE w.rulename <> '_RETURN'
    UNION ALL SELECT format('function %s', p.oid::regprocedure), concat_ws(' ', p.prokind, p.prosecdef, p.proleakproof, p.proisstrict, p.provolatile, p.proparallel,
        p.prorettype::regtype, p.prolang, p.proowner::regrole, p.proacl::text, p.proconfig::text, CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END)
        FROM pg_proc AS p JOIN own ON own.oid = p.pronamespace WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
    UNION ALL SELECT format('type %s', t.oid::regtype), concat_ws(' ', t.typtype, t.typowner::regrole, t.typacl::text, t.typnotnull, t.typdefault,
        format_type(t.typbasetype, t.typtypmod),
        (SELECT string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid),
        (SELECT string_agg(pg_get_constraintdef(c.oid), ' ' ORDER BY c.conname) FROM pg_constraint AS c WHERE c.contypid = t.oid))
        FROM pg_type AS t JOIN own ON own.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r', 'm')
        AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
    UNION ALL SELECT 'event trigger ' || evtname, concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, evttags::text) FROM pg_event_trigger AS v
        WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_event_trigger'::regclass AND m.objid = v.oid)
)
SELECT name, md5(string_agg(coalesce(text, ''), ' ' ORDER BY text)) FROM thing GROUP BY name
"""
MATERIALIZED = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'm' ORDER BY c.oid
"""


class Table:
    def __init__(self, row):
        (self.name, self.extension, self.condition, self.known, self.without_equality, self.unlogged, self.size, self.forced, self.ours) = row


def tables(cluster, database):
    """Those whose rows go over; the mark of the upgrade itself is one of them where it is there."""
    return [Table(row) for row in cluster.rows(TABLES, None, database)]


def moving(cluster, database):
    return [table for table in tables(cluster, database)
            if not table.unlogged and (not table.condition or table.extension == "quiver") and table.name != "quiver_upgrade.loaded"]


def fingerprint(cluster, database):
    return dict(cluster.rows(FINGERPRINT, None, database))


def differences(before, now):
    return sorted(name for name in set(before) | set(now) if before.get(name) != now.get(name))


def sequences(cluster, database):
    """Where each is, read from itself: what was set and never used is known only there."""
    found = cluster.rows(SEQUENCES, None, database)
    if not found:
        return {}
    places = cluster.rows(" UNION ALL ".join("SELECT %d, last_value, is_called FROM %s" % (number, row[0]) for number, row in enumerate(found)), None, database)
    return {found[number][0]: (value, called) + tuple(found[number][1:]) for number, value, called in places}


def ahead(place, margin):
    """Where the sequence goes on: `margin` steps further when it was used, and not over its end."""
    value, called, increment, lowest, highest, cycle = place
    if called and not cycle:
        value = min(max(value + increment * margin, lowest), highest)
    return value, called


def set_sequences(cluster, database, places, margin):
    if places:
        given = [(name,) + ahead(place, margin) for name, place in places.items()]
        cluster.rows("SELECT count(setval(name::regclass, value, called)) FROM json_to_recordset(%s) AS s (name text, value bigint, called bool) WHERE to_regclass(name) IS NOT NULL",
                     (json.dumps([dict(zip(("name", "value", "called"), row)) for row in given]),), database)

