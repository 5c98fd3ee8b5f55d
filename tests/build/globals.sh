#!/bin/sh
# Every global is constant-initialised: no object brings code that runs while the library loads,
# where an error would take the server down.
# usage: sh tests/build/globals.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
find extension -name '*.o' | sort | while read -r object; do
    objdump -h "$object" | awk -v object="$object" '
        $2 ~ /^\.(init_array|ctors|fini_array|dtors|preinit_array)/ { print object ": has " $2 }'
done | if grep .; then exit 1; fi
