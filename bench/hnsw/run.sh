#!/usr/bin/env bash
# hnsw against pgvector, hnswlib and faiss, all in one run on one machine; the plan is docs/hnsw_bench.md.
#
# usage: bench/hnsw/run.sh             run, then print the report
#        bench/hnsw/run.sh report      only print the report of what was measured before
#
#   SETS       words fmnist784 wordnet clustered_10k clustered_1m ... (default: words fmnist784)
#   SIDES      pgvector plain codes codes_heap attributes hnswlib faiss (default: these), faiss-sq8,
#            codes_pages codes_1bit codes_2bit codes_4bit codes_8bit (layouts)
#   FIGURES    build search batch clients filtered cold insert vacuum (default: these), memory
#   EFS        the sweep of ef_search
#   WORKERS    parallel workers of a build (default: processors - 1); BUILD_MEMORY (2GB);
#            BUILDS of each index, of which the median counts (3)
#   PGVECTOR_TREE   an installed pgvector: the DESTDIR of its "make install". Without it the distribution's
#                   package postgresql-N-pgvector is used (Debian 13 has it for 17)
#   PGVECTOR_BUILD  how that was built, for the document
#   BENCH_CACHE     where data sets are kept (default: ~/.cache/quiver/bench)
#   OURS=vector     run pgvector in our place too, to try the harness
#   WRITE=1         write docs/measured/hnsw.md; WRITE=NAME: docs/measured/NAME.md, with only what was measured.
#            The results themselves are kept beside it as NAME.jsonl
#
# Results are kept in bench/out/hnsw and the report takes the newest of each, so a long run may be made of
# short ones. `rm bench/out/hnsw/results.jsonl` starts again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here"
PG_CONFIG=${PG_CONFIG:-pg_config}
python=${PYTHON:-/usr/bin/python3}
export BENCH_RESULTS=$here/bench/out/hnsw/results.jsonl BENCH_PROGRAMS=$here/build/bench/hnsw
mkdir -p "$(dirname "$BENCH_RESULTS")" "$BENCH_PROGRAMS"
export PGVECTOR_BUILD="${PGVECTOR_BUILD:-}"

report() {
    local name=${WRITE:-0} part=()
    case $name in
        0) ;;
        1) name=hnsw ;;
        *) part=(--measured) ;;
    esac
    "$python" bench/hnsw/report.py "$BENCH_RESULTS" "${part[@]}" >"$BENCH_PROGRAMS/report.md"
    cat "$BENCH_PROGRAMS/report.md"
    [ "$name" != 0 ] || return 0
    cp "$BENCH_PROGRAMS/report.md" "docs/measured/$name.md"
    cp "$BENCH_RESULTS" "docs/measured/$name.jsonl"
}
if [ "${1:-}" = report ]; then
    report
    exit
fi

export SETS=${SETS:-words fmnist784} FIGURES=${FIGURES:-build search batch clients filtered cold insert vacuum}
export SIDES=${SIDES:-${PEERS:-pgvector plain codes codes_heap attributes hnswlib faiss}}
export BENCH_CACHE=${BENCH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/quiver/bench}
BENCH_COMMIT=$(git describe --always --dirty 2>/dev/null || echo unknown)
export BENCH_COMMIT OURS=${OURS:-quiver}
sh tests/tools/deps.sh bench-hnsw

overlay=()
[ -z "${PGVECTOR_TREE:-}" ] || overlay=(-x "$PGVECTOR_TREE")
control=${PGVECTOR_TREE:-}$("$PG_CONFIG" --sharedir)/extension/vector.control
case " $SIDES " in
    *pgvector*)
        if [ ! -e "$control" ]; then
            version=$("$PG_CONFIG" --version | grep -oE '[0-9]+' | head -n 1)
            echo "no pgvector: $control is missing. Install postgresql-$version-pgvector, or set" \
                "PGVECTOR_TREE to the DESTDIR of a pgvector built for this server." >&2
            exit 1
        fi
        ;;
esac

compile() { "${CXX:-g++}" -std=c++20 -O3 -Wall -Wextra -I. -isystem "$("$PG_CONFIG" --includedir)" "$@"; }
newer() { [ ! -e "$1" ] || [ "$2" -nt "$1" ] || [ bench/hnsw/files.hpp -nt "$1" ]; }
if newer "$BENCH_PROGRAMS/client" bench/hnsw/client.cpp; then
    compile bench/hnsw/client.cpp -o "$BENCH_PROGRAMS/client" -lpq -pthread
fi
# The libraries' headers are compiled for this processor, as their users do.
case " $SIDES " in
    *hnswlib* | *faiss*)
        if newer "$BENCH_PROGRAMS/peers" bench/hnsw/peers.cpp; then
            compile -w -march=native -fopenmp bench/hnsw/peers.cpp -o "$BENCH_PROGRAMS/peers" -lfaiss -llapack -lblas
        fi
        ;;
esac

mkdir -p "$BENCH_CACHE"
# shellcheck disable=SC2086  # a list of names
"$python" bench/hnsw/data.py "$BENCH_CACHE" $SETS
status=0
tests/tools/server.sh "${overlay[@]}" -c shared_buffers=4GB -c work_mem=64MB -c jit=off -c max_wal_size=20GB \
    -c max_parallel_workers_per_gather=0 -c autovacuum=off -c checkpoint_timeout=1h -c max_worker_processes=16 \
    "$python" bench/hnsw/measure.py || status=$?
report
exit "$status"
