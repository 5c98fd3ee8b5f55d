#!/usr/bin/env bash
# `make demo`: from a bare Debian to nearest neighbours. Installs what is missing, builds, starts
# a private server in a temporary directory, loads the words and walks through the acts.
#
# usage: docs/demo/run.sh [ACT...]     ACT: an act's number, name or file (default: all, in order)
#
# Colour is used on a terminal unless NO_COLOR is set. Outside the checkout nothing is left behind
# but the packages that were installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/docs/demo/style.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL

# step NAME COMMAND...: run, say how long it took; its output is shown only if it fails.
step() {
    local name=$1 from log
    shift
    log=$(mktemp)
    from=$(now)
    printf '  %-44s' "$name"
    if ! "$@" >"$log" 2>&1; then
        printf 'failed\n'
        cat "$log" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
    printf '%s%8s%s\n' "$dim" "$(seconds "$from")" "$plain"
}

build() { make -s -C "$here" -j"$(nproc)" all; }

begin=$(now)
title 'quiver demo'
step 'packages that building needs' sh "$here/tests/tools/deps.sh" demo
step 'build the extension' build
export QUIVER_DEMO_BEGIN=$begin
# Two workers for the parallel act, and no JIT: compiling would take longer than any query here.
exec "$here/tests/tools/server.sh" -c shared_buffers=512MB -c jit=off -c max_parallel_workers=2 \
    -c track_io_timing=off -c shared_preload_libraries=quiver "$here/docs/demo/walk.sh" "$@"
