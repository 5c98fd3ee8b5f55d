#!/usr/bin/env bash
# The demo's second half: runs inside the private server, loads the words and plays the acts.
# usage: walk.sh [ACT...]     with PGHOST and so on set by tests/tools/server.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/docs/demo/style.sh"
begin=${QUIVER_DEMO_BEGIN:-$(now)}

# show: format what psql prints while an act runs. act.awk marks titles, prose and SQL with a
# letter after a control character; the rest is results.
show() {
    local line='' last marker=$'\x01'
    while last=$line && IFS= read -r line; do
        [ -n "$line$last" ] || continue
        case $line in
            "${marker}T"*) title "${line:2}" ;;
            "${marker}P"*) printf '  %s\n' "${line:2}" ;;
            "${marker}S"*) printf '    %s%s%s\n' "$blue" "${line:2}" "$plain" ;;
            'Time: '*' ms'*)
                line=${line#Time: }
                printf '    %s%s ms%s\n' "$dim" "${line%% ms*}" "$plain"
                ;;
            '') echo ;;
            *) printf '    %s\n' "$line" ;;
        esac
    done
}

# play FILE NUMBER: one act in its own session.
play() {
    awk -v number="$2" -f "$here/docs/demo/act.awk" "$1" |
        psql -X -q -v ON_ERROR_STOP=1 -P footer=off -P pager=off -P null=- -f - 2>&1 | show
}

load() {
    psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION quiver'
    sh "$here/tests/data/words/load.sh"
}

# acts [ACT...]: the files of the acts asked for, one a line.
acts() {
    local act file known
    [ $# -gt 0 ] || set -- ''
    for act in "$@"; do
        known=
        for file in "$act" "$here/docs/demo/acts/$act"*.sql "$here/docs/demo/acts/"*"_$act.sql"; do
            [ -f "$file" ] || continue
            known=yes
            echo "$file"
        done
        [ -n "$known" ] || { echo "no such act: $act" >&2; return 2; }
    done
}

list=$(acts "$@") || exit
mapfile -t files <<<"$list"

from=$(now)
load
printf '  %-44s%s%8s%s\n' 'private server, 20,000 words loaded' "$dim" "$(seconds "$from")" "$plain"
psql -X -A -t -P pager=off -c "SELECT format('  PostgreSQL %s, quiver %s, distance kernels: %s',
    current_setting('server_version_num')::int / 10000, quiver.version(), quiver.simd_level())"

played=0
for file in "${files[@]}"; do
    played=$((played + 1))
    play "$file" "$played"
done

printf '\n%s%s.%s The server and its files are removed now.\n' "$bold" \
    "$played act$([ "$played" -eq 1 ] || echo s), $(seconds "$begin") in all" "$plain"
