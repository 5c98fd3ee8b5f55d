#!/usr/bin/env bash
# Does a database that runs pgvector move to quiver and back, its rows untouched?
#
# usage: tests/moving/run.sh
#
#   QUIVER_PEER_TREE=DIR   an installed pgvector: `make install DESTDIR=DIR` in its source
#
# Without it, the server's own pgvector (Debian 13 and later package it); where there is none, a stand-in with pgvector's
# names made from our own modules, which proves how objects change hands but not that they are pgvector's.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here"
. tests/tools/pgtree.sh

if [ -z "${QUIVER_ROOT:-}" ]; then
    overlay=$(mktemp -d "${TMPDIR:-/tmp}/quiver-moving.XXXXXX")
    trap 'rm -rf "$overlay"' EXIT
    extensions=$(pgtree_config --sharedir)/extension
    if [ -n "${QUIVER_PEER_TREE:-}" ]; then
        cp -r "$QUIVER_PEER_TREE/." "$overlay/"
        export PEER=pgvector
    elif [ -e "$extensions/vector.control" ]; then
        export PEER=pgvector
    else
        export PEER=stand-in
        make -s all
        mkdir -p "$overlay$extensions" "$overlay$(pgtree_config --pkglibdir)"
        cp quiver.so "$overlay$(pgtree_config --pkglibdir)/vector.so"
        printf '%s\n' "default_version = '0.8.6'" "module_pathname = '\$libdir/vector'" 'relocatable = true' 'trusted = true' \
            >"$overlay$extensions/vector.control"
        for module in bit vector{,_distances,_functions,_compare,_aggregates,_casts} halfvec{,_distances,_functions,_compare,_aggregates,_casts}; do
            perl -0pe 's/\n\s+SUPPORT [\w.]+;/;/g; s/\n\s+ANALYZE = [\w.]+,//g' "sql/modules/types/$module.sql"
        done >"$overlay$extensions/vector--0.8.6.sql"
    fi
    tests/tools/server.sh -x "$overlay" -c wal_level=logical -c max_connections=40 tests/moving/run.sh
    exit
fi

. tests/tools/checks.sh
# sql DATABASE ARGUMENT...: rows, or the error.
sql() { PGOPTIONS='-c client_min_messages=error' psql -XqAt -v ON_ERROR_STOP=1 -d "$@" 2>&1 || :; }
moving() { sql/moving/moving.sh "$@" 2>&1 && echo "status 0" || echo "status $?"; }
has_hnsw() { [ "$(sql "$1" -c "SELECT count(*) FROM pg_am WHERE amname = 'hnsw'")" = 1 ]; }
echo "pgvector is: $PEER"
make -s install-way-back >/dev/null
for test in in_place dump_restore replication; do
    # shellcheck source=/dev/null
    . "tests/moving/$test.sh"
done
echo "moving: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
