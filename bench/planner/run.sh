#!/usr/bin/env bash
# What a distance call costs, and what the planner believes it costs: the measurement behind the
# constants of extension/types/distance_support.cpp.
#
# usage: bench/planner/run.sh [ROWS]      (default 20000; starts its own private server)
#
# Prints a Markdown table. A unit is the time of one cpu_operator_cost, taken from this machine's
# time for an addition of two columns. "planned" is read back from EXPLAIN, so the table cannot
# drift from the code.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
exec "$here/tests/tools/server.sh" -c shared_buffers=1GB -c jit=off -c max_parallel_workers_per_gather=0 \
    -c autovacuum=off -c synchronize_seqscans=off \
    psql -Xqf "$here/bench/planner/measure.sql" -v ON_ERROR_STOP=1 -v rows="${1:-20000}"
