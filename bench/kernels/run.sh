#!/bin/sh
# Build the portable kernels and the plain C loops, time one against the other, print the table.
#
# usage: bench/kernels/run.sh [--write] [LEVEL [ROUNDS [PASSES]]]
#
#   --write   keep the table in docs/measured/kernels.md, that of AVX-512 in kernels_avx512.md
#   LEVEL     scalar, avx2 or avx512 (default: the best this CPU runs)
#   ROUNDS    alternating measurements of a line in one pass (default 9)
#   PASSES    times the whole table is gone through (default 9)
set -eu
cd "$(dirname "$0")/../.."
write=
if [ "${1:-}" = --write ]; then
    write=yes
    shift
fi
out=build/bench/kernels
mkdir -p "$out"

# The plain loops get this machine's instructions and leave to reorder additions, as pgvector's do.
plain_flags="-O2 -march=native -ftree-vectorize -fassociative-math -fno-signed-zeros -fno-trapping-math -ffp-contract=fast"
make -s -f tests/unit/Makefile BUILD="$out" SANITIZE= "$out/kernels.list"
# shellcheck disable=SC2086
gcc -std=c11 $plain_flags -Wall -Wextra -c -o "$out/plain.o" bench/kernels/plain.c
g++ -std=c++20 -O2 -Wall -Wextra -Iextension -Ibench/kernels -c -o "$out/bench.o" bench/kernels/bench.cpp
# shellcheck disable=SC2046
g++ -o "$out/bench" "$out/bench.o" "$out/plain.o" $(cat "$out/kernels.list")
# shellcheck disable=SC2046
g++ -std=c++20 -O2 -Wall -Wextra -Iextension -Ibench/kernels -o "$out/codes" bench/kernels/codes.cpp $(cat "$out/kernels.list")

report()
{
    cat <<TEXT
# Kernels against plain C loops

- Command: \`make bench-kernels ARGS="--write${*:+ $*}"\`
- Commit: $(git describe --always --dirty 2>/dev/null || echo unknown)
- Host: $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | sort | uniq -c | sed 's/^ *\([0-9]*\) /\1 x /'), $(awk '/MemTotal/ {printf "%.0f GB", $2 / 1048576}' /proc/meminfo), load $(cut -d' ' -f1 /proc/loadavg) at the start
- Compiler: $(gcc --version | head -n 1)
- Plain loops: \`gcc $plain_flags\`; for halves the faster of an F16C loop and \`_Float16\`
- Kernels: compiled as for the extension, portable, level chosen at run time
- Times are per row. A pass goes through the whole table and takes the median of a line's alternating rounds; the table has the median of the passes. Ratio is quiver's time / plain C's, of each round
- A round counts if the core's units were free before and after it: work that fills them took its best time, give or take a tenth. A neighbour on the core's other hardware thread costs it a fifth, and costs a loop that waits for its own sums next to nothing
- For bit vectors "dims" counts bytes, for sparse ones elements

TEXT
    "$out/bench" "$@"
    "$out/codes" "$@"
}

if [ -n "$write" ]; then
    report "$@" | tee "$out/table.md"
    case $(grep -m 1 '^| type' "$out/table.md") in
    *'quiver avx512'*) cp "$out/table.md" docs/measured/kernels_avx512.md ;;
    *) cp "$out/table.md" docs/measured/kernels.md ;;
    esac
else
    report "$@"
fi
