#!/bin/sh
# The first line of a source says what it is for (after #!); a script in the tree that is run
# directly is executable and says which shell it means.
# usage: sh tests/build/opening.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
git ls-files -co --exclude-standard -- '*.cpp' '*.hpp' '*.inl' '*.sql' '*.sh' '*.mk' '*.pl' '*.mjs' | while read -r file; do
    [ -e "$file" ] || continue
    case $file in
        tests/*/expected/* | sql/releases/* | tests/*/data/*) continue ;;
    esac
    awk -v file="$file" '
        NR == 1 && /^#!/ { next }
        # The setup line that opens a pgTAP or regress file.
        /^\\(ir|i|set|pset) / { next }
        { if ($0 !~ (file ~ /\.([ch]pp|inl|mjs)$/ ? "^//.*[a-z]" : "^(--|#).*[a-z]")) print file ": the first line does not say what it is for"; exit }
    ' "$file"
done | if grep .; then exit 1; fi
