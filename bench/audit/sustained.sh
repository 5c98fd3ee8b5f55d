# How many events a second the audit takes without losing one. Sourced by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # scratch, seconds; sustained_is is for run.sh
# shellcheck disable=SC2016  # dollars are SQL
sustained_is='Sustained: two sessions whose function executes audited statements, at a rate and as fast as PL/pgSQL can; policy continue, rings of
the default size, until all is on disk and sealed. Bar: 50,000 a second, none lost.'

# offer RATE: events a second, or "all that two sessions can". Each transaction makes 2,000.
offer() {
    local lost events began ended limit=()
    [[ ! $1 =~ ^[0-9]+$ ]] || limit=(-R "$(($1 / 2000))")
    lost=$(psql -XqAtc 'SELECT events_lost FROM quiver.audit_status()')
    psql -XqAtc 'SELECT quiver.audit_checkpoint()' >/dev/null
    events=$(psql -XqAtc 'SELECT events_written FROM quiver.audit_status()')
    began=$(date +%s.%N)
    pgbench -n -c 2 -j 2 "${limit[@]}" -T $((5 * seconds)) -f "$scratch/many.sql" >"$scratch/out" 2>&1
    psql -XqAtc 'SELECT quiver.audit_checkpoint()' >/dev/null
    ended=$(date +%s.%N)
    events=$(($(psql -XqAtc 'SELECT events_written FROM quiver.audit_status()') - events))
    lost=$(($(psql -XqAtc 'SELECT events_lost FROM quiver.audit_status()') - lost))
    awk -v o="$1" -v e="$events" -v s="$began" -v t="$ended" -v l="$lost" 'BEGIN { printf "| %s | %.1f | %d | %.0f | %d |\n", o, t - s, e, e / (t - s), l }'
}
sustained_table() {
    local rate
    export PGHOST=$scratch/socket_quiver
    psql -Xqc 'CREATE FUNCTION many(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..n LOOP PERFORM abalance FROM pgbench_accounts WHERE aid = i; END LOOP; END $$'
    echo 'SELECT many(2000);' >"$scratch/many.sql"
    for rate in 50000 100000 'all they can'; do offer "$rate"; done
}
