#!/usr/bin/env bash
# The audit that the roles switch on, on a server with their settings: the scan sees it, and sees it weakened; pgaudit of an earlier version goes. Needs no host.
# usage: tests/ops/static/audit.sh
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
. "$here/tests/tools/pgtree.sh"
if [ -z "${QUIVER_ROOT:-}" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work"
    # The role's own settings, as Patroni is given them.
    cat >"$work/play.yml" <<END
- hosts: database
  connection: local
  gather_facts: false
  vars:
    patroni_data_directory: "$work/data"
  vars_files: ["$here/tests/ops/static/patroni_vars.yml", "$work/vars.yml"]
  tasks:
    - ansible.builtin.include_role: {name: patroni, tasks_from: standbys, public: true}
    - ansible.builtin.copy:
        content: |
          {% for name, value in patroni_dynamic.postgresql.parameters.items() if name.startswith('quiver.') %}{{ name }}={{ value }}
          {% endfor %}
          libraries={{ patroni_dynamic.postgresql.parameters.shared_preload_libraries }}
        dest: "$work/settings"
        mode: "0600"
    - ansible.builtin.copy:
        content: "{{ patroni_wanted.postgresql.parameters | dict2items | selectattr('value', 'none') | map(attribute='key') | sort | join(' ') }}"
        dest: "$work/gone"
        mode: "0600"
      vars:
        patroni_is: {postgresql: {parameters: {pgaudit.log: ddl, pgaudit.log_parameter: "off", work_mem: 4MB}}}
END
    # What the role sends to Patroni, as its own task computes it from what Patroni has.
    /usr/bin/python3 - "$here/ops/roles/patroni/tasks/dynamic.yml" >"$work/vars.yml" <<'END'
import sys, yaml
given = yaml.safe_load(open(sys.argv[1]))[1]["vars"]
del given["patroni_is"]
yaml.safe_dump(given, sys.stdout)
END
    echo 'all: {children: {database: {hosts: {db1: {ansible_host: 192.0.2.11}}}, etcd: {children: {database: {}}}}}' >"$work/hosts.yml"
    env -C "$here/ops" -u ANSIBLE_VAULT_PASSWORD_FILE -u ANSIBLE_LOCAL_TEMP ansible-playbook -i "$work/hosts.yml" "$work/play.yml" >"$work/log" 2>&1 ||
        { tail -n 20 "$work/log"; exit 1; }
    gone=$(cat "$work/gone")
    [ "$gone" = 'pgaudit.log pgaudit.log_parameter' ] || { echo "settings of pgaudit are to go; these go: $gone"; exit 1; }
    options=()
    while read -r line; do
        case $line in
            libraries=*) libraries=${line#libraries=} ;;
            # Made by the role, for an account that this test does not have.
            quiver.audit_directory=*) options+=(-c quiver.audit_directory=quiver_audit) ;;
            ?*) options+=(-c "$line") ;;
        esac
    done <"$work/settings"
    old=skipped
    [ ! -e "$(pgtree_config --pkglibdir)/pgaudit.so" ] || old=with
    status=0
    "$here/tests/tools/server.sh" -c "shared_preload_libraries=$libraries" "${options[@]}" "$here/tests/ops/static/audit.sh" scan || status=1
    [ $old = skipped ] ||
        "$here/tests/tools/server.sh" -c shared_preload_libraries=pgaudit -c pgaudit.log=ddl "$here/tests/ops/static/audit.sh" before || status=1
    exit $status
fi

status=0
expect() { # expect WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || { printf '%s: expected %s, got %s\n' "$1" "$2" "$3"; status=1; }
}
says() { [[ $2 == *"$1"* ]] && echo yes; } # says WHAT TEXT
ask() { psql -XqAt -v ON_ERROR_STOP=1 "$@" 2>&1; }
# scanned: what the scan says of the checks of the audit, and no error of its own.
scanned() {
    /usr/bin/python3 - "$here/ops/roles/security_scan/files" <<'END'
import re, subprocess, sys
import yaml
folder = sys.argv[1]
for check in yaml.safe_load(open(folder + "/checks/c_logging.yml")):
    if check["id"] in ("C17", "C18", "C19", "C20"):
        answers = []
        for statement in ("SELECT " + check["sql"], check.get("evidence", "SELECT ''")):
            done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement], capture_output=True, text=True)
            answers.append(done.stderr.strip() or done.stdout.strip())
        print("%s %s %s" % (check["id"], answers[0], "no evidence" if "evidence" in check and len(answers[1]) < 5 else ""), end=";")
