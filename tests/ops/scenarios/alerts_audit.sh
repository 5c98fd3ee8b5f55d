# Causes of alerts: the audit. Groups of alert_causes.sh. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
alerts_of_audit() {
    provoke "a standby's audit cannot write its checkpoints, while 110,000 transactions are replayed" "seals_nothing $S" "seals_again $S" \
        "QuiverAuditDown@$S" "QuiverAuditLags@$S"
    provoke "somebody has taken quiver out of a standby's libraries" "audits_nothing $S" "audits_again $S" "QuiverAuditOff@$S"
    sound "after its log could not be sealed, and after it had none"
    # A log that has lost events says so for ever, so this is not the log of the host's own server.
    provoke "the audit's worker stands still, and its ring overflows" "loses_events $S" "loses_no_more $S" "QuiverAuditLost@$S~"
    check "that log says that events were lost, and whose, and has no error" "warning event gap, warning lost events" "$losses_told"
}
# Its newest file of notes takes no more; the records are on its disk all the same.
seals_nothing() {
    on "$1" 'cd /var/lib/postgresql/*/quiver_audit && chmod 400 "$(ls *.notes | tail -n 1)"'
    sql "$H" 'CREATE TABLE sealed (n int)'
    on "$H" "echo 'INSERT INTO sealed VALUES (1);' >/tmp/sealed.sql; chmod 644 /tmp/sealed.sql
        $as_postgres env PGOPTIONS='-c synchronous_commit=local' pgbench -n -c 8 -t 13750 -f /tmp/sealed.sql postgres; rm /tmp/sealed.sql"
    sql "$H" 'DROP TABLE sealed'
    within 60 replayed_by "$1"
    collect "$1" database
}
replayed_by() { [ "$(sql "$1" "SELECT to_regclass('sealed') IS NULL")" = t ]; }
seals_again() { on "$1" 'chmod 600 /var/lib/postgresql/*/quiver_audit/*.notes'; sleep 3; collect "$1" database; }

audits_nothing() {
    on "$1" "cp -p /etc/patroni/config.yml /root/; sed -i 's/^    unix_socket_directories: .*/&\n    shared_preload_libraries: pg_stat_statements,passwordcheck,auth_delay/' /etc/patroni/config.yml"
    restarted "$1"
}
audits_again() { on "$1" 'cp -p /root/config.yml /etc/patroni/ && rm /root/config.yml'; restarted "$1"; }
restarted() {
    on "$1" "systemctl reload patroni; sleep 3; patronictl -c /etc/patroni/config.yml restart quiver $1 --force"
    ready "$standbys" 60
    collect "$1" database
}

loses_events() {
    aside_up "$1" "shared_preload_libraries = 'quiver'" "quiver.audit = 'all'" "quiver.audit_shards = 1" "quiver.audit_ring_size = 256kB"
    aside_sql "$1" 'CREATE EXTENSION quiver'
    adds "$1" quiver-metrics-database Environment=PGPORT=5499
    collect "$1" database
    sleep 12
    on "$1" "worker=\$(pgrep -P \$(head -n 1 $aside/postmaster.pid) -f 'quiver audit'); kill -STOP \$worker; echo 'SELECT FROM pg_class WHERE oid = 1259;' >/tmp/lost.sql; chmod 644 /tmp/lost.sql
        $as_postgres pgbench -n -p 5499 -t 20000 -f /tmp/lost.sql postgres; rm /tmp/lost.sql; kill -CONT \$worker"
    within 20 aside_audits "$1"
    collect "$1" database
}
aside_audits() { [ "$(aside_sql "$1" 'SELECT ring_used < ring_size / 2 AND events_lost > 0 FROM quiver.audit_status()')" = t ]; }
loses_no_more() {
    losses_told=$(aside_sql "$1" "SELECT string_agg(DISTINCT severity || ' ' || problem, ', ') FROM quiver.audit_verify() WHERE severity <> 'info'")
    drops "$1" quiver-metrics-database
    aside_down "$1"
    collect "$1" database
}
