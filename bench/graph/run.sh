#!/bin/sh
# Graphs built in memory beside hnswlib's: CPU time of one core and the recall of what comes out.
#
# usage: bench/graph/run.sh [--write] [ROWS]      (default: all rows)
#
#   --write       keep the tables in docs/measured/hnsw_graph.md
#   SETS          words fmnist784 ... (bench/hnsw/data.py has more)
#   BENCH_CACHE   where data sets are kept (default: ~/.cache/quiver/bench)
set -eu
cd "$(dirname "$0")/../.."
write=
if [ "${1:-}" = --write ]; then
    write=yes
    shift
fi
sets=${SETS:-words fmnist784}
cache=${BENCH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/quiver/bench}
sh tests/tools/deps.sh bench-hnsw
# shellcheck disable=SC2086
"${PYTHON:-/usr/bin/python3}" bench/hnsw/data.py "$cache" $sets
out=build/bench/graph
mkdir -p "$out"
make -s -f tests/unit/Makefile BUILD="$out" SANITIZE= "$out/kernels.list"
# shellcheck disable=SC2046
g++ -std=c++20 -O2 -Wall -Wextra -Wno-unused-parameter -Iextension -o "$out/graph" bench/graph/graph.cpp $(cat "$out/kernels.list")

report()
{
    cat <<TEXT
# Graphs built in memory

- Command: \`make bench-graph ARGS="--write${*:+ $*}"\`
- Commit: $(git describe --always --dirty 2>/dev/null || echo unknown)
- Host: $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | sort | uniq -c | sed 's/^ *\([0-9]*\) /\1 x /'), load $(cut -d' ' -f1 /proc/loadavg) at the start
- One thread, CPU time. hnswlib: Debian's libhnswlib-dev, built with -O2. Codes: search and pruning see codes only; the searches that
  measure recall use exact distances on each graph's links

TEXT
    for set in $sets; do
        printf '## %s\n\n' "$set"
        "$out/graph" "$cache/$set" "$@"
        printf '\n'
    done
}

if [ -n "$write" ]; then
    report "$@" | tee "$out/table.md"
    cp "$out/table.md" docs/measured/hnsw_graph.md
else
    report "$@"
fi
