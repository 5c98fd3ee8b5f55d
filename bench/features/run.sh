#!/usr/bin/env bash
# The as-of join against LATERAL on an index, Feast's SQL and DuckDB's ASOF JOIN, on the same rows.
#
# usage: bench/features/run.sh
#   SPINE, HISTORY, ENTITIES   rows and keys (default 1000000, 10000000, 100000)
#   RUNS                       timed runs a side, taken in turns (default 5)
#   PARTS                      a part only: join few memory views windows (default: all)
#   WRITE=1                    write docs/measured/asof_join.md
#
# DuckDB comes from npm (@duckdb/node-api) and is kept in bench/out.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
sh "$here/tests/tools/deps.sh" bench
export BENCH_DATA=$here/bench/out/asof BENCH_DOCUMENT=$here/docs/measured/asof_join.md
mkdir -p "$BENCH_DATA"
if [ ! -d "$BENCH_DATA/node_modules/@duckdb/node-api" ]; then
    npm install --silent --no-audit --no-fund --prefix "$BENCH_DATA" @duckdb/node-api@1.5.6-r.1
fi
cd "$here"
"$here/tests/tools/server.sh" -c shared_buffers=2GB -c work_mem=64MB -c jit=off -c autovacuum=off \
    -c max_wal_size=8GB -c max_parallel_workers_per_gather=1 -c session_preload_libraries=quiver \
    node "$here/bench/features/measure.mjs"
