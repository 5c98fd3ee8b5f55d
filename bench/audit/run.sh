#!/usr/bin/env bash
# What audit and row history cost: pgbench -S and TPC-B with none, pgaudit, quiver loaded but off, to files, durable, flushed
# for reads too, row history, and jsonb triggers in PL/pgSQL, in turns on eight servers of one machine; the instructions of a statement
# with none, pgaudit, quiver off and on; what a trigger's call costs; and how many events a second are taken without a loss.
# About a quarter of an hour on an idle machine.
#
# usage: bench/audit/run.sh [--write]    (QUICK=1 for two minutes; SECONDS_EACH, ROUNDS, CLIENTS; FIGURES=instructions for those
# alone, which need no idle machine, FIGURES=sustained for events a second alone, FIGURES=time for pgbench's alone, of the servers AUDITS and the WORKLOADS; --write keeps all tables in
# docs/measured/audit.md)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here"
[ -z "${QUICK:-}" ] || : "${SECONDS_EACH:=1}" "${ROUNDS:=1}" "${CLIENTS:=1}"
seconds=${SECONDS_EACH:-3} rounds=${ROUNDS:-3} clients=${CLIENTS:-1 2 8}
sh tests/tools/deps.sh check
load=$(cut -d ' ' -f 1 /proc/loadavg)
. tests/tools/pgtree.sh
scratch=$(mktemp -d "${TMPDIR:-/tmp}/quiver-bench-audit.XXXXXX")
chmod 755 "$scratch"
read -ra configurations <<<"${AUDITS:-none pgaudit off quiver durable strict history jsonb}"
case ${FIGURES:-all} in
    instructions) configurations=(none pgaudit off quiver durable) ;;
    sustained) configurations=(quiver) ;;
esac
cleanup() {
    local name
    for name in "${configurations[@]}"; do
        [ ! -e "$scratch/$name/postmaster.pid" ] || kill -QUIT "$(head -n 1 "$scratch/$name/postmaster.pid")" 2>/dev/null || :
    done
    sleep 0.5
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
pgtree_create "$scratch/root"
bindir=$scratch/root$(pgtree_config --bindir)
export PATH=$bindir:$PATH PGUSER=postgres PGDATABASE=postgres PGPORT=5432

settings() {
    case $1 in
        none | history | jsonb) ;;
        off) printf '%s\n' "shared_preload_libraries = 'quiver'" ;;
        pgaudit) printf '%s\n' "shared_preload_libraries = 'pgaudit'" "pgaudit.log = 'all'" 'logging_collector = on' ;;
        quiver) printf '%s\n' "shared_preload_libraries = 'quiver'" "quiver.audit = 'all'" ;;
        durable) printf '%s\n' "shared_preload_libraries = 'quiver'" "quiver.audit = 'all'" 'quiver.audit_durable = commit' ;;
        strict) printf '%s\n' "shared_preload_libraries = 'quiver'" "quiver.audit = 'all'" 'quiver.audit_durable = on' ;;
    esac
}
for name in "${configurations[@]}"; do
    mkdir "$scratch/$name" "$scratch/socket_$name"
    pgtree_give "$scratch/$name" "$scratch/socket_$name"
    pgtree_as_server initdb -D "$scratch/$name" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    {
        printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$scratch/socket_$name'" 'shared_buffers = 256MB' \
            'max_wal_size = 4GB' 'autovacuum = off' 'max_connections = 50'
        settings "$name"
    } >>"$scratch/$name/postgresql.conf"
    pgtree_as_server pg_ctl -D "$scratch/$name" -s -w -l "$scratch/$name/server.log" start
    PGHOST=$scratch/socket_$name pgbench -q -i -s "${SCALE:-10}" >/dev/null 2>&1
    # History, and jsonb triggers, want a key.
    PGHOST=$scratch/socket_$name psql -Xqc 'ALTER TABLE pgbench_history ADD id bigserial PRIMARY KEY'
    PGHOST=$scratch/socket_$name psql -Xqc 'CHECKPOINT'
done

