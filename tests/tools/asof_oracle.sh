#!/usr/bin/env bash
# The as-of oracle on many seeds: every strategy against the ordinary plan.
#
# usage: tests/tools/asof_oracle.sh [FIRST [LAST]]      (default: seeds 1 to 200)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec "$here/tests/tools/server.sh" "$here/tests/tools/asof_oracle.sh" "$@"
fi
first=${1:-1} last=${2:-200}
psql -Xq -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION quiver'
differences=$(psql -XqAt -v ON_ERROR_STOP=1 -c "LOAD 'quiver'" -f "$here/tests/pgtap/lib/asof_oracle.sql" \
    -f "$here/tests/pgtap/lib/window_oracle.sql" \
    -c 'SET client_min_messages = warning' -c 'SET jit = off' \
    -c "SELECT pg_temp.asof_differences(seed) FROM generate_series($first, $last) seed" \
    -c "SELECT pg_temp.window_differences(seed) FROM generate_series($first, $last) seed")
if [ -n "$differences" ]; then
    printf '%s\n' "$differences"
    exit 1
fi
echo "seeds $first to $last: every strategy, and windows, answer as the ordinary plan does"
