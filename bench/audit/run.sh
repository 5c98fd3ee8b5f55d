#!/usr/bin/env bash
# What the audit costs: pgbench -S and TPC-B with no audit, pgaudit, quiver to files, quiver durable, in turns on four
# servers of one machine; and how many events a second are taken without a loss.
#
# usage: bench/audit/run.sh [--write]    (SECONDS_EACH, ROUNDS, CLIENTS; --write keeps the table in docs/measured/audit.md)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here"
seconds=${SECONDS_EACH:-10} rounds=${ROUNDS:-5} clients=${CLIENTS:-1 2 8}
sh tests/tools/deps.sh check
. tests/tools/pgtree.sh
scratch=$(mktemp -d "${TMPDIR:-/tmp}/quiver-bench-audit.XXXXXX")
chmod 755 "$scratch"
configurations=(none pgaudit quiver durable)
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
        none) ;;
        pgaudit) printf '%s\n' "shared_preload_libraries = 'pgaudit'" "pgaudit.log = 'all'" 'logging_collector = on' ;;
        quiver) printf '%s\n' "shared_preload_libraries = 'quiver'" "quiver.audit = 'all'" ;;
        durable) printf '%s\n' "shared_preload_libraries = 'quiver'" "quiver.audit = 'all'" 'quiver.audit_durable = on' ;;
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
    PGHOST=$scratch/socket_$name pgbench -q -i -s 10 >/dev/null 2>&1
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
for name in quiver durable; do PGHOST=$scratch/socket_$name psql -Xqc 'CREATE EXTENSION quiver'; done

# one NAME WORKLOAD CLIENTS: "tps cpu-microseconds-per-statement" of a run.
one() {
    local before after transactions tps statements
    [ "$2" = select ] && statements=1 || statements=7
    before=$(ticks "$1")
    PGHOST=$scratch/socket_$1 pgbench -n -M "${PROTOCOL:-prepared}" $([ "$2" = select ] && echo -S) -c "$3" -j "$(($3 > 2 ? 2 : $3))" -T "$seconds" >"$scratch/out" 2>&1
    sleep 0.4
    after=$(ticks "$1")
    transactions=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$scratch/out")
    tps=$(sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$scratch/out")
    awk -v t="$transactions" -v n="$tps" -v s="$statements" -v c="$((after - before))" -v hz="$(getconf CLK_TCK)" \
        'BEGIN { printf "%.0f %.2f\n", n, c / hz * 1e6 / (t * s) }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

table=$scratch/table.md
for name in "${configurations[@]}"; do
    bytes_of "$name" >"$scratch/bytes.$name"
    events_of "$name" >"$scratch/events.$name"
done
for workload in select tpcb; do
    for count in $clients; do
        rm -f "$scratch"/run.*
        for round in $(seq "$rounds"); do
            # Each round begins with another configuration.
            for i in 0 1 2 3; do
                name=${configurations[$(((i + round) % 4))]}
                one "$name" "$workload" "$count" >>"$scratch/run.$name"
            done
        done
        none_cpu=$(awk '{ print $2 }' "$scratch/run.none" | median)
        none_tps=$(awk '{ print $1 }' "$scratch/run.none" | median)
        pgaudit_added=$(awk -v b="$none_cpu" -v c="$(awk '{ print $2 }' "$scratch/run.pgaudit" | median)" 'BEGIN { print c - b }')
        for name in "${configurations[@]}"; do
            awk -v w="$workload" -v c="$count" -v n="$name" -v tps="$(awk '{ print $1 }' "$scratch/run.$name" | median)" \
                -v cpu="$(awk '{ print $2 }' "$scratch/run.$name" | median)" -v b="$none_cpu" -v bt="$none_tps" -v p="$pgaudit_added" \
                'BEGIN { printf "| %s | %d | %s | %d | %.2f | %.1f | %.1f | %s |\n", w, c, n, tps, tps / bt, cpu, cpu - b, n == "none" ? "" : (p > 0 ? sprintf("%.2f", (cpu - b) / p) : "?") }'
        done
    done
done | tee "$table.runs"
for name in pgaudit quiver durable; do
    [ "$name" = pgaudit ] || PGHOST=$scratch/socket_$name psql -Xqc 'SELECT quiver.audit_checkpoint()' >/dev/null
    awk -v n="$name" -v b="$(($(bytes_of "$name") - $(cat "$scratch/bytes.$name")))" -v e="$(($(events_of "$name") - $(cat "$scratch/events.$name")))" \
        'BEGIN { printf "| %s | %d | %.0f |\n", n, e, b / e }'
done | tee "$table.bytes"

# Sustained: two sessions whose function executes statements as fast as PL/pgSQL can.
export PGHOST=$scratch/socket_quiver
psql -Xqc 'CREATE FUNCTION many(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..n LOOP PERFORM abalance FROM pgbench_accounts WHERE aid = i; END LOOP; END $$'
echo 'SELECT many(2000);' >"$scratch/many.sql"
lost_before=$(psql -XqAtc 'SELECT events_lost FROM quiver.audit_status()')
events_before=$(psql -XqAtc 'SELECT quiver.audit_checkpoint()' >/dev/null; psql -XqAtc 'SELECT events_written FROM quiver.audit_status()')
began=$(date +%s.%N)
pgbench -n -c 2 -j 2 -T $((2 * seconds)) -f "$scratch/many.sql" >/dev/null 2>&1
psql -XqAtc 'SELECT quiver.audit_checkpoint()' >/dev/null
ended=$(date +%s.%N)
awk -v e="$(($(psql -XqAtc 'SELECT events_written FROM quiver.audit_status()') - events_before))" -v s="$began" -v t="$ended" \
    -v l="$(($(psql -XqAtc 'SELECT events_lost FROM quiver.audit_status()') - lost_before))" \
    'BEGIN { printf "%d events in %.1f s until they were on disk and sealed: %.0f a second, %d lost\n", e, t - s, e / (t - s), l }' | tee "$table.sustained"

[ "${1:-}" = --write ] || exit 0
{
    cat <<HEAD
# What the audit costs

Made by \`make bench-audit ARGS=--write\` at commit $(git rev-parse --short HEAD) on $(nproc) processors ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)),
$(postgres --version | sed 's/ (Debian.*//'), load average before: $(cut -d ' ' -f 1 /proc/loadavg). Four servers (shared_buffers 256 MB, fsync on, scale 10, prepared
statements), $rounds rounds of $seconds s each in turns, medians. CPU is what the postmaster and all its children used, with pgaudit's logging collector
and quiver's worker, divided by statements (7 a TPC-B transaction). *none* has nothing loaded, *pgaudit* logs class all, *quiver* records all
classes to files, *durable* writes them to WAL before the commit too.

| workload | clients | audit | tps | of none | CPU µs a statement | added | of pgaudit's |
|---|---|---|---|---|---|---|---|
HEAD
    cat "$table.runs"
    printf '\n| audit | events | bytes an event |\n|---|---|---|\n'
    cat "$table.bytes"
    printf '\nSustained, two sessions in PL/pgSQL, policy continue: %s.\n' "$(cat "$table.sustained")"
} >docs/measured/audit.md