# Clock ticks that the postmaster and its children, also those that have ended, have used.
ticks() {
    local pid
    pid=$(head -n 1 "$scratch/$1/postmaster.pid")
    { cat "/proc/$pid/stat"; pgrep -P "$pid" | while read -r child; do cat "/proc/$child/stat" 2>/dev/null || :; done; } |
        sed 's/^\([0-9]*\) (.*) /\1 x /' |
        awk -v top="$pid" '{ n += $14 + $15; if ($1 == top) n += $16 + $17 } END { print n }'
}
bytes_of() { # bytes that the audit has written
    case $1 in
        pgaudit) cat "$scratch/$1"/log/* | wc -c ;;
        quiver | durable) cat "$scratch/$1"/quiver_audit/*.qas | wc -c ;;
        *) echo 0 ;;
    esac
}
events_of() {
    case $1 in
        pgaudit) cat "$scratch/$1"/log/* | grep -c AUDIT: || : ;;
        quiver | durable) PGHOST=$scratch/socket_$1 psql -XqAtc 'SELECT events_written FROM quiver.audit_status()' ;;
        *) echo 0 ;;
    esac
}
table=$scratch/table.md
has() { [[ " ${configurations[*]} " = *" $1 "* ]]; }
if [ "${FIGURES:-all}" = sustained ]; then
    PGHOST=$scratch/socket_quiver psql -Xqc 'CREATE EXTENSION quiver'
    . bench/audit/sustained.sh
    sustained_table
    exit 0
fi
if [ "${FIGURES:-all}" != time ]; then
    . bench/audit/instructions.sh
    instructions_table | tee "$table.instructions"
fi
[ "${FIGURES:-all}" != instructions ] || exit 0

for name in off quiver durable strict history; do ! has "$name" || PGHOST=$scratch/socket_$name psql -Xqc 'CREATE EXTENSION quiver'; done
! has history || PGHOST=$scratch/socket_history psql -XqAtc "SELECT quiver.history_enable(t) FROM
    unnest('{pgbench_accounts,pgbench_branches,pgbench_tellers,pgbench_history}'::regclass[]) t" >/dev/null
! has jsonb || PGHOST=$scratch/socket_jsonb psql -Xq -v ON_ERROR_STOP=1 -f bench/audit/jsonb_trigger.sql

# one NAME WORKLOAD CLIENTS: "tps cpu-microseconds-per-statement" of a run.
one() {
    local before after transactions tps statements
    [ "$2" = select ] && statements=1 || statements=7
    before=$(ticks "$1")
    PGHOST=$scratch/socket_$1 pgbench -n -M "${PROTOCOL:-prepared}" -b "$([ "$2" = select ] && echo select-only || echo tpcb-like)" -c "$3" -j "$(($3 > 2 ? 2 : $3))" -T "$seconds" >"$scratch/out" 2>&1
    sleep 0.4
    after=$(ticks "$1")
    transactions=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$scratch/out")
    tps=$(sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$scratch/out")
    awk -v t="$transactions" -v n="$tps" -v s="$statements" -v c="$((after - before))" -v hz="$(getconf CLK_TCK)" \
        'BEGIN { printf "%.0f %.2f\n", n, c / hz * 1e6 / (t * s) }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

for name in "${configurations[@]}"; do
    bytes_of "$name" >"$scratch/bytes.$name"
    events_of "$name" >"$scratch/events.$name"
done
for workload in ${WORKLOADS:-select tpcb}; do
    for count in $clients; do
        rm -f "$scratch"/run.*
        for round in $(seq "$rounds"); do
            # In another order each round, so that none always comes after one that leaves much to be written.
            for name in $(printf '%s\n' "${configurations[@]}" | shuf --random-source=<(yes "$round")); do
                case $workload.$name in select.history | select.jsonb | tpcb.strict) continue ;; esac
                one "$name" "$workload" "$count" >>"$scratch/run.$name"
            done
        done
        none_cpu=$(awk '{ print $2 }' "$scratch/run.none" | median)
        none_tps=$(awk '{ print $1 }' "$scratch/run.none" | median)
        pgaudit_added=$(awk -v b="$none_cpu" -v c="$(awk '{ print $2 }' "$scratch/run.pgaudit" | median)" 'BEGIN { print c - b }')
        for name in "${configurations[@]}"; do
            [ -e "$scratch/run.$name" ] || continue
            awk -v w="$workload" -v c="$count" -v n="$name" -v tps="$(awk '{ print $1 }' "$scratch/run.$name" | median)" \
                -v cpu="$(awk '{ print $2 }' "$scratch/run.$name" | median)" -v b="$none_cpu" -v bt="$none_tps" -v p="$pgaudit_added" \
                'BEGIN { printf "| %s | %d | %s | %d | %.2f | %.1f | %.1f | %s |\n", w, c, n, tps, tps / bt, cpu, cpu - b,
                    n == "none" || n == "history" || n == "jsonb" ? "" : (p > 0 ? sprintf("%.2f", (cpu - b) / p) : "?") }'
        done
    done
done | tee "$table.runs"
[ "${FIGURES:-all}" != time ] || exit 0
for name in pgaudit quiver durable; do
    [ "$name" = pgaudit ] || PGHOST=$scratch/socket_$name psql -Xqc 'SELECT quiver.audit_checkpoint()' >/dev/null
    awk -v n="$name" -v b="$(($(bytes_of "$name") - $(cat "$scratch/bytes.$name")))" -v e="$(($(events_of "$name") - $(cat "$scratch/events.$name")))" \
        'BEGIN { printf "| %s | %d | %.0f |\n", n, e, b / e }'
done | tee "$table.bytes"

# A trigger's call: processor time of one session that changes rows one by one, or many by a statement, with neither,
# history, and jsonb triggers. The least of the rounds.
export PGHOST=$scratch/socket_history
psql -XqAt -v ON_ERROR_STOP=1 -f bench/audit/jsonb_trigger.sql -f bench/audit/trigger_cost.sql >/dev/null
for case in 'one by one' 'many a statement'; do
    for kind in none history jsonb; do
        psql -XqAt -v ON_ERROR_STOP=1 -c "SELECT cost_setup('$kind')" >/dev/null
        for _ in $(seq "$((rounds + 2))"); do
            psql -XqAt -v ON_ERROR_STOP=1 -c "SELECT cost_of('$case', ${COST_ROWS:-20000})"
        done | sort -n | head -n 1 >"$scratch/cost.$kind"
    done
    awk -v c="$case" -v n="$(cat "$scratch/cost.none")" -v h="$(cat "$scratch/cost.history")" -v j="$(cat "$scratch/cost.jsonb")" \
        'BEGIN { printf "| %s | %.2f | %.2f | %.2f | %.2f |\n", c, n, h - n, j - n, (h - n) / (j - n) }'
done | tee "$table.triggers"
awk '{ print $0 }' <<<"$(for name in history jsonb; do
    PGHOST=$scratch/socket_$name psql -XqAtF ' ' -c "$([ "$name" = history ] &&
        echo "SELECT 'history', (SELECT sum(bytes) FROM quiver.history_status() WHERE name LIKE '%pgbench%') + pg_total_relation_size('quiver_history.transactions'), (SELECT count(*) FROM quiver_history.pgbench_accounts_1) * 4" ||
        echo "SELECT 'jsonb', pg_total_relation_size('jsonb_version'), (SELECT count(*) FROM jsonb_version)")"
done)" | awk '$3 > 0 { printf "| %s | %d | %.0f |\n", $1, $3, $2 / $3 }' | tee -a "$table.bytes"

. bench/audit/sustained.sh
sustained_table | tee "$table.sustained"

[ "${1:-}" = --write ] || exit 0
bar() { # bar NAME: the least and the most of what it adds
    awk -F ' *[|] *' -v n="$1" '$4 == n && $9 + 0 == $9 { if (!c++ || $9 < least) least = $9; if (c == 1 || $9 > most) { most = $9; where = $2 " with " $3 } }
        END { printf "*%s* %s: %.2f to %.2f, the most in %s", n, most <= 0.7 ? "meets it" : "misses it", least, most, where }' "$table.runs"
}
{
    cat <<HEAD
# What the audit costs

Made by \`make bench-audit ARGS=--write\` at commit $(git rev-parse --short HEAD) on $(nproc) processors ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)),
$(postgres --version | sed 's/.*(PostgreSQL) /PostgreSQL /; s/ (.*//'), load average before: $load.

