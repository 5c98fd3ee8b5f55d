#!/bin/sh
# Every file below tests/ is run, included or named by something: a test nobody runs proves nothing.
# usage: sh tests/build/suites.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"

git ls-files -co --exclude-standard -- tests | while read -r file; do
    [ -e "$file" ] || continue
    name=${file##*/}
    case $file in
        # Found by pattern: by tests/pgtap/run.sh, tests/unit, tests/fuzz, tests/compat.
        tests/pgtap/lib/*) ;;
        tests/pgtap/*/*.sql | tests/unit/*_test.cpp | tests/fuzz/corpus/*) continue ;;
        tests/compat/contract/cases/*.cases | tests/compat/clients/*.test.mjs) continue ;;
        # pg_regress pairs; tests/regress/run.sh runs what is there.
        tests/regress/sql/*.sql)
            [ -e "tests/regress/expected/${name%.sql}.out" ] || echo "$file has no expected output"
            continue
            ;;
        tests/regress/expected/*.out)
            [ -e "tests/regress/sql/$(echo "${name%.out}" | sed 's/_[0-9]$//').sql" ] ||
                echo "$file is the output of no file"
            continue
            ;;
        # tests/tools/check.sh refuses a suite that is not on its list.
        tests/*/run.sh) continue ;;
        *.md | */LICENSE | */SHA256SUMS | */.npmrc) continue ;;
    esac
    stem=${name%.*}
    git grep --untracked -qIF -e "$name" -- . ":!$file" ":!tests/build/selftest.sh" ||
        git grep --untracked -qIwF -e "$stem" -- tests Makefile .ci ":!$file" ":!tests/build/selftest.sh" ||
        echo "$file is run by nothing"
done | if grep .; then exit 1; fi
