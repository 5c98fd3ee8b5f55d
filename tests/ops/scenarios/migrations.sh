# A schema changes under a writer: rehearsed on a restored backup, applied, filled in batches over a switchover, contracted, taken back; drift is found. Sourced after drills.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# migrates: on a cluster that runs, with a backup host.
migrates() {
    local log=$site/migrate.log folder=$site/migrations result writer said
    rm -rf "$folder"
    database=app sql "$(leader)" 'DROP SCHEMA IF EXISTS quiver_migrations CASCADE; DROP TABLE IF EXISTS moving_item' >/dev/null
    # Other topics have made tables there, which are nobody's migrations.
    echo 'migrations_drift_ignore: ["^(?!.*moving_)"]' >"$site/group_vars/all/zz_migrations.yml"
    moving 001_item/up 'CREATE TABLE moving_item (n bigint PRIMARY KEY, note text)'
    moving 001_item/down 'DROP TABLE moving_item'

    play migrate --check >"$log" 2>&1 || tail -n 30 "$log"
    check "migrate.yml --check says what is due and makes nothing" "said f" \
        "$(grep -q '\\"expand\\": \[\\"001_item\\"\]' "$log" && echo said) $(database=app sql "$(leader)" "SELECT to_regclass('moving_item') IS NOT NULL")"
    play migrate >"$log" 2>&1 || tail -n 30 "$log"
    check "migrate.yml makes it, for the database's owner" "app_owner 1 changed" \
        "$(database=app sql "$(leader)" "SELECT tableowner FROM pg_tables WHERE tablename = 'moving_item'") $(recap "$log" changed) changed"
    play migrate >"$log" 2>&1 || tail -n 30 "$log"
    check "and changes nothing the second time" "0 changed, 0 failed" "$(recap "$log" changed) changed, $(recap "$log" failed) failed"
    database=app sql "$(leader)" "INSERT INTO moving_item SELECT -n, 'Note ' || n FROM generate_series(1, 20000) AS n" >/dev/null

    # What would hurt is found on a restored backup, with live rows; then it is written as the gate says.
    moving 002_more/up 'CREATE INDEX moving_note ON moving_item (note)'
    moving 002_more/down 'DROP INDEX moving_note'
    sql "$(leader)" 'SELECT pg_switch_wal()' >/dev/null
    play migrate_gate >"$log" 2>&1 && said=passed || said=$(grep -o 'require-concurrent-index-creation' "$site/migrations_report/gate.txt" | head -n 1)
    check "migrate_gate.yml refuses an index that stops writes, on a restored backup" require-concurrent-index-creation "$said"
    say "$(grep -A1 require-concurrent-index-creation "$site/migrations_report/gate.txt" | tr -s ' \n' ' ')"
    moving 002_more/up 'ALTER TABLE moving_item ADD COLUMN lower text, ADD COLUMN filled bigint NOT NULL DEFAULT 0'
    moving 002_more/down 'ALTER TABLE moving_item DROP COLUMN lower, DROP COLUMN filled'
    moving 002_more/backfill '-- over moving_item by n
UPDATE moving_item SET lower = lower(note), filled = filled + 1 WHERE n BETWEEN :from AND :to'
    moving 002_more/verify "SELECT NOT EXISTS (SELECT FROM moving_item WHERE n < 0 AND lower IS DISTINCT FROM lower(note))"
    moving 002_more/contract 'ALTER TABLE moving_item DROP COLUMN note'
    play migrate_gate >"$log" 2>&1 && said=passed || said=refused
    check "and lets what stops nobody pass" passed "$said"
    [ "$said" = passed ] || tail -n 30 "$log"
    check "the restored copy is gone" gone "$("$hosts" run backup1 'ls -d /var/lib/postgresql/restore_drill* 2>/dev/null || echo gone')"

    # Under a writer, behind a reader that does not end.
    "$hosts" ctl env PGPASSWORD="$(secret app)" /usr/bin/python3 "$here/tests/ops/writer.py" \
        "host=$drill_address port=5010 dbname=app user=app sslmode=verify-full sslrootcert=$site/pki/ca.crt connect_timeout=2 tcp_user_timeout=2000" \
        "${migrate_seconds:-120}" moving_item >"$site/moving.json" 2>"$site/moving.err" &
    writer=$!
    within 60 grep -qs running "$site/moving.json"
    database=app sql "$(leader)" 'BEGIN; SELECT count(*) FROM moving_item; SELECT pg_sleep(45); COMMIT' >/dev/null &
    play migrate -e '{"migrations_tries": 100}' >"$log" 2>&1 || tail -n 30 "$log"
    check "migrate.yml expands under a writer, behind a reader, with another try" "0 true" \
        "$(recap "$log" failed) $(database=app sql "$(leader)" "SELECT tries > 1 FROM quiver_migrations.journal WHERE migration = '002_more'" | sed 's/t/true/')"
    play migrate -e '{"migrations_phases": ["backfill"]}' >"$log" 2>&1 || tail -n 30 "$log"
    check "and fills the rows" 0 "$(recap "$log" failed)"
    wait $writer || cat "$site/moving.err"
    result=$(grep -v running "$site/moving.json")
    say "writer: $(jq -c . <<<"$result")"
    check "no acknowledged row is lost, none refused" "0 {}" "$(jq -r .lost <<<"$result") $(jq -c .errors <<<"$result")"
    at_most "write gap over expand and backfill, of lock_timeout 0.5 s" 0.5 "$(jq -r .gap <<<"$result")" s
    check "each old row was changed once" "1 1 20000" "$(database=app sql "$(leader)" "SELECT min(filled) || ' ' || max(filled) || ' ' || count(*) FROM moving_item WHERE n < 0")"
    moving_changes_leader
    moving_ends
    rm -rf "$folder" "$site/group_vars/all/zz_migrations.yml"
    database=app sql "$(leader)" 'DROP SCHEMA quiver_migrations CASCADE; DROP TABLE moving_item' >/dev/null
}
moving() { # moving NAME/PHASE TEXT
    mkdir -p "$site/migrations/${1%/*}"
    printf '%s;\n' "$2" >"$site/migrations/$1.sql"
}

