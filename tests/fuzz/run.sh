#!/usr/bin/env bash
# The fuzzers' part of `make check`: every kept input once more, then a few seconds of new ones.
#
# FUZZ_SMOKE_SECONDS (default 3) is the time for each target. What breaks a target is written to
# tests/fuzz/findings; docs/fuzzing.md says how to go on from there.
set -euo pipefail
# shellcheck source=tests/fuzz/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
seconds=${FUZZ_SMOKE_SECONDS:-3}

build_targets
mkdir -p "$findings"
work=$(mktemp -d "${TMPDIR:-/tmp}/quiver-fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# step DESCRIPTION COMMAND...: one test; its output is shown if it fails.
step() {
    local description=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $description"
    else
        failed=$((failed + 1))
        echo "FAILED  $description"
        tail -n 40 "$work/log"
    fi
}

for target in "${targets[@]}"; do
    kept=$fuzz_dir/corpus/$target
    large_seeds "$target" "$work/large/$target"
    read -ra flags <<<"$(target_flags "$target")"
    mapfile -t files < <(find "$kept" "$work/large/$target" -type f)
    step "$target: ${#files[@]} kept and largest inputs" "$out/$target" "${flags[@]}" "${files[@]}"
    mkdir -p "$work/new/$target"
    step "$target: new inputs for $seconds s" "$out/$target" "${flags[@]}" -max_len=4096 \
        -max_total_time="$seconds" "$work/new/$target" "$kept"
done
rmdir "$findings" 2>/dev/null || :

echo "fuzz: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
