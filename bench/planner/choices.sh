#!/usr/bin/env bash
# Does the planner take an hnsw index where it is faster than a sort, and a sort where that is?
#
# usage: bench/planner/choices.sh
#   ROWS      rows of the larger tables (default 40000)
#   WRITE=1   write docs/measured/plan_choices.md
#
# Prints a Markdown table. Times are processor time of the server process, everything in shared buffers.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rows=${ROWS:-40000}

table=$("$here/tests/tools/server.sh" -c shared_buffers=2GB -c jit=off -c autovacuum=off -c work_mem=64MB -c max_wal_size=8GB \
    psql -Xq -v ON_ERROR_STOP=1 -v rows="$rows" -f "$here/bench/planner/choices.sql")
report=$(
    cat <<REPORT
# When an hnsw index beats a sort, and what the planner takes

Made by \`make bench-plans WRITE=1\` (bench/planner/choices.sh) at commit $(git -C "$here" rev-parse --short HEAD), $("${PG_CONFIG:-pg_config}" --version),
$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1), everything in shared buffers, \`hnsw.iterative_scan = strict_order\`. The model is in
[hnsw_cost.md](../hnsw_cost.md). Tables: plain_16, plain_128 and inside_128 (whose index has the condition's column) of $rows rows, small_128 of
$((rows / 20)), outside_784 and codes_784 (values out of line) of $((rows / 2)). Times are processor time of the server process, the mean of five
queries. "index / sort" is the ratio of the times, "planned" that of the costs at
\`random_page_cost = 4\`, PostgreSQL's default; "at 1.1" is what is taken where that is the setting, as is usual for data in memory or on
flash, if it is another.

$table
REPORT
)
printf '%s\n' "$report"
if [ "${WRITE:-0}" = 1 ]; then
    mkdir -p "$here/docs/measured"
    printf '%s\n' "$report" >"$here/docs/measured/plan_choices.md"
fi
