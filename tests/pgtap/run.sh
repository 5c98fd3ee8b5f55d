#!/usr/bin/env bash
# The pgTAP suite: what SQL promises. Runs on a private server with this checkout's quiver.
#
# usage: tests/pgtap/run.sh [FILE.sql...]    (default: every file but the shared ones in lib/)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ -z "${QUIVER_ROOT:-}" ]; then
    # An ANALYZE by autovacuum, of catalogs too, would keep dead rows alive while a file tests its own VACUUM.
    exec "$here/tests/tools/server.sh" -c autovacuum=off -c max_connections=20 -c max_prepared_transactions=4 "$here/tests/pgtap/run.sh" "$@"
fi

if [ $# -eq 0 ]; then
    mapfile -t files < <(cd "$here" && find tests/pgtap -name '*.sql' -not -path '*/lib/*' | sort)
    set -- "${files[@]}"
    cd "$here"
fi
# Made once, so that files do not wait for one another's CREATE EXTENSION.
psql -Xq -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION pgtap' -c 'CREATE EXTENSION quiver'

report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
prove --jobs 2 --failures --comments --exec 'psql -Xqf' "$@" 2>&1 | tee "$report" || status=$?

# The summary has "(Wstat: 0 Tests: 9 Failed: 1)" for each bad file; a file that stopped early or
# ran more or fewer assertions than it planned has parse errors and counts as one more failure.
total=$(sed -n 's/^Files=.* Tests=\([0-9]*\),.*/\1/p' "$report")
failed=$(sed -n 's/.*(Wstat: .* Failed: \([0-9]*\))$/\1/p' "$report" | awk '{ n += $1 } END { print n + 0 }')
broken=$(awk '/\(Wstat: / { counted = 0 }
    /^  (Parse errors|Non-zero (exit|wait) status):/ && !counted { counted = 1; n++ }
    END { print n + 0 }' "$report")
passed=$((${total:-0} - failed))
failed=$((failed + broken))
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    failed=1
fi
printf 'pgtap: %d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
