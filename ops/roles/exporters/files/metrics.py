#!/usr/bin/python3
"""Numbers for the node exporter that need more rights, or more time, than a scrape has.

usage: quiver-metrics host|database|backup    writes PART.prom; what it needs to know is in /etc/quiver/metrics.json
       quiver-metrics pool                    does so every ten seconds until it is stopped: the pool, and what Patroni is to do
"""
import base64
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.request

part = sys.argv[1]
with open("/etc/quiver/metrics.json") as source:
    given = json.load(source)
values = {}


def put(metric, value, /, **labels):
    if value is not None:
        text = ",".join('%s="%s"' % (key, str(label).replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")) for key, label in labels.items())
        values.setdefault(metric, []).append("%s{%s} %s" % (metric, text, float(value)))


def host():
    done = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in", given["certificate"]], capture_output=True, text=True, check=True)
    end = time.strptime(done.stdout.strip().split("=", 1)[1], "%b %d %H:%M:%S %Y GMT")
    put("quiver_certificate_end_seconds", __import__("calendar").timegm(end))


def backup():
    done = subprocess.run(["pgbackrest", "--stanza=" + given["stanza"], "info", "--output=json"], capture_output=True, text=True, cwd="/")
    info = json.loads(done.stdout or "[]")
    name = {"stanza": given["stanza"]}
    put("quiver_backup_status", info[0]["status"]["code"] if info else 1, **name)
    for kind, one in {one["type"]: one for one in (info[0].get("backup", []) if info else []) if not one.get("error")}.items():
        put("quiver_backup_last_seconds", one["timestamp"]["stop"], type=kind, **name)
        put("quiver_backup_size_bytes", one["info"]["repository"].get("delta", 0), type=kind, **name)
        put("quiver_backup_duration_seconds", one["timestamp"]["stop"] - one["timestamp"]["start"], type=kind, **name)
    put("quiver_backup_collected_seconds", time.time(), **name)


def pool():
    """What PgBouncer says of itself; Debian's exporter does not know the columns of a PgBouncer of this decade."""
    import psycopg2
    try:
        connection = psycopg2.connect(dbname="pgbouncer", user="pgbouncer", host="/run/pgbouncer", port=6432, connect_timeout=5)
        connection.autocommit = True
        for command, columns in (("SHOW POOLS", ("cl_active", "cl_waiting", "sv_active", "sv_idle", "maxwait")),
                                 ("SHOW STATS", ("total_xact_count", "total_query_count", "total_received", "total_sent", "total_wait_time"))):
            with connection.cursor() as cursor:
                cursor.execute(command)
                names = [column.name for column in cursor.description]
                for row in cursor.fetchall():
                    row = dict(zip(names, row))
                    labels = {key: row[key] for key in ("database", "user") if key in row}
                    for column in columns:
                        put("pgbouncer_" + column, row[column], **labels)
        connection.close()
        put("pgbouncer_up", 1)
    except psycopg2.Error as error:
        values.clear()
        print(str(error).strip(), file=sys.stderr)
        put("pgbouncer_up", 0)
    put("pgbouncer_collected_seconds", time.time())
    # Whether commits are to wait for a standby is in the settings of the cluster, which Patroni's own metrics leave out.
    try:
        context = ssl.create_default_context(cafile=given["authority"])
        with urllib.request.urlopen(given["patroni"] + "/config", context=context, timeout=5) as answer:
            put("quiver_synchronous_mode", bool(json.load(answer).get("synchronous_mode")))
    except (OSError, ValueError) as error:
        print("Patroni: %s" % error, file=sys.stderr)


def database():
    import psycopg2

    def connect(name, patience=0):
        end = time.monotonic() + patience
        while True:
            try:
                made = psycopg2.connect(dbname=name, user="postgres", host="/var/run/postgresql", connect_timeout=10)
                break
            except psycopg2.OperationalError:
                if time.monotonic() >= end:
                    raise
                time.sleep(1)
        made.autocommit = True
        with made.cursor() as cursor:
            cursor.execute("SET statement_timeout = '120s'; SET lock_timeout = '2s'; SET search_path = pg_catalog")
        return made

    def rows(connection, statement, *arguments):
        with connection.cursor() as cursor:
            cursor.execute(statement, arguments or None)
            return cursor.fetchall()

    # A server that starts, as after a power cut, is waited for.
    first = connect("postgres", patience=100)
    leads = not rows(first, "SELECT pg_is_in_recovery()")[0][0]
    failed = 0
    for (name,) in rows(first, "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1"):
        connection = connect(name)

        def attempt(work):
            nonlocal failed
            try:
                work()
            except psycopg2.Error as error:
                failed += 1
                print("%s: %s" % (name, str(error).strip().split("\n")[0]), file=sys.stderr)

        def sequences():
            for sequence, used in rows(connection, "SELECT format('%I.%I', schemaname, sequencename), last_value::float8 / max_value FROM pg_sequences "
                                       "WHERE last_value IS NOT NULL AND increment_by > 0 ORDER BY 2 DESC LIMIT 20"):
                put("pg_sequence_used_ratio", used, datname=name, sequence=sequence)

        def indexes():
            for oid, index, method, size, count in rows(connection, """
                    SELECT c.oid::int8, format('%I.%I', n.nspname, c.relname), a.amname, pg_relation_size(c.oid), t.reltuples
                    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam
                    JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid
                    WHERE c.relkind = 'i' AND a.amname IN ('hnsw', 'ivf', 'ivfflat', 'bm25') AND i.indisvalid"""):
                put("quiver_index_bytes", size, datname=name, index=index, method=method)
                # The planner's count is -1 until the table was vacuumed or analysed.
                if leads and has_quiver and method == "hnsw" and 0 <= count <= given["recall_rows"]:
                    attempt(lambda: probe(oid, index))

        def probe(oid, index):
            recall, low, asked = rows(connection, "SELECT recall, low, asked FROM quiver.recall(%s::oid::regclass, %s)", oid, given["recall_samples"])[0]
            if asked:
                put("quiver_index_recall_ratio", recall, datname=name, index=index)
                put("quiver_index_recall_low_ratio", low, datname=name, index=index)

        def features():
            for view, age, ttl in rows(connection, "SELECT view, extract(epoch FROM age), extract(epoch FROM ttl) FROM quiver.feature_freshness"):
                put("quiver_feature_age_seconds", age, datname=name, view=view)
                put("quiver_feature_ttl_seconds", ttl, datname=name, view=view)
            for (view,) in rows(connection, "SELECT name FROM quiver.feature_view WHERE active IS NOT NULL"):
                attempt(lambda view=view: drift(view))

        def drift(view):
            for feature, metric, value in rows(connection, """
                    SELECT feature, metric, value FROM quiver.feature_drift(%s, tstzrange(now() - 2 * %s::interval, now() - %s::interval),
                        tstzrange(now() - %s::interval, now())) WHERE value IS NOT NULL AND metric = 'psi'""", view, *[given["drift_window"]] * 3):
                put("quiver_feature_drift", value, datname=name, view=view, feature=feature, metric=metric)

        def migrations():
            """Of the journal that ops/migrate keeps: what was applied, what was begun and did not end, and what the last look at drift found."""
            applied, last, began = rows(connection, "SELECT count(*) FILTER (WHERE state = 'done'), extract(epoch FROM max(ended)), "
                                        "extract(epoch FROM min(began) FILTER (WHERE state = 'running')) FROM quiver_migrations.journal WHERE taken_back IS NULL")[0]
            put("quiver_migrations_applied", applied, datname=name)
            put("quiver_migrations_last_seconds", last, datname=name)
            put("quiver_migrations_unfinished_since_seconds", began, datname=name)
            if rows(connection, "SELECT to_regclass('quiver_migrations.drift') IS NOT NULL")[0][0]:
                for looked, differing in rows(connection, "SELECT extract(epoch FROM looked), differing FROM quiver_migrations.drift"):
                    put("quiver_schema_looked_seconds", looked, datname=name)
                    put("quiver_schema_drift_objects", differing, datname=name)

        def audit():
            status = rows(connection, "SELECT is_running, is_stalled, events_written, events_lost, records_synced - records_sealed, "
                          "ring_used::float8 / nullif(ring_size, 0) FROM quiver.audit_status()")[0]
            for metric, value in zip(("running", "stalled", "events_written", "events_lost", "unsealed_records", "ring_used_ratio"), status):
                put("quiver_audit_" + metric, value)
            # What Prometheus has read nobody on this host takes back: the signed note of the newest checkpoint, and whose key that was.
            note, key = rows(connection, "SELECT quiver.audit_checkpoint(), quiver.audit_public_key()")[0]
            put("quiver_audit_anchor", note.split("\n")[1], note=base64.b64encode(note.encode()).decode(), key=bytes(key or b"").hex())

        has_quiver = rows(connection, "SELECT count(*) FROM pg_extension WHERE extname = 'quiver'")[0][0]
        if leads:
            attempt(sequences)
        attempt(indexes)
        if has_quiver and leads:
            attempt(features)
        if leads and rows(connection, "SELECT to_regclass('quiver_migrations.journal') IS NOT NULL")[0][0]:
            attempt(migrations)
        if has_quiver and "quiver_audit_running" not in values and rows(
                connection, "SELECT current_setting('shared_preload_libraries') ~ '\\mquiver\\M'")[0][0]:
            attempt(audit)
        connection.close()
    put("quiver_metrics_errors", failed)
    put("quiver_metrics_collected_seconds", time.time())


def write():
    target = "%s/%s.prom" % (given["directory"], part)
    with open(target + ".new", "w") as out:
        for metric, lines in values.items():
            out.write("# TYPE %s gauge\n%s\n" % (metric, "\n".join(lines)))
    os.chmod(target + ".new", 0o644)
    os.replace(target + ".new", target)


while True:
    {"host": host, "database": database, "backup": backup, "pool": pool}[part]()
    write()
    if part != "pool":
        break
    values.clear()
    time.sleep(10)