# A backfill loses its leader, and goes on at the next one.
moving_changes_leader() {
    local log=$site/migrate.log first second
    moving 003_again/up 'ALTER TABLE moving_item ADD COLUMN once bigint NOT NULL DEFAULT 0'
    moving 003_again/down 'ALTER TABLE moving_item DROP COLUMN once'
    moving 003_again/backfill '-- over moving_item by n
UPDATE moving_item SET once = once + 1 WHERE n BETWEEN :from AND :to'
    play migrate >"$log" 2>&1 || tail -n 30 "$log"
    play migrate -e '{"migrations_phases": ["backfill"], "migrations_batch": 100, "migrations_rest": "200ms"}' >"$log" 2>&1 &
    within 120 moving_filled
    first=$(leader)
    L=$first fault_switchover >"$site/op.log" 2>&1
    wait $! && second=ended || second=failed
    ready 2 120
    check "a switchover in the middle ends the run" "failed another" "$second $([ "$(leader)" != "$first" ] && echo another)"
    say "then filled: $(database=app sql "$(leader)" 'SELECT count(*) FROM moving_item WHERE once = 1') of $(database=app sql "$(leader)" 'SELECT count(*) FROM moving_item')"
    play migrate -e '{"migrations_phases": ["backfill"]}' >"$log" 2>&1 || tail -n 30 "$log"
    check "the next run goes on at the new leader, and each row was changed once" "goes on behind, 1 1" \
        "$(grep -o 'goes on behind' "$log" | head -n 1), $(database=app sql "$(leader)" "SELECT min(once) || ' ' || max(once) FROM moving_item")"
}
moving_filled() { [ "$(database=app sql "$(leader)" 'SELECT count(*) > 1000 FROM moving_item WHERE once = 1')" = t ]; }

moving_ends() {
    local log=$site/migrate.log said
    play migrate -e '{"migrations_phases": [], "migrations_contract": ["002_more"]}' >"$log" 2>&1 || tail -n 30 "$log"
    check "a contract by its name" f "$(database=app sql "$(leader)" "SELECT count(*) > 0 FROM pg_attribute WHERE attrelid = 'moving_item'::regclass AND attname = 'note'")"
    play schema_drift >"$log" 2>&1 && said=same || said=other
    check "schema_drift.yml: the live schema is what the files make" same "$said"
    [ "$said" = same ] || tail -n 30 "$log"
    database=app sql "$(leader)" 'CREATE INDEX moving_by_hand ON moving_item (lower)' >/dev/null
    play schema_drift >"$log" 2>&1 && said=same || said=$(grep -o 'INDEX public.moving_by_hand: only on the live database' "$site/migrations_report/drift.txt")
    check "what was done by hand is named, and fails it" 'INDEX public.moving_by_hand: only on the live database' "$said"
    moving_watched 1
    database=app sql "$(leader)" 'DROP INDEX moving_by_hand' >/dev/null
    play schema_drift >"$log" 2>&1
    moving_watched 0
    play migrate_back -e migrations_back=002_more >"$log" 2>&1 && said=accepted || said=refused
    check "migrate_back.yml refuses all but the newest" refused "$said"
    play migrate_back -e migrations_back=003_again --check >"$log" 2>&1 || tail -n 30 "$log"
    check "migrate_back.yml --check leaves it" t "$(moving_has once)"
    play migrate_back -e migrations_back=003_again >"$log" 2>&1 || tail -n 30 "$log"
    check "migrate_back.yml takes it back" f "$(moving_has once)"
}
moving_has() { database=app sql "$(leader)" "SELECT count(*) > 0 FROM pg_attribute WHERE attrelid = 'moving_item'::regclass AND attname = '$1'"; }
# moving_watched OBJECTS: the server's own numbers say how many differ; where there is a watcher, the alert comes and goes with them.
moving_watched() {
    "$hosts" run "$(leader)" 'systemctl start quiver-metrics-database'
    check "objects that drifted, as the exporter has them" "$1.0" "$("$hosts" run "$(leader)" 'sed -n "s/^quiver_schema_drift_objects.*\"app\"} //p" /var/lib/prometheus/node-exporter/database.prom')"
    [ -e "$site/pki/tester.crt" ] || return 0
    check "QuiverSchemaDrift: seen when there is drift, and not without" "$([ "$1" = 0 ] && echo quiet || echo fires)" "$(
        if [ "$1" = 0 ]; then within 60 no_drift_alert && echo quiet; else within 60 drift_alert && echo fires; fi)"
}
drift_alert() { answers 'ALERTS{alertname="QuiverSchemaDrift", alertstate="firing"}'; }
no_drift_alert() { ! drift_alert; }
