#!/usr/bin/env bash
# The second repository of pgBackRest, in a store that speaks S3: the role's settings are read by pgBackRest on the repository's host and on database hosts; where
# Python has moto, a server of this machine is backed up there by verified TLS, and restored. Needs no host.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
. "$here/tests/ops/static/is.sh"
pgbackrest=$(command -v pgbackrest) || { echo "skipped: there is no pgbackrest"; exit 0; }
. "$here/tests/tools/pgtree.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/quiver.XXXXXX")
chmod 755 "$work"
store=
# shellcheck disable=SC2317  # it runs at the end
stop() {
    [ -z "$store" ] || kill "$store" 2>/dev/null
    for name in data restored; do pgtree_as_server "$(pgtree_config --bindir)/pg_ctl" -D "$work/$name" -m immediate -s stop >/dev/null 2>&1; done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM
port=$(free_port)
cat >"$work/play.yml" <<END
- hosts: all
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: /usr/bin/python3
    ansible_facts: {distribution_major_version: "12"}
    quiver_tls_directory: $work/tls
    quiver_secrets: {backup_cipher: first first first first, backup_cipher_second: second second second second, s3_key: key-of-s3, s3_key_secret: secret-of-s3}
    pgbackrest_repository: $work/first
    pgbackrest_data_directory: $work/data
    pgbackrest_second: {s3-bucket: backups, s3-endpoint: localhost, s3-region: here, s3-uri-style: path, storage-port: $port, storage-ca-file: $work/tls/ca.crt}
  roles: [{role: pgbackrest, tags: [never]}]
  tasks:
    - copy: {dest: "$work/{{ inventory_hostname }}.conf", content: "{{ lookup('template', '$here/ops/roles/pgbackrest/templates/pgbackrest.conf.j2') }}"}
    - copy: {dest: "$work/{{ inventory_hostname }}.second/second.conf", content: "{{ lookup('template', '$here/ops/roles/pgbackrest/templates/second.conf.j2') }}"}
      when: pgbackrest_has_second
END
printf '%s\n' 'all: {children: {database: {hosts: {db1: {ansible_host: 192.0.2.1}, db2: {ansible_host: 192.0.2.2}}}, backup: {hosts: {backup1: {ansible_host: 192.0.2.3}}}}}' >"$work/three.yml"
printf '%s\n' 'all: {children: {database: {hosts: {one: {ansible_host: 127.0.0.1}}}, backup: {children: {database: }}}}' >"$work/one.yml"
mkdir -p "$work"/{tls,db1.second,backup1.second,one.second,first,log,lock,spool,socket}
for inventory in three one; do
    (cd "$here/ops" && env -u ANSIBLE_VAULT_PASSWORD_FILE ansible-playbook -i "$work/$inventory.yml" "$work/play.yml") >"$work/play.log" 2>&1 || { cat "$work/play.log"; exit 1; }
done
is "database hosts go by the repository's host, and have no keys of the store" "1 0 0" \
    "$(grep -c '^repo2-host=backup1$' "$work/db1.conf") $(grep -c 's3\|cipher' "$work/db1.conf") $(find "$work/db1.second" -name '*.conf' | wc -l)"
is "the certificate of the store is verified" "repo2-storage-verify-tls=y" "$(grep verify-tls "$work/backup1.second/second.conf")"

# run CONFIGURATION COMMAND...: as the server's account, in folders of this test.
run() {
    local config=$1
    shift
    pgtree_as_server env PGBACKREST_LOG_PATH="$work/log" PGBACKREST_LOCK_PATH="$work/lock" PGBACKREST_SPOOL_PATH="$work/spool" PGBACKREST_LOG_LEVEL_FILE=off \
        PGBACKREST_IO_TIMEOUT=5 PGBACKREST_PG1_SOCKET_PATH="$work/socket" "$pgbackrest" --config="$work/$config.conf" --config-include-path="$work/$config.second" --stanza=quiver "$@" 2>&1
}
pgtree_give "$work"/{first,log,lock,spool,socket,one.second}
chmod -R a+rX "$work"
# Nobody is there, and that is all that is wrong: 31 to 38 are what pgBackRest says of settings.
for config in backup1 db1; do
    run $config info --repo=2 >"$work/out"
    status=$?
    is "pgBackRest reads the settings of $config" "it has no quarrel with them" "$(if [ $status -lt 25 ] || [ $status -gt 40 ]; then echo 'it has no quarrel with them'; else echo $status; cat "$work/out"; fi)"
done
printf '[global]\nrepo2-s3-bukket=x\n' >>"$work/backup1.second/second.conf"
is "one that it does not know would be seen" 1 "$(run backup1 info --repo=2 | grep -c "invalid option 'repo2-s3-bukket'")"

python=
for name in python3 /usr/bin/python3; do ! $name -c 'import moto.server' 2>/dev/null || { python=$name; break; }; done
[ -n "$python" ] || { echo "skipped: no Python here has moto, so nothing was backed up to a store"; exit $failed; }
bin=$(pgtree_config --bindir)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 \
    -keyout "$work/tls/key" -out "$work/tls/ca.crt" 2>/dev/null
chmod a+r "$work/tls/ca.crt"
$python "$here/tests/ops/s3.py" 127.0.0.1 "$port" "$work/tls/ca.crt" "$work/tls/key" backups >"$work/store" 2>"$work/store.err" &
store=$!
for _ in $(seq 100); do ! grep -q ready "$work/store" || break; sleep 0.2; done
mkdir "$work/data" "$work/restored"
pgtree_give "$work/data" "$work/restored"
chmod 700 "$work/data" "$work/restored"
pgtree_as_server "$bin/initdb" -D "$work/data" -U postgres -A trust -k --no-sync >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log"; exit 1; }
settings=$(printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$work/socket'" "fsync = off" "archive_mode = on" "archive_command = '$work/archive_by_pgbackrest %p'")
echo "$settings" | pgtree_as_server tee -a "$work/data/postgresql.conf" >/dev/null
cat >"$work/archive_by_pgbackrest" <<END
#!/bin/sh
PGBACKREST_LOG_PATH="$work/log" PGBACKREST_LOCK_PATH="$work/lock" PGBACKREST_SPOOL_PATH="$work/spool" PGBACKREST_LOG_LEVEL_FILE=off PGBACKREST_ARCHIVE_ASYNC=n \
    exec $pgbackrest --config=$work/one.conf --config-include-path=$work/one.second --stanza=quiver archive-push "\$1"
END
chmod 755 "$work/archive_by_pgbackrest"
start() { pgtree_as_server "$bin/pg_ctl" -D "$work/$1" -s -w -t 60 -l "$work/$1.log" start || { tail "$work/$1.log"; exit 1; }; }
sql() { pgtree_as_server "$bin/psql" -XqAt -h "$work/socket" -U postgres -d postgres -c "$1"; }
touch "$work/data.log" "$work/restored.log"
pgtree_give "$work/data.log" "$work/restored.log"
start data
sql "CREATE TABLE item AS SELECT n, 'a note that nobody else may read' AS note FROM generate_series(1, 5000) AS n"
expected=$(sql "SELECT md5(string_agg(n || note, ',' ORDER BY n)) FROM item")
run one stanza-create >"$work/out" || { cat "$work/out" "$work/store.err"; is "stanza-create in both repositories" 0 failed; }
began=$SECONDS
run one --repo=2 --type=full backup >"$work/out" || { cat "$work/out"; is "a full backup to the second" 0 failed; }
is "it is there, and the first repository has none" "2" "$(run one info --output=json | jq -r '[.[0].backup[].database["repo-key"]] | join(" ")')"
sql "INSERT INTO item VALUES (0, 'after the backup'); SELECT pg_switch_wal()" >/dev/null
run one check >"$work/out" || { cat "$work/out"; is "archiving works to both" 0 failed; }
pgtree_as_server "$bin/pg_ctl" -D "$work/data" -s -m immediate stop
rm -rf "$work/first"
run one --repo=2 --pg1-path="$work/restored" --archive-mode=off restore >"$work/out" || { cat "$work/out"; is "a restore from the second alone" 0 failed; }
start restored
for _ in $(seq 100); do [ "$(sql 'SELECT pg_is_in_recovery()' 2>/dev/null)" != f ] || break; sleep 0.2; done
is "row for row, with what came after the backup" "$expected after the backup" "$(sql "SELECT (SELECT md5(string_agg(n || note, ',' ORDER BY n)) FROM item WHERE n > 0) || ' ' || (SELECT note FROM item WHERE n = 0)")"
echo "# backed up, archived and restored by S3 in $((SECONDS - began)) s"
kill -USR1 $store
sleep 1
is "the store has files, and can read none of them" "true 0 0" "$(if [ "$(grep -ac '^quiver/.*/' "$work/store")" -ge 8 ]; then echo true; else grep -a '^quiver/' "$work/store"; fi) $(grep -ac 'nobody else may read' "$work/store") $(grep -ac 'pg_control' <(grep -av '^quiver/' "$work/store"))"
# Another's certificate.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 2 -keyout "$work/tls/other" -out "$work/tls/ca.crt" 2>/dev/null
is "a store that cannot prove who it is gets nothing" "unable to verify certificate" "$(run one info --repo=2 >"$work/out"; grep -o 'unable to verify certificate' "$work/out" | head -n 1)"
exit $failed
