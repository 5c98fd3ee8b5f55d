#!/usr/bin/env bash
# A cluster goes to another one and back, on two servers of this machine: the programs of the role major_upgrade, end to end. Needs no host.
# usage: tests/ops/static/major_upgrade.sh
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec "$here/tests/tools/server.sh" -c wal_level=logical -c max_logical_replication_workers=6 -c max_worker_processes=16 "$here/tests/ops/static/major_upgrade.sh" "$@"
fi
. "$here/tests/tools/pgtree.sh"
UPGRADE_WORK=$(mktemp -d)
export UPGRADE_WORK PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/ops/roles/major_upgrade/files
next=$PGDATA.next
finish() {
    pgtree_as_server "$(command -v pg_ctl)" -D "$next" -s -m immediate stop
    rm -rf "$UPGRADE_WORK" "$next"
}
trap finish EXIT
mkdir -m 700 "$next"
pgtree_give "$next"
pgtree_as_server "$(command -v initdb)" -D "$next" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$UPGRADE_WORK/initdb.log" 2>&1 || { cat "$UPGRADE_WORK/initdb.log"; exit 1; }
printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$PGHOST'" 'port = 5433' 'fsync = off' 'wal_level = logical' 'max_logical_replication_workers = 6' \
    'max_worker_processes = 16' "timezone = 'UTC'" >>"$next/postgresql.conf"
pgtree_as_server "$(command -v pg_ctl)" -D "$next" -s -w -l "$next/server.log" start || { tail "$next/server.log"; exit 1; }
/usr/bin/python3 "$here/tests/ops/static/major_upgrade.py"
status=$?
[ $status -eq 0 ] || { tail -n 15 "$next/server.log"; tail -n 15 "$PGDATA/server.log"; }
exit $status
