#!/bin/sh
# Compare the text codec with strtof and with the server's float printer (from its static library).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
libdir=$("${PG_CONFIG:-pg_config}" --pkglibdir)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CXX:-g++}" -std=c++20 -O2 -fno-exceptions -fno-rtti -I"$root/extension" \
    "$root/bench/text/bench.cpp" "$root"/extension/kernels/text_*.cpp \
    "$libdir/libpgcommon.a" "$libdir/libpgport.a" -o "$work/bench"
"$work/bench"
