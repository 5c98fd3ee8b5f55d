#!/usr/bin/env bash
# Does the demo run, are its answers right, and is nothing left behind?
# usage: tests/demo/run.sh     plays all acts once, and a few again with and without colour
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
# The server's account has to reach what lies in it.
chmod 755 "$scratch"
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
mkdir "$scratch/tmp"
chmod 755 "$scratch/tmp"
export TMPDIR=$scratch/tmp
unset NO_COLOR

passed=0 failed=0
check() { # check NAME COMMAND...
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        echo "not ok - $name"
    fi
}
demo() { bash "$here/docs/demo/run.sh" "$@"; }

output=$scratch/output
status=0
demo >"$output" 2>&1 || status=$?
[ "$status" -eq 0 ] || cat "$output"

# Rows of result tables without the spaces of alignment: has 'a\|b' finds one that begins so.
rows=$scratch/rows
sed 's/ *| */|/g; s/^ *//; s/ *$//' "$output" >"$rows"
has() { grep -qE -- "^$1" "$rows"; }
cell() { awk -F'|' -v row="$1" -v column="$2" '$1 == row { print $column; exit }' "$rows"; }
between() { # between VALUE LOW HIGH
    awk -v value="$1" -v low="$2" -v high="$3" \
        'BEGIN { exit !(value != "" && value >= low && value <= high) }'
}
acts() { find "$here/docs/demo/acts" -name '*.sql' | wc -l; }
nothing_left() { [ -z "$(ls -A "$TMPDIR")" ] || { ls -lA "$TMPDIR"; return 1; }; }
# Processes whose command line or directory names our temporary directory.
none_running() {
    local directory
    for directory in /proc/[0-9]*; do
        case $(readlink "$directory/cwd"; tr '\0' ' ' <"$directory/cmdline") in
            *"$TMPDIR"/quiver.*) echo "still running: ${directory#/proc/}"; return 1 ;;
        esac
    done 2>/dev/null
}

check 'the demo ends well' [ "$status" -eq 0 ]
check 'every act is played' [ "$(grep -cE '^[0-9]+\. ' "$output")" -eq "$(acts)" ]
check 'the audit log verifies' grep -qE 'info *\| summary .* 0 errors, 0 warnings' "$output"
check 'king: the queen is near' has 'queen\|0\.249$'
check 'jazz: blues, then music' has 'jazz\|blues 0\.22  music 0\.24 '
check 'the index finds the sea near the ocean' has 'sea\|0\.161$'
check 'its recall with 200 candidates' between "$(cell 200 2)" 0.97 1
check 'king - man + woman is queen' has 'queen\|0\.217$'
check 'paris is to france as tokyo to japan' has 'paris\|france\|tokyo\|japan\|'
check 'better is to good as worse to bad' has 'better\|good\|worse\|bad\|'
check 'vector is exact' [ "$(cell vector 3)" = 1.000 ]
while read -r floor suite name; do
    [ "$suite" != demo ] ||
        check "recall@10 of $name is at least $floor" between "$(cell "$name" 3)" "$floor" 1
done <"$here/tests/data/recall_floors"
check 'a filtered search returns what qualifies' has 'sea\|0\.'
check 'workers find the same pairs as one process' [ "$(grep -c 'trip couple' "$output")" -eq 2 ]
check 'an average continues the list' has 'weather\|rain, snow, wind, storm\|winds, storms'
check 'vectors are grouped by hashing' grep -q 'HashAggregate' "$output"
check 'duplicates are counted' has '300\|.* = .* \(copy\)$'
check 'the scalar level has figures' has 'scalar\|[0-9.]+\|[0-9.]+\|[0-9.]+'
check 'a dataset is made again as it was' has 'as it was\|31\|9$'
check 'and online is newer' has 'now, online\|38\|2$'
check 'times are printed' [ "$(grep -cE '^ +[0-9]+\.[0-9]+ ms$' "$output")" -ge 10 ]
check 'the end says how long it took' grep -qE '^[0-9]+ acts, [0-9]+\.[0-9] s in all\.' "$output"
check 'no colour in a file' bash -c "! grep -q $'\x1b' '$output'"
check 'nothing is left behind' nothing_left
check 'no process is left' none_running

# script(1) gives its command a terminal.
on_terminal() { timeout 120 script -qec "bash '$here/docs/demo/run.sh' 10" /dev/null </dev/null; }
export TERM=xterm
check 'colour on a terminal' bash -c \
    "$(declare -f on_terminal); here='$here'; on_terminal | grep -q $'\x1b'"
check 'NO_COLOR is respected' bash -c \
    "$(declare -f on_terminal); here='$here'; export NO_COLOR=1; ! on_terminal | grep -q $'\x1b'"

printf '%s\n' '-- A failing act' 'SELECT 1 / 0;' >"$scratch/failing.sql"
printf '%s\n' '-- An act without an end' 'SELECT 1' >"$scratch/unended.sql"
fails() { ! demo "$@" >"$scratch/failure" 2>&1; }
check 'a failing act fails the demo' fails "$scratch/failing.sql"
check 'and names the error' grep -q 'division by zero' "$scratch/failure"
check 'a statement without an end fails the demo' fails "$scratch/unended.sql"
check 'an unknown act fails' fails no_such_act
check 'nothing is left behind by failures' nothing_left

echo "demo: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
