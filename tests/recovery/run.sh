#!/usr/bin/env bash
# Does the data survive: dump and restore, and a server that dies?
#
# usage: tests/recovery/run.sh [TEST...]     (default: every test below tests/recovery; `make soak` runs those of hnsw long)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here"
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec tests/tools/server.sh -c wal_level=logical -c max_connections=40 tests/recovery/run.sh "$@"
fi
[ $# -gt 0 ] || set -- dump_restore history features crash hnsw_crash hnsw_filters hnsw_filters_build hnsw_filters_replica hnsw_filters_damage hnsw_replica hnsw_wal hnsw_copy hnsw_damage hnsw_dense hnsw_cancel hnsw_sessions hnsw_memory hnsw_progress

. tests/tools/checks.sh
scratch=$(mktemp -d "${TMPDIR:-/tmp}/quiver-recovery.XXXXXX")
ended=no
at_exit=: # what a test has to undo if it stops halfway
finish() {
    local status=$?
    $at_exit
    if [ "$ended" = no ]; then
        # A command failed where none may: say where, and count it.
        echo "not ok - $test stopped with status $status"
        tail -n 5 "$scratch/stopped" "$scratch/pg_ctl.log" "$PGDATA/server.log" 2>/dev/null || :
        ended=yes
        echo "recovery: $passed passed, $((failed + 1)) failed"
    fi
    rm -rf "$scratch"
}
trap finish EXIT
set -E
trap 'echo "${BASH_SOURCE[0]}:$LINENO: $BASH_COMMAND" >>"$scratch/stopped"' ERR
# sql DATABASE ARGUMENT...: rows, or the error.
sql() { PGOPTIONS='-c client_min_messages=error' psql -XqAt -v ON_ERROR_STOP=1 -d "$@" 2>&1; }
for test; do
    # shellcheck source=/dev/null
    . "tests/recovery/$test.sh"
done
ended=yes
echo "recovery: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
