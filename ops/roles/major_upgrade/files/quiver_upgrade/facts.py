"""What one cluster is and has, as far as an upgrade asks; nothing is changed."""
import os

from .clusters import NAME
from .schema import tables

MEMBERS = """
SELECT datname, pg_database_size(oid), datconnlimit FROM pg_database WHERE NOT datistemplate AND datallowconn AND datname <> 'postgres' ORDER BY 1
"""
OF_CLUSTER = """
SELECT current_setting('wal_level'), current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots WHERE slot_name NOT LIKE 'quiver\\_upgrade\\_%'),
    current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_stat_replication WHERE application_name NOT LIKE '%quiver_upgrade%' AND application_name NOT LIKE 'pg\\_%\\_sync\\_%'),
    current_setting('max_logical_replication_workers')::int,
    ARRAY(SELECT gid FROM pg_prepared_xacts ORDER BY 1), ARRAY(SELECT spcname FROM pg_tablespace WHERE spcname NOT LIKE 'pg\\_%' ORDER BY 1),
    ARRAY(SELECT slot_name FROM pg_replication_slots WHERE slot_type = 'logical' AND NOT temporary AND slot_name NOT LIKE 'quiver\\_upgrade\\_%'
        AND slot_name NOT LIKE 'pg\\_%\\_sync\\_%' ORDER BY 1),
    current_setting('data_directory')
"""
OF_DATABASE = """
SELECT (SELECT count(*) FROM pg_largeobject_metadata),
    ARRAY(SELECT format('%I.%I', schemaname, matviewname) FROM pg_matviews ORDER BY 1),
    ARRAY(SELECT subname FROM pg_subscription WHERE subname <> 'quiver_upgrade' AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1),
    (SELECT json_object_agg(extname, extversion) FROM pg_extension),
    ARRAY(SELECT format('%s of %s', tgname, tgrelid::regclass) FROM pg_trigger AS t WHERE NOT tgisinternal AND tgenabled IN ('A', 'R') AND tgtype & 1 = 1
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_trigger'::regclass AND objid = t.oid AND deptype = 'e') ORDER BY 1)
"""


def gather(cluster, names):
    """`names`: the databases that are asked for; none for all."""
    values = cluster.rows(OF_CLUSTER)[0]
    facts = dict(zip(("wal_level", "slots", "senders", "workers", "prepared", "tablespaces", "readers", "folder"), values))
    memory = cluster.memory()
    facts.update(version=cluster.version(), memory=memory and {"leading": memory["leading"], "databases": sorted(
        name for name, of in memory["doc"].get("databases", {}).items() if of.get("made"))}, free=None,
                 extensions=dict(cluster.rows("SELECT name, default_version FROM pg_available_extensions")), databases={},
                 postgres=[table.name for table in tables(cluster, "postgres") if not table.extension and not table.name.startswith(NAME + ".")])
    if os.path.isdir(facts["folder"]):
        room = os.statvfs(facts["folder"])
        facts["free"] = room.f_bavail * room.f_frsize
    for name, size, limit in cluster.rows(MEMBERS):
        if names and name not in names:
            continue
        objects, matviews, subscriptions, extensions, triggers = cluster.rows(OF_DATABASE, None, name)[0]
        found = [table for table in tables(cluster, name) if not table.name.startswith(NAME + ".")]
        facts["databases"][name] = {
            "size": size, "limit": limit, "objects": objects, "materialized": matviews, "subscriptions": subscriptions, "extensions": extensions, "triggers": triggers,
            "tables": [{"name": t.name, "extension": t.extension, "condition": t.condition, "known": t.known, "without_equality": t.without_equality,
                        "unlogged": t.unlogged, "ours": t.ours} for t in found],
            "chosen": {t.name: cluster.one("SELECT count(*) FROM (SELECT FROM %s %s LIMIT 1) AS s" % (t.name, t.condition), None, name)
                       for t in found if t.extension != "quiver" and t.condition}}
        cluster.close(name)
    return facts
