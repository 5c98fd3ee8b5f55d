#!/usr/bin/env bash
# Builds of hnsw indexes where memory is short: the server in a control group that has room for the whole graph, for
# half of it and for a quarter, beside its buffers (docs/hnsw_bench.md). Needs root.
#
# usage: bench/hnsw/tight.sh
#
#   SETS     words fmnist784 ... (default: words)
#   SIDES    pgvector plain codes codes_heap (default: pgvector codes)
#   PARTS    parts of the memory (default: 1 2 4)
#   BUFFERS  megabytes of shared_buffers (default: 64); ROOM: megabytes for the server's processes and the table's pages on
#            their way (default: 64)
#   WORKERS  parallel workers of a build (default: processors - 1)
#   PGVECTOR_TREE, PGVECTOR_BUILD, BENCH_CACHE, WRITE=1 (docs/measured/hnsw_memory.md) as for run.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here"
[ "$(id -u)" -eq 0 ] || { echo "only root makes control groups" >&2; exit 1; }
python=${PYTHON:-/usr/bin/python3}
export BENCH_PROGRAMS=$here/build/bench/hnsw SETS=${SETS:-words} SIDES=${SIDES:-pgvector codes} PARTS=${PARTS:-1 2 4} BUFFERS=${BUFFERS:-64} ROOM=${ROOM:-64}
export BENCH_CACHE=${BENCH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/quiver/bench}
BENCH_COMMIT=$(git describe --always --dirty 2>/dev/null || echo unknown)
export BENCH_COMMIT
mkdir -p "$BENCH_PROGRAMS" "$BENCH_CACHE"
sh tests/tools/deps.sh bench-hnsw
g++ -std=c++20 -O3 -Wall -Wextra -I. -isystem "$("${PG_CONFIG:-pg_config}" --includedir)" bench/hnsw/client.cpp -o "$BENCH_PROGRAMS/client" -lpq -pthread
# shellcheck disable=SC2086  # a list of names
"$python" bench/hnsw/data.py "$BENCH_CACHE" $SETS
overlay=()
[ -z "${PGVECTOR_TREE:-}" ] || overlay=(-x "$PGVECTOR_TREE")
tests/tools/server.sh "${overlay[@]}" -c shared_buffers="${BUFFERS}MB" -c jit=off -c max_wal_size=20GB -c autovacuum=off -c checkpoint_timeout=1h \
    -c wal_level=minimal -c max_wal_senders=0 "$python" bench/hnsw/tight.py >"$BENCH_PROGRAMS/memory.md"
cat "$BENCH_PROGRAMS/memory.md"
[ "${WRITE:-0}" != 1 ] || cp "$BENCH_PROGRAMS/memory.md" docs/measured/hnsw_memory.md