## Instructions

What a backend executes for one statement, in user mode, counted by stepping through $stepped of them (\`bench/audit/instructions.cpp\`),
the less of two counts: hardly any noise, so what a loaded library costs that has nothing to do is seen. *none* has nothing loaded, *pgaudit* logs
class all, *off* has quiver loaded with \`quiver.audit = none\`, *quiver* records all classes to files, *durable* to WAL too.

| statement | protocol | audit | instructions | added | of none | of pgaudit's |
|---|---|---|---|---|---|---|
HEAD
    cat "$table.instructions"
    cat <<HEAD

## Processor time and throughput

Eight servers (shared_buffers 256 MB, fsync on, scale ${SCALE:-10}, ${PROTOCOL:-prepared} statements), $rounds rounds of $seconds s each in turns, medians.
CPU is what the postmaster and all its children used, with pgaudit's logging collector and quiver's worker, divided by statements (7
a TPC-B transaction). *durable* (\`commit\`) writes events to WAL before the commit too, those of reads many in one message, *strict* (\`on\`) has each read wait for that;
*off* is that of the instructions: what it adds here beyond them says how coarse these rounds are. *history* keeps the row history of all
four tables, *jsonb* has a trigger in PL/pgSQL for each row that stores old and new as jsonb with four indexes, as supa_audit does.

| workload | clients | audit | tps | of none | CPU µs a statement | added | of pgaudit's |
|---|---|---|---|---|---|---|---|
HEAD
    cat "$table.runs"
    printf '\n%s\n' "Bar: what is added is at most 0.7 of what pgaudit adds. $(bar quiver), $(bar durable)."
    printf '\n| audit | events | bytes an event |\n|---|---|---|\n'
    cat "$table.bytes"
    printf '\n## Row history and sustained load\n\nA trigger: µs of processor time a row, the least of %d runs. Bar: 0.4.\n\n' "$((rounds + 2))"
    printf '| rows changed | no trigger | history adds | jsonb adds | ratio |\n|---|---|---|---|---|\n'
    cat "$table.triggers"
    printf '\n%s\n\n| offered | seconds | events | a second, on disk and sealed | lost |\n|---|---|---|---|---|\n' "$sustained_is"
    cat "$table.sustained"
} >docs/measured/audit.md
