"""Run the checks of security_scan on this host and print the findings as JSON. Changes nothing.

usage: python3 - (the program and, as its argument, base64 of JSON: {"checks": [...], "values": {...}, "waivers": [...], "now": date})
"""
import base64
import json
import os
import pwd
import re
import subprocess
import sys

import psycopg2

work = json.loads(base64.b64decode(sys.argv[1]))
values = work["values"]


def fill(text):
    return re.sub(r"\{(%s)\}" % "|".join(values), lambda match: str(values[match.group(1)]), text)


account = pwd.getpwnam("postgres")
connections = {}


def connect(database):
    """As the server's own account, over its socket; read only."""
    if database not in connections:
        os.setegid(account.pw_gid)
        os.seteuid(account.pw_uid)
        try:
            connections[database] = psycopg2.connect(dbname=database, user="postgres", host="/var/run/postgresql", connect_timeout=10)
        finally:
            os.seteuid(0)
            os.setegid(0)
        connections[database].set_session(readonly=True, autocommit=True)
        connections[database].cursor().execute("SET statement_timeout = '30s'")
    return connections[database]


def psql(database, statement):
    """The rows of the first column as text."""
    try:
        with connect(database).cursor() as cursor:
            cursor.execute(statement)
            rows = [row[0] for row in cursor.fetchall()]
    except psycopg2.Error as error:
        raise RuntimeError(str(error).strip().split("\n")[0])
    return "\n".join("" if row is None else "t" if row is True else "f" if row is False else str(row) for row in rows)


def shell(command):
    done = subprocess.run(["bash", "-c", fill(command)], capture_output=True, text=True, cwd="/")
    return done.returncode == 0, (done.stdout + done.stderr).strip()[:600]


def explain(check, statement, database):
    """What the check saw: its own evidence, the rows that must not exist, or the settings it names."""
    if check.get("evidence"):
        return psql(database, fill(check["evidence"]))
    match = re.match(r"(?s)not exists\(select from (.*)\)$", statement)
    if match:
        return psql(database, "SELECT string_agg(left(row_to_json(q)::text, 200), '; ') FROM (SELECT * FROM %s LIMIT 3) q" % match.group(1))
    names = sorted(set(re.findall(r"current_setting\('([^']+)'", statement)))
    return "; ".join("%s = %s" % (name, psql(database, "SELECT current_setting('%s', true)" % name)) for name in names)


def run(check):
    """(passed or None, evidence)"""
    if "applies_shell" in check and not shell(check["applies_shell"])[0]:
        return None, check["otherwise"]
    if "applies_sql" in check and psql("postgres", fill(check["applies_sql"])) != "t":
        return None, check["otherwise"]
    if "shell" in check:
        return shell(check["shell"])
    statement = fill(check["sql"]).strip()
    passed, notes = True, []
    for database in databases if check.get("each") else ["postgres"]:
        result = psql(database, "SELECT " + statement)
        good = result == "t"
        passed = passed and good
        if not good or not notes:
            try:
                note = explain(check, statement, database)
            except RuntimeError as error:
                note = str(error)
            if note and (not good or not statement.startswith("not exists")):
                notes.append(("%s: " % database if check.get("each") else "") + note)
    return passed, "; ".join(notes)[:600]


try:
    databases = psql("postgres", "SELECT datname FROM pg_database WHERE datallowconn AND datname <> 'template1' ORDER BY 1").split("\n")
except RuntimeError as error:
    sys.exit("the server does not answer: %s" % error)

findings = []
for check in work["checks"]:
    waiver = next((entry for entry in work["waivers"] if entry["id"] == check["id"]), None)
    try:
        passed, evidence = run(check)
        result = "not applicable" if passed is None else "pass" if passed else "fail"
    except RuntimeError as error:
        result, evidence = "fail", "the check could not be run: %s" % error
    finding = {key: check[key] for key in ("id", "title", "refs", "severity", "fix")}
    finding.update(result=result, evidence=evidence)
    if result == "fail" and waiver:
        finding["waiver"] = waiver
        if waiver["until"] >= work["now"]:
            finding["result"] = "waived"
        else:
            finding["evidence"] = "the waiver ended on %s. %s" % (waiver["until"], evidence)
    findings.append(finding)
print(json.dumps(findings))