END
}
of_scan() { scanned | tr ';' '\n' | sed 's/ *$//' | grep . | paste -sd,; }
case $1 in
    scan)
        ask -c 'CREATE EXTENSION quiver' -c 'CREATE ROLE one' -c 'CREATE TABLE t (n int)' >/dev/null
        for _ in $(seq 50); do [ "$(ask -c 'SELECT is_running FROM quiver.audit_status()')" != t ] || break; sleep 0.2; done
        expect "with the role's settings the checks of the audit pass" 'C17 t,C18 t,C19 t,C20 t' "$(of_scan)"
        expect "what was done is in the log" 'CREATE public.t committed' \
            "$(ask -c "SELECT concat_ws(' ', verb, object_name, outcome) FROM quiver.audit_events() WHERE object_name = 'public.t' AND class = 'ddl' LIMIT 1")"
        ask -c 'CREATE ROLE rewinder; CREATE ROLE quiver_exporter; CREATE ROLE quiver_pgbouncer' >/dev/null
        expect "the rights in a database are set with it preloaded" '' "$(ask -v users=one -f "$here/ops/roles/database/files/rights.sql" | grep ERROR)"
        for statement in "ALTER SYSTEM SET quiver.audit = 'none'" "ALTER ROLE one SET quiver.audit = 'none'" "SET quiver.audit_exclude_roles = 'postgres'"; do
            expect "refused: $statement" yes "$(says 'quiver.audit_lock is on' "$(ask -c "$statement")")"
        done
        ask -c 'GRANT EXECUTE ON FUNCTION quiver.audit_erase(integer, bigint, text) TO one' >/dev/null
        expect "somebody who may erase is found" 'C17 t,C18 t,C19 t,C20 f' "$(of_scan)"
        ask -c 'REVOKE EXECUTE ON FUNCTION quiver.audit_erase(integer, bigint, text) FROM one' -c "ALTER ROLE one SET session_replication_role = replica" >/dev/null
        expect "a role that is judged otherwise is found" 'C17 t,C18 t,C19 f,C20 t' "$(of_scan)"
        ask -c 'ALTER ROLE one RESET ALL' >/dev/null
        for classes in read 'all,-write' 'ddl,role'; do
            echo "quiver.audit = '$classes'" >>"$PGDATA/postgresql.conf"
            ask -c 'SELECT pg_reload_conf()' -c 'SELECT pg_sleep(0.3)' >/dev/null
            expect "too few classes are found: $classes" 'C17 t,C18 f,C19 t,C20 t' "$(of_scan)"
        done
        ;;
    before)
        ask -c 'CREATE DATABASE "an app"' >/dev/null
        for name in postgres 'an app'; do PGDATABASE=$name ask -c 'CREATE EXTENSION pgaudit' >/dev/null; done
        expect "it is taken out while it is preloaded" 'pgaudit dropped' "$(ask -f - <"$here/ops/roles/patroni/files/pgaudit.sql")"
        expect "a second time there is nothing to do" '' "$(ask -f - <"$here/ops/roles/patroni/files/pgaudit.sql")"
        # As a server is when it was restored, or restarted too early.
        echo "shared_preload_libraries = ''" >>"$PGDATA/postgresql.conf"
        pgtree_as_server "$(command -v pg_ctl)" -D "$PGDATA" -s -w -l "$PGDATA/server.log" restart
        expect "without its library its triggers refuse DDL" yes "$(says 'pgaudit must be loaded' "$(PGDATABASE='an app' ask -c 'CREATE TABLE t ()')")"
        expect "it is taken out all the same" 'pgaudit dropped' "$(PGDATABASE='an app' ask -f - <"$here/ops/roles/patroni/files/pgaudit.sql")"
        expect "and DDL goes on" '' "$(PGDATABASE='an app' ask -c 'CREATE TABLE t ()')"
        ;;
esac
exit $status
