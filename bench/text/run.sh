#!/bin/sh
# Time the text codec beside strtof and the server's float printer, and print the table.
#
# usage: bench/text/run.sh [--write]
#
#   --write   keep the table in docs/measured/text_codec.md
#
# The server's printer comes from its static library, which is in the server's development package.
set -eu
cd "$(dirname "$0")/../.."
out=build/bench/text
mkdir -p "$out"
libdir=$("${PG_CONFIG:-pg_config}" --pkglibdir)
"${CXX:-g++}" -std=c++20 -O2 -fno-exceptions -fno-rtti -Wall -Wextra -Iextension \
    bench/text/bench.cpp extension/kernels/text_*.cpp extension/kernels/half.cpp \
    "$libdir/libpgcommon.a" "$libdir/libpgport.a" -o "$out/bench"

report()
{
    cat <<TEXT
# The text codec against the server's and the C library's

- Command: \`make bench-text ARGS=--write\`
- Commit: $(git describe --always --dirty 2>/dev/null || echo unknown)
- Host: $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | sort | uniq -c | sed 's/^ *\([0-9]*\) /\1 x /'), load $(cut -d' ' -f1 /proc/loadavg) at the start
- Compiler: $(g++ --version | head -n 1); server: $("${PG_CONFIG:-pg_config}" --version)
- Processor time per number, medians of 41 alternating rounds over 100,000 numbers
- print is beside \`float_to_shortest_decimal_bufn\`, parse beside \`strtof\`

TEXT
    "$out/bench"
}

if [ "${1:-}" = --write ]; then
    report | tee "$out/table.md"
    cp "$out/table.md" docs/measured/text_codec.md
else
    report
fi
