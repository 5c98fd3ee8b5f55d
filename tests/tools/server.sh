#!/usr/bin/env bash
# A private PostgreSQL server with this checkout's quiver in it, for demos, tests and benchmarks.
#
# usage: tests/tools/server.sh [-c SETTING=VALUE]... [-x DIR]... COMMAND [ARG...]
#
# Builds the extension, lays out a private copy of the server's tree in a temporary directory
# (programs copied, everything else linked; PostgreSQL finds its files relative to its own
# program), installs quiver into that copy, starts a cluster on a Unix socket and runs COMMAND with
# PGHOST, PGPORT, PGUSER, PGDATABASE, QUIVER_ROOT and a PATH that begins with the private programs.
# Nothing is written to the system's directories, so no privilege is needed; as root, the server
# runs as an unprivileged account. All is removed when COMMAND ends, and its status is returned.
#
#   -c SETTING=VALUE   a line of postgresql.conf
#   -x DIR             an installed tree (DESTDIR of a make install) laid over the private copy
#   PG_CONFIG          the server to use (default: pg_config)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/tests/tools/pgtree.sh"

settings=() overlays=()
while getopts 'c:x:' option; do
    case $option in
        c) settings+=("$OPTARG") ;;
        x) overlays+=("$OPTARG") ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { echo "usage: $0 [-c SETTING=VALUE]... [-x DIR]... COMMAND [ARG...]" >&2; exit 2; }

tmp=$(mktemp -d "${TMPDIR:-/tmp}/quiver.XXXXXX")
chmod 755 "$tmp"
pgtree_create "$tmp/root" "${overlays[@]}"
bindir=$tmp/root$(pgtree_config --bindir)

stop() {
    pgtree_as_server "$bindir/pg_ctl" -D "$tmp/data" -m immediate -s stop >/dev/null 2>&1 || :
    rm -rf "$tmp"
}
trap stop EXIT
trap 'exit 130' INT TERM

mkdir "$tmp/data" "$tmp/socket"
pgtree_give "$tmp/data" "$tmp/socket"
pgtree_as_server "$bindir/initdb" -D "$tmp/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
    >"$tmp/initdb.log" 2>&1 || { cat "$tmp/initdb.log" >&2; exit 1; }
{
    printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$tmp/socket'" "fsync = off" \
        "full_page_writes = on" "timezone = 'UTC'" "log_line_prefix = '%m [%p] %q%a '"
    for setting in "${settings[@]}"; do
        printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"
    done
} >>"$tmp/data/postgresql.conf"
pgtree_as_server "$bindir/pg_ctl" -D "$tmp/data" -s -w -t 60 -l "$tmp/data/server.log" start \
    || { cat "$tmp/data/server.log" >&2; exit 1; }

export PGHOST=$tmp/socket PGPORT=5432 PGUSER=postgres PGDATABASE=postgres QUIVER_ROOT=$tmp/root
export PGDATA=$tmp/data PATH=$bindir:$PATH
status=0
"$@" || status=$?
if [ "$status" -ne 0 ] && grep -aE 'PANIC|was terminated by signal' "$tmp/data/server.log" >&2; then
    echo "the server log names a crash (above)" >&2
fi
exit "$status"
