#!/bin/sh
# One portable library: instructions beyond the baseline stay in the objects of their level, and no
# inline function compiled there can become the one that the whole library uses.
# usage: sh tests/build/isa.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"

find extension -name '*.o' | sort | while read -r object; do
    case $object in
        extension/kernels/*_avx2.o | extension/kernels/*_avx512.o | extension/kernels/*_neon.o)
            # A weak definition is merged with the others of its name by the linker, which keeps any.
            nm -C --defined-only "$object" | awk -v object="$object" '
                $2 ~ /^[WVu]$/ { sub(/^[0-9a-f]+ . /, ""); print object ": weak definition of " $0 }'
            ;;
        *)
            # VEX and EVEX instructions begin with v; x86-64 itself has two that do.
            objdump -d --no-show-raw-insn "$object" | awk -v object="$object" '
                /^[0-9a-f]+ <.*>:$/ { where = $2 }
                $2 ~ /^v/ && $2 !~ /^ver[rw]$/ && /%[xyz]mm/ {
                    print object ": " $2 " in " where " needs AVX"; exit }'
            ;;
    esac
done | if grep .; then exit 1; fi
