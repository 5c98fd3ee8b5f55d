#!/usr/bin/env bash
# Text that people and programs see: EXPLAIN, COPY, psql's descriptions; compared word for word by
# pg_regress. The expected text holds for every supported server.
#
# usage: tests/regress/run.sh [TEST...]     (default: every file in sql/)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec "$here/tests/tools/server.sh" "$here/tests/regress/run.sh" "$@"
fi

cd "$here/tests/regress"
[ $# -gt 0 ] || { tests=(sql/*.sql) && tests=("${tests[@]#sql/}") && set -- "${tests[@]%.sql}"; }
pg_regress=$("${PG_CONFIG:-pg_config}" --pkglibdir)/pgxs/src/test/regress/pg_regress
output=$(mktemp -d "${TMPDIR:-/tmp}/quiver-regress.XXXXXX")
trap 'rm -rf "$output"' EXIT

psql -Xqc 'CREATE DATABASE regression' -c "ALTER DATABASE regression SET quiver.simd = 'scalar'"
psql -Xqd regression -c 'CREATE EXTENSION quiver'
"$pg_regress" --use-existing --dbname=regression --bindir="$(dirname "$(command -v psql)")" \
    --inputdir=. --outputdir="$output" "$@" || cat "$output/regression.diffs" || :

# Servers before 16 say "test NAME ... ok", later ones "ok 1 - NAME".
passed=0 failed=0
for test; do
    if [ -e "$output/results/$test.out" ] && ! grep -qE "^[+-]{3} .*/$test\.out" "$output/regression.diffs" 2>/dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "regress: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
