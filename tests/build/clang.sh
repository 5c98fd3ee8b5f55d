#!/bin/sh
# The second compiler: clang++ builds the library with the same flags and without a warning. It
# builds in a copy under build/clang that is kept, so that a second run compiles what has changed.
# usage: sh tests/build/clang.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
compiler=$(for name in clang++ clang++-21 clang++-19 clang++-14; do command -v "$name" && break; done)
copy=build/clang
mkdir -p "$copy"
# Times are kept, so that make sees what is new; what is gone from the tree goes from the copy.
rm -rf "$copy/sql" "$copy/tests"
find "$copy" -type f ! -name '*.o' ! -name '*.d' ! -path "$copy/build/*" -delete
git ls-files -co --exclude-standard -- Makefile extension sql tests/targets.mk packaging | while read -r file; do
    [ ! -e "$file" ] || cp -p --parents "$file" "$copy"
done
# The server's own flags are gcc's.
make -s -C "$copy" CXX="$compiler" \
    QUIVER_CXXFLAGS='-Werror -Wno-unknown-warning-option -Wno-ignored-optimization-argument' all
