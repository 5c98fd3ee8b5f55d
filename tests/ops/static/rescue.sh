#!/usr/bin/env bash
# A pg_rewind that dies half way leaves data that can never start; quiver-rescue sees that, and takes no other data for such. Needs no host.
#
# Two servers: one is promoted beside the other, which then crashes and is rewound. The limit on the size of files kills that rewind where
# it copies WAL, as a power cut would.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
. "$here/tests/tools/pgtree.sh"
rescue=$here/ops/roles/patroni/files/rescue.py
binaries=$(pgtree_config --bindir)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/quiver.XXXXXX")
chmod 755 "$tmp"
mkdir "$tmp/socket"
pgtree_give "$tmp" "$tmp/socket"
stop() {
    for name in old new; do pgtree_as_server "$binaries/pg_ctl" -D "$tmp/$name" -m immediate -s stop >/dev/null 2>&1; done
    rm -rf "$tmp"
}
trap stop EXIT
trap 'exit 130' INT TERM
status=0
# says WHAT EXPECTED DATA: what quiver-rescue makes of the data.
says() {
    local actual
    actual=$(/usr/bin/python3 "$rescue" --look "$3" "$binaries")
    # shellcheck disable=SC2254  # a pattern
    case $actual in
        $2) ;;
        *)
            echo "$1: expected '$2', got '$actual'"
            status=1
            ;;
    esac
}
start() { pgtree_as_server "$binaries/pg_ctl" -D "$tmp/$1" -o "-p $2" -s -w -t 60 -l "$tmp/$1.log" start || { tail "$tmp/$1.log"; exit 1; }; }
query() { pgtree_as_server "$binaries/psql" -XqAt -h "$tmp/socket" -p "$1" -U postgres -d postgres -c "$2"; }

pgtree_as_server "$binaries/initdb" -D "$tmp/old" -U postgres -A trust -k --no-sync >"$tmp/initdb.log" 2>&1 || { cat "$tmp/initdb.log"; exit 1; }
printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$tmp/socket'" "fsync = off" "full_page_writes = on" "max_wal_senders = 4" \
    "wal_keep_size = 256MB" >>"$tmp/old/postgresql.conf"
start old 5501
says "a server that runs" "may start" "$tmp/old"
pgtree_as_server "$binaries/pg_basebackup" -h "$tmp/socket" -p 5501 -U postgres -D "$tmp/new" -X stream -c fast -R --no-sync || exit 1
says "a fresh copy, which starts from backup_label" "may start" "$tmp/new"
start new 5502
query 5501 "CREATE TABLE item AS SELECT n, repeat('x', 100) FROM generate_series(1, 20000) AS n"
for _ in $(seq 300); do
    [ "$(query 5502 "SELECT to_regclass('item') IS NOT NULL")" != t ] || break
    sleep 0.1
done
pgtree_as_server "$binaries/pg_ctl" -D "$tmp/new" -s -w promote
# Both go on: the old one past where the new one left it, and into another file of WAL.
query 5502 "INSERT INTO item SELECT n, repeat('y', 100) FROM generate_series(1, 200000) AS n; CHECKPOINT"
query 5501 "INSERT INTO item SELECT n, repeat('z', 100) FROM generate_series(1, 20000) AS n; SELECT pg_switch_wal(); CHECKPOINT" >/dev/null
pgtree_as_server "$binaries/pg_ctl" -D "$tmp/old" -m immediate -s stop
says "a server that crashed" "may start" "$tmp/old"

# 8 MB, in blocks of 1 kB: half a file of WAL.
(ulimit -f 8192 -c 0; pgtree_as_server "$binaries/pg_rewind" -D "$tmp/old" --source-server "host=$tmp/socket port=5502 user=postgres dbname=postgres" --no-sync \
    >"$tmp/rewind.log" 2>&1) && { echo "the rewind was to be killed:"; cat "$tmp/rewind.log"; status=1; }
says "a rewind that was killed" "recovery must start at */*, and no file of pg_wal has a checkpoint there" "$tmp/old"
# Its settings may be half a file by now.
pgtree_as_server "$binaries/pg_ctl" -D "$tmp/old" -o "-p 5501 -k $tmp/socket -h ''" -s -w -t 20 -l "$tmp/broken.log" start >/dev/null 2>&1 &&
    { echo "the server starts from half a rewind"; status=1; }
grep -q 'could not locate a valid checkpoint record' "$tmp/broken.log" || { echo "not the error it is about:"; tail -n 5 "$tmp/broken.log"; status=1; }

rm "$tmp/old/global/pg_control"
says "a copy that was interrupted" "there are files but no pg_control*" "$tmp/old"
mkdir "$tmp/empty"
says "no data yet" "may start" "$tmp/empty"
says "no folder yet" "may start" "$tmp/nothing"
exit $status
