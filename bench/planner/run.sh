#!/usr/bin/env bash
# What a distance call costs, and what the planner believes it costs: the measurement behind the
# constants of extension/types/distance_support.cpp.
#
# usage: bench/planner/run.sh
#   ROWS      rows of each table (default 10000)
#   WRITE=1   write docs/measured/planner_cost.md
#
# Prints a Markdown table. Times are processor time of the server process. A unit is the time of one
# cpu_operator_cost, taken as this machine's time for an addition of two columns. "planned" is read
# back from EXPLAIN, so the table cannot drift from the code.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rows=${ROWS:-10000}

table=$("$here/tests/tools/server.sh" -c shared_buffers=1GB -c jit=off -c max_parallel_workers_per_gather=0 \
    -c autovacuum=off -c synchronize_seqscans=off \
    psql -Xq -v ON_ERROR_STOP=1 -v rows="$rows" -f "$here/bench/planner/measure.sql")
report=$(
    cat <<REPORT
# What a distance call costs, and what the planner believes

Made by \`make bench-planner WRITE=1\` (bench/planner/run.sh) at commit $(git -C "$here" rev-parse --short HEAD), $("${PG_CONFIG:-pg_config}" --version),
$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1), $rows rows a table, everything in shared buffers.
The model is in [exact_search.md](../exact_search.md).

$table

"ns a call" is what \`count(v <-> query)\` takes more than \`count(v)\`, for each row. Where rows hold the values (PLAIN, and
EXTERNAL below 2 kB) the planner charges the same bytes once more as pages of the table, 400 units for 8 kB, so what it
plans for a scan is the sum. Where values are out of line "planned" has the pages of the TOAST table in it, "measured" their
reading from memory.
REPORT
)
printf '%s\n' "$report"
if [ "${WRITE:-0}" = 1 ]; then
    mkdir -p "$here/docs/measured"
    printf '%s\n' "$report" >"$here/docs/measured/planner_cost.md"
fi
