#!/usr/bin/env bash
# Every suite of the tree, in two lanes side by side, and one line with the total at the end.
#
# usage: tests/tools/check.sh          (QUIVER_SUITES="unit pgtap" runs only these)
#
# A suite is tests/NAME/run.sh; its last line is "NAME: N passed, N failed". A suite that ends
# without that line, or with a status that does not fit it, counts as one more failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# What takes long comes first in its lane; a suite alone on a server stays in the second.
lane_one=(
    unit
    fuzz
    build
    ops
)
lane_two=(
    pgtap
    compat
    regress
    alias
    moving
    recovery
    upgrade
    audit
    demo
)

# A suite nobody runs proves nothing.
for script in tests/*/run.sh; do
    name=$(basename "$(dirname "$script")")
    case " ${lane_one[*]} ${lane_two[*]} " in
        *" $name "*) ;;
        *)
            echo "check.sh: $script is in no lane of tests/tools/check.sh" >&2
            echo "0 passed, 1 failed"
            exit 1
            ;;
    esac
done

wanted() { [ -z "${QUIVER_SUITES:-}" ] || case " $QUIVER_SUITES " in *" $1 "*) ;; *) false ;; esac; }

tmp=$(mktemp -d "${TMPDIR:-/tmp}/quiver-check.XXXXXX")
lanes=()
stop() {
    local lane
    for lane in "${lanes[@]}"; do
        kill -- "-$lane" 2>/dev/null || :
    done
    rm -rf "$tmp"
}
trap stop EXIT
trap 'exit 130' INT TERM

# run_suite NAME: its output in one piece when it is over, and its result in $tmp/NAME.result.
run_suite() {
    local name=$1 started=$SECONDS status=0 counts passed failed
    bash "tests/$name/run.sh" >"$tmp/$name.log" 2>&1 </dev/null || status=$?
    counts=$(tail -n 1 "$tmp/$name.log" | sed -nE "s/^$name: ([0-9]+) passed, ([0-9]+) failed\$/\1 \2/p")
    read -r passed failed <<<"${counts:-0 1}"
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
        echo "$name: exit status $status, though its last line names no failure" >>"$tmp/$name.log"
    elif [ "$status" -eq 0 ] && [ "$failed" -ne 0 ]; then
        echo "$name: no closing line, or failures with exit status 0" >>"$tmp/$name.log"
    elif [ $((passed + failed)) -eq 0 ]; then
        failed=1
        echo "$name: nothing was tested" >>"$tmp/$name.log"
    fi
    echo "$passed $failed" >"$tmp/$name.result"
    {
        flock 9
        printf '\n==== %s (%d s)\n' "$name" $((SECONDS - started))
        cat "$tmp/$name.log"
    } 9>"$tmp/lock"
}

run_lane() {
    local name
    for name in "$@"; do
        if wanted "$name"; then
            run_suite "$name"
        fi
    done
}

sh tests/tools/deps.sh check
# Warnings are errors here, also when a suite builds again.
export QUIVER_CXXFLAGS="-Werror ${QUIVER_CXXFLAGS:-}"
echo "==== compile"
started=$SECONDS
if ! make -s -j2 all 2>&1; then
    echo "0 passed, 1 failed"
    exit 1
fi
echo "compiled with -Werror in $((SECONDS - started)) s"

set -m # each lane in a process group of its own, so that an interrupt ends its servers too
run_lane "${lane_one[@]}" &
lanes+=($!)
run_lane "${lane_two[@]}" &
lanes+=($!)
set +m
wait "${lanes[@]}" || :

passed=0 failed=0
echo
for name in "${lane_one[@]}" "${lane_two[@]}"; do
    wanted "$name" || continue
    read -r suite_passed suite_failed < <(cat "$tmp/$name.result" 2>/dev/null || echo "0 1")
    printf '%-10s %6d passed %4d failed\n' "$name" "$suite_passed" "$suite_failed"
    passed=$((passed + suite_passed)) failed=$((failed + suite_failed))
done
[ $((passed + failed)) -gt 0 ] || failed=1
# What failed, once more: it may be far up in a long log.
for name in "${lane_one[@]}" "${lane_two[@]}"; do
    if wanted "$name" && ! grep -qs ' 0$' "$tmp/$name.result"; then
        printf '\n==== %s once more\n' "$name"
        grep -aE -A6 '^(# +)?not ok|^Failed|FAILED|stopped with' "$tmp/$name.log" | head -n 40 || :
        tail -n 8 "$tmp/$name.log" || :
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
