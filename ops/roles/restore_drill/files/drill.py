#!/usr/bin/python3
"""Restore a backup into a folder of its own, prove that the data are whole, and report RPO and RTO as JSON.

usage: quiver-restore-drill [CONFIGURATION]    run as postgres; the configuration is JSON (- reads it), see roles/restore_drill
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time

path = sys.argv[1] if len(sys.argv) > 1 else "/etc/quiver/restore_drill.json"
with sys.stdin if path == "-" else open(path) as source:
    given = json.load(source)
folder, socket_folder, port = given["directory"], given["directory"] + ".run", str(given["port"])
programs = "/usr/lib/postgresql/%s/bin/" % given["version"]
report = {"ok": False, "type": given["type"], "target": given["target"], "checks": []}


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", **options)
    if done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(command[:3]), (done.stderr or done.stdout).strip()[-600:]))
    return done.stdout.strip()


def sql(database, statement):
    return run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", socket_folder, "-p", port, "-d", database, "-c", statement)


def passed(name, detail=""):
    report["checks"].append({"name": name, "ok": True, "detail": detail})


def start():
    # What a standby may not have less of than its leader had stands in the control file.
    control = run(programs + "pg_controldata", folder)
    minimum = re.findall(r"^(max_\w+) setting: +(\d+)$", control, re.M)
    names = {"max_prepared_xacts": "max_prepared_transactions", "max_locks_per_xact": "max_locks_per_transaction"}
    options = ["%s=%s" % (names.get(name, name), value) for name, value in minimum]
    options += ["listen_addresses=", "port=" + port, "unix_socket_directories=" + socket_folder, "archive_mode=off", "ssl=off", "primary_conninfo=",
                "synchronous_standby_names=", "logging_collector=off", "shared_buffers=64MB", "hot_standby=on", "hba_file=" + socket_folder + "/hba.conf",
                # A log of its own, beside the data: not the one of a cluster on this host, and nothing among its anchors.
                "quiver.audit_directory=" + socket_folder + "/audit", "quiver.audit_key_file=sign.key", "quiver.audit_anchor_directory="]
    with open(socket_folder + "/hba.conf", "w") as rules:
        rules.write("local all postgres peer\n")
    run(programs + "pg_ctl", "-D", folder, "-l", socket_folder + "/log", "-w", "-t", "3600", "-s",
        "-o", " ".join("-c '%s'" % option for option in options), "start")


def stop():
    subprocess.run([programs + "pg_ctl", "-D", folder, "-m", "fast", "-w", "-s", "stop"], capture_output=True, cwd="/")


def restore():
    stop()
    for path in (folder, socket_folder):
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path, 0o700)
    target = ["--type=" + given["type"], "--target=" + given["target"], "--target-action=promote"] if given["type"] != "latest" else []
    run("pgbackrest", "--config=" + given["config"], "--stanza=" + given["stanza"], "--pg1-path=" + folder, "--archive-mode=off",
        # Where the second repository is, and what it is encrypted with, is in a file of its own.
        "--config-include-path=/etc/pgbackrest/conf.d", "--repo=%s" % given.get("repository", 1), *target, "restore")


def verify():
    databases = sql("postgres", "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1").split("\n")
    for database in databases:
        run(programs + "pg_amcheck", "-h", socket_folder, "-p", port, "-d", database, "--install-missing", "--no-strict-names")
    passed("every table and B-tree is well formed", ", ".join(databases))
    for database in databases:
        # quiver's own structures, where the installed version has a function for it.
        if sql(database, "SELECT to_regprocedure('quiver.hnsw_verify(regclass)') IS NOT NULL") == "t":
            for index in sql(database, "SELECT c.oid::regclass FROM pg_class c JOIN pg_am a ON a.oid = c.relam AND a.amname = 'hnsw'").split():
                sql(database, "SELECT count(*) FROM (SELECT quiver.hnsw_verify('%s')) AS v" % index.replace("'", "''"))
                passed("index %s of %s is whole" % (index, database))
    for check in given["checks"]:
        if sql(check["database"], check["sql"]) != "t":
            raise RuntimeError("%s: does not hold" % check["name"])
        passed(check["name"])


def write_metrics():
    if not os.path.isdir(given["metrics"]):
        return
    path = given["metrics"] + "/restore_drill.prom"
    name = 'stanza="%s"' % given["stanza"]
    last = int(time.time())
    if not report["ok"] and os.path.exists(path):
        with open(path) as old:
            match = re.search(r"last_success_seconds\{.*\} (\d+)", old.read())
        last = int(match.group(1)) if match else 0
    elif not report["ok"]:
        last = 0
    with open(path + ".new", "w") as out:
        out.write("quiver_restore_drill_ok{%s} %d\nquiver_restore_drill_last_success_seconds{%s} %d\n" % (name, report["ok"], name, last))
        for key in ("rto_seconds", "rpo_seconds"):
            if report.get(key) is not None:
                out.write("quiver_restore_drill_%s{%s} %s\n" % (key, name, report[key]))
    os.chmod(path + ".new", 0o644)
    os.replace(path + ".new", path)


began = time.time()
try:
    restore()
    report["restore_seconds"] = round(time.time() - began, 1)
    start()
    while sql("postgres", "SELECT pg_is_in_recovery()") != "f":
        time.sleep(0.2)
    report["rto_seconds"] = round(time.time() - began, 1)
    log = open(socket_folder + "/log").read()
    match = re.findall(r"last completed transaction was at log time (\S+ \S+)", log)
    report["recovered_to"] = match[-1] if match else None
    if match and given["type"] == "latest":
        stamp = sql("postgres", "SELECT extract(epoch FROM '%s'::timestamptz)" % match[-1])
        report["rpo_seconds"] = round(began - float(stamp), 1)
    verify()
    if not given["keep"]:
        stop()
        run(programs + "pg_checksums", "--check", "-D", folder)
        passed("every page has its checksum")
    report["ok"] = True
except (RuntimeError, OSError) as error:
    report["error"] = str(error)
    try:
        report["log"] = open(socket_folder + "/log").read()[-1500:]
    except OSError:
        pass
finally:
    if not given["keep"] or not report["ok"]:
        stop()
        for path in (folder, socket_folder):
            shutil.rmtree(path, ignore_errors=True)
report["seconds"] = round(time.time() - began, 1)
write_metrics()
print(json.dumps(report))
sys.exit(not report["ok"])
