#!/bin/sh
# A file holds one idea: nothing written by hand is longer than 500 lines.
# usage: sh tests/build/sizes.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
# Written by programs: lock files, expected output.
git ls-files -co --exclude-standard -- '*.cpp' '*.hpp' '*.inl' '*.sql' '*.sh' '*.mk' '*.pl' '*.pm' '*.mjs' '*.py' '*.md' '*.yml' Makefile |
    while read -r file; do
        [ -e "$file" ] || continue
        lines=$(wc -l <"$file")
        [ "$lines" -le 500 ] || echo "$file has $lines lines; split it at 500"
    done | if grep .; then exit 1; fi
