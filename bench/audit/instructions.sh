# Instructions that a backend executes for a statement, counted by stepping through them: without noise, so that what a
# hook costs that has nothing to do can be told from nothing. Sourced by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch and here: run.sh

stepped=5 # statements that are counted at once

# What pgbench runs: seven rounds until plans and caches are settled, a rest in which the counter begins, a round that
# is counted, a rest in which it ends.
instructions_script() { # instructions_script STATEMENT
    printf '%s\n' '\set round :round + 1'
    for _ in $(seq "$stepped"); do printf '%s;\n' "$1"; done
    printf '%s\n' '\if :round > 7' '\sleep 3 s' '\endif'
}

# instructions_once NAME PROTOCOL: of $scratch/step.sql, for a statement.
instructions_once() {
    local pid='' client
    # Counters of the statistics are sent when a second has passed, which is more often for who is stepped through.
    PGHOST=$scratch/socket_$1 PGOPTIONS='-c track_counts=off' pgbench -n -M "$2" -D round=0 -t 9 -f "$scratch/step.sql" >"$scratch/step.log" 2>&1 &
    client=$!
    for _ in $(seq 40); do
        pid=$(PGHOST=$scratch/socket_$1 psql -XqAtc "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench'
            AND state = 'idle' AND clock_timestamp() - state_change > '0.2 s'")
        [ -z "$pid" ] || break
        sleep 0.1
    done
    [ -n "$pid" ] || { echo "bench/audit: no session to step through" >&2; return 1; }
    timeout 120 "$scratch/instructions" "$pid" | awk -v n="$stepped" '{ printf "%.0f\n", $1 / n }'
    kill "$client" 2>/dev/null || :
    wait "$client" 2>/dev/null || :
}

# instructions_least NAME PROTOCOL: the less of two counts, of four that are tried; nothing if none succeeds.
instructions_least() {
    local counts='' count
    for _ in 1 2 3 4; do
        count=$(instructions_once "$1" "$2" 2>>"$scratch/instructions.log") || count=''
        counts+=${count:+$count$'\n'}
        [ "$(printf '%s' "$counts" | grep -c .)" -lt 2 ] || break
    done
    printf '%s' "$counts" | sort -n | head -n 1
}

# instructions_table: for each statement and server the less of two counts, and what it has more than the first server.
instructions_table() {
    local protocol statement name count none peer
    ${CXX:-c++} -std=c++20 -O2 -o "$scratch/instructions" "$here/bench/audit/instructions.cpp"
    while IFS='|' read -r protocol statement; do
        instructions_script "$statement" >"$scratch/step.sql"
        none='' peer=''
        for name in none pgaudit off quiver durable; do
            count=$(instructions_least "$name" "$protocol")
            if [ -z "$count" ] || { [ "$name" != none ] && [ -z "$none" ]; }; then
                printf '| `%s` | %s | %s | not counted |  |  |  |\n' "$statement" "$protocol" "$name"
                continue
            fi
            : "${none:=$count}"
            [ "$name" != pgaudit ] || peer=$((count - none))
            awk -v s="$statement" -v p="$protocol" -v n="$name" -v c="$count" -v b="$none" -v q="${peer:-0}" \
                'BEGIN { printf "| `%s` | %s | %s | %d | %d | %.2f %% | %s |\n", s, p, n, c, c - b, 100 * (c - b) / b,
                    n == "none" || q == 0 ? "" : sprintf("%.3f", (c - b) / q) }'
        done
    done <<'STATEMENTS'
simple|SELECT 1
simple|SELECT abalance FROM pgbench_accounts WHERE aid = 1
prepared|SELECT abalance FROM pgbench_accounts WHERE aid = 1
prepared|UPDATE pgbench_branches SET bbalance = bbalance + 1 WHERE bid = 1
STATEMENTS
}
