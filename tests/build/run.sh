#!/usr/bin/env bash
# The rules of this repository, each a small script that prints what breaks it; and the proof that
# each rule fails on a violation (selftest.sh).
#
# usage: tests/build/run.sh [RULE...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

rules=(
    layers
    versions
    sizes
    opening
    suites
    sql
    symbols
    isa
    globals
    comments
    clang
    selftest
)
for script in tests/build/*.sh; do
    name=$(basename "$script" .sh)
    case " ${rules[*]} run " in
        *" $name "*) ;;
        *) rules+=("$name-is-on-no-list") ;;
    esac
done
[ $# -eq 0 ] || rules=("$@")

# The rules ask git which files are ours. For an unpacked archive an index beside it answers.
if [ "$(git rev-parse --show-toplevel 2>/dev/null)" != "$PWD" ]; then
    export GIT_DIR=$PWD/build/archive.git GIT_WORK_TREE=$PWD
    rm -rf "$GIT_DIR"
    mkdir -p build
    git init -q
    git add -A
fi

make -s all
passed=0 failed=0
for rule in "${rules[@]}"; do
    if [ -e "tests/build/$rule.sh" ] && output=$(bash "tests/build/$rule.sh" 2>&1); then
        passed=$((passed + 1))
        echo "ok - $rule: $(sed -n '2,3s/^# \(.*\)/\1/p' "tests/build/$rule.sh" | tr '\n' ' ' | sed 's/[:.;].*//')"
    else
        failed=$((failed + 1))
        echo "not ok - $rule"
        printf '%s\n' "${output:-no such rule}" | sed 's/^/    /'
    fi
done
echo "build: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
