#!/bin/sh
# Build and run the unit tests; the last line is the total.
#
# usage: tests/unit/run.sh [arm64] [GTEST_OPTION...]
#
#   CXX    the compiler (default g++; clang++ works too)
#   arm64  cross-compile for AArch64 and run under qemu-aarch64, without the sanitizers
set -eu
cd "$(dirname "$0")/../.."

suite=unit
if [ "${1:-}" = arm64 ]; then
    shift
    suite=unit-arm64 program=build/unit/arm64/unit runner="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    sh tests/tools/deps.sh arm64
    echo "unit-arm64: cross-compiling, then running under qemu-aarch64"
    make -s -f tests/unit/Makefile -j2 MACHINE=aarch64 BUILD=build/unit/arm64 SANITIZE= \
        CXX=aarch64-linux-gnu-g++
else
    compiler=${CXX:-g++}
    program=build/unit/$(basename "${compiler%% *}")/unit runner=
    echo "unit: building with $compiler, AddressSanitizer and UndefinedBehaviorSanitizer"
    make -s -f tests/unit/Makefile -j2 CXX="$compiler"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
$runner "$program" "$@" >"$log" 2>&1 || status=$?
grep -vE '^\[( RUN|       OK|-{10}|={10})|^$' "$log" || true

# A crash or a sanitizer's report ends the program before its summary: that is a failure too.
passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}\.$/\1/p' "$log")
failed=$(sed -n 's/^ *\([0-9]*\) FAILED TESTS\{0,1\}$/\1/p' "$log")
if [ "$status" -ne 0 ] && [ -z "$failed" ]; then
    failed=1
    passed=$(grep -c '^\[       OK ' "$log") || true
fi

# Are the tests able to fail? Not asked again of a cross-compiled program, or of a few tests.
if [ "$status" -eq 0 ] && [ "$suite" = unit ] && [ $# -eq 0 ]; then
    CXX=$compiler sh tests/unit/selftest.sh >"$log" 2>&1 || status=$?
    cat "$log"
    passed=$((passed + $(grep -c '^ok - ' "$log" || true)))
    failed=$((${failed:-0} + $(grep -c '^not ok - ' "$log" || true)))
    [ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
fi
echo "$suite: ${passed:-0} passed, ${failed:-0} failed"
[ "$status" -eq 0 ] && [ "${passed:-0}" -gt 0 ]
