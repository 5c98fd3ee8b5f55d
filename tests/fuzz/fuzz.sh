#!/usr/bin/env bash
# `make fuzz`: every target for ten minutes, two at a time; executions and coverage of each.
#
# usage: tests/fuzz/fuzz.sh [TARGET...]
#
#   FUZZ_SECONDS   time for each target (default 600)
#   FUZZ_JOBS      targets at a time (default 2)
#   FUZZ_KEEP=1    afterwards keep in tests/fuzz/corpus what a minimal corpus needs, and the table
#                  of a run over all targets in docs/measured/fuzz.md
#
# A tenth of the time goes to inputs up to 140,000 bytes, which reach the types' limits; the rest
# stays below 4096 bytes, where a hundred times as many fit. Inputs found are kept between runs in
# build/fuzz/corpus, and what breaks a target in tests/fuzz/findings.
set -euo pipefail
# shellcheck source=tests/fuzz/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
seconds=${FUZZ_SECONDS:-600}
jobs=${FUZZ_JOBS:-2}

build_targets
[ $# -eq 0 ] || targets=("$@")
mkdir -p "$findings" "$out/log"

# One run of libFuzzer: run_for SECONDS MAX_LEN LOG TARGET CORPUS...
run_for() {
    local time=$1 max_len=$2 log=$3 target=$4 flags
    shift 4
    read -ra flags <<<"$(target_flags "$target")"
    nice "$out/$target" "${flags[@]}" -max_len="$max_len" -max_total_time="$time" \
        -print_final_stats=1 "$@" >"$log" 2>&1
}

executions() { sed -n 's/^stat::number_of_executed_units: *//p' "$1"; }
# The highest "cov: EDGES ft: FEATURES corp: INPUTS/BYTES" line.
covered() { grep -o 'cov: [0-9]* ft: [0-9]*' "$1" | tail -n 1 | tr -dc '0-9 ' | xargs; }

fuzz_target() {
    local target=$1 log=$out/log/$1 found=$out/corpus/$1 large=$out/large/$1 status=passed
    local tenth=$(((seconds + 9) / 10)) edges features
    mkdir -p "$found" "$large"
    large_seeds "$target" "$large"
    run_for "$tenth" 140000 "$log.large" "$target" "$large" || status=FAILED
    run_for $((seconds - tenth)) 4096 "$log" "$target" "$found" "$fuzz_dir/corpus/$target" ||
        status=FAILED
    read -r edges features <<<"$(covered "$log")"
    printf '| %s | %d | %d | %d | %d | %s |\n' "$target" "$(executions "$log.large")" \
        "$(executions "$log")" "$edges" "$features" "$status" | tee "$log.row"
    [ "$status" = passed ]
}

head_of_table() {
    echo "| target | executions up to 140,000 bytes | up to 4096 bytes | edges | features | result |"
    echo "|---|---:|---:|---:|---:|---|"
}

# report: the table with what it takes to read it.
report() {
    local version
    version=$("$(make -s -C "$fuzz_dir" compiler)" --version | head -n 1)
    cat <<TEXT
# Fuzzing the input functions

- Command: \`FUZZ_SECONDS=$seconds FUZZ_JOBS=$jobs FUZZ_KEEP=1 make fuzz\`
- Commit: $(git -C "$fuzz_dir" describe --always --dirty 2>/dev/null || echo unknown)
- Host: $(nproc) x $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
- Compiler: $version, libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer
- Edges and features are libFuzzer's own counts after the run; [fuzzing.md](../fuzzing.md) says what
  a target proves

TEXT
    head_of_table
    for target in "${targets[@]}"; do
        cat "$out/log/$target.row"
    done
}

head_of_table
failed=0 running=0
for target in "${targets[@]}"; do
    if [ "$running" -ge "$jobs" ]; then
        wait -n || failed=$((failed + 1))
        running=$((running - 1))
    fi
    fuzz_target "$target" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
done

if [ "${FUZZ_KEEP:-}" = 1 ]; then
    for target in "${targets[@]}"; do
        merged=$out/merged/$target
        rm -rf "$merged"
        mkdir -p "$merged" "$fuzz_dir/corpus/$target"
        "$out/$target" -set_cover_merge=1 -max_len=1024 "$merged" "$fuzz_dir/corpus/$target" \
            "$out/corpus/$target" 2>/dev/null
        rm -rf "${fuzz_dir:?}/corpus/$target"
        cp -r "$merged" "$fuzz_dir/corpus/$target"
    done
    du -sh --apparent-size "$fuzz_dir/corpus"
    if [ $# -eq 0 ]; then
        report >"$fuzz_dir/../../docs/measured/fuzz.md"
    fi
fi

rmdir "$findings" 2>/dev/null || ls -l "$findings"
echo "${#targets[@]} targets, $failed failed"
[ "$failed" -eq 0 ]
