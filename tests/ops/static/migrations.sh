#!/usr/bin/env bash
# ops/migrate on a server of this machine: what a program in Python beside this file says. Needs no host.
# usage: migrations.sh migrations_apply|migrations_phases|migrations_standby|migrations_page
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec "$here/tests/tools/server.sh" "$here/tests/ops/static/migrations.sh" "$@"
fi
MIGRATIONS_WORK=$(mktemp -d)
export MIGRATIONS_WORK PYTHONDONTWRITEBYTECODE=1
standby=
finish() {
    [ -z "$standby" ] || pgtree_as_server "$(command -v pg_ctl)" -D "$standby" -s -m immediate stop
    rm -rf "$MIGRATIONS_WORK"
}
trap finish EXIT
if [ "$1" = migrations_standby ]; then
    . "$here/tests/tools/pgtree.sh"
    standby=$PGDATA.standby
    mkdir -m 700 "$standby"
    pgtree_give "$standby"
    pgtree_as_server "$(command -v pg_basebackup)" -h "$PGHOST" -p "$PGPORT" -U postgres -D "$standby" -R -c fast -d 'application_name=late' || exit 1
    pgtree_as_server "$(command -v pg_ctl)" -D "$standby" -s -w -o '-c port=5433' -l "$standby/server.log" start || { tail "$standby/server.log"; exit 1; }
fi
/usr/bin/python3 "$here/tests/ops/static/$1.py"
