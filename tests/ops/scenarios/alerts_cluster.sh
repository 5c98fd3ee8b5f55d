# Causes of alerts: services, etcd, who leads. Groups of alert_causes.sh. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
alerts_of_services() {
    local name others=()
    for name in $database_hosts; do [ "$name" = "$H" ] || others+=("$name"); done
    provoke "PgBouncer is stopped" "on $S systemctl stop pgbouncer" "on $S systemctl start pgbouncer" "QuiverPoolDown@$S"
    provoke "HAProxy is stopped" "on $S systemctl stop haproxy" "on $S systemctl start haproxy" "QuiverBalancerDown@$S"
    provoke "more clients than the pool has sessions" pool_is_small pool_is_free "QuiverPoolQueue@$H"
    provoke "the leader of etcd is restarted six times" etcd_elects : "QuiverEtcdElections@$H~"
    provoke "two of three members of etcd are stopped" "etcd_on_others stop" "etcd_on_others start --no-block" \
        "QuiverEtcdMemberDown@$S" "QuiverEtcdNoLeader@$H" "QuiverFailsafe@$H" "QuiverConsensusNotSeen@$H"
    provoke "a service fails" "fails backup1" "on backup1 systemctl reset-failed broken" QuiverUnitFailed@backup1
}
etcd_on_others() { local name; for name in "${others[@]}"; do on "$name" "systemctl $* etcd"; done; }
# Not on the host that is looked at: its counter would begin anew.
etcd_elects() {
    local name
    for _ in 1 2 3 4 5 6; do
        for name in "${others[@]}"; do ! etcd_leads "$name" || on "$name" 'systemctl restart etcd'; done
        ! etcd_leads "$H" || etcd_hands_over
        within 20 etcd_is_well
        sleep 6
    done
}
etcd_hands_over() {
    etcd_on "$H" 'etcdctl move-leader "$(etcdctl member list | cut -d, -f1,3 | grep -v " $(hostname)$" | head -n 1 | cut -d, -f1)"'
}
etcd_is_well() { etcd_on "$H" 'etcdctl endpoint health --cluster' >/dev/null 2>&1; }
fails() { on "$1" 'systemd-run --quiet --unit=broken false; sleep 1; systemctl is-failed broken'; }
pool_is_small() {
    "$hosts" ctl env PGPASSWORD="$(secret app)" /usr/bin/python3 "$here/tests/ops/causes.py" clients \
        "host=$drill_address port=5000 dbname=app user=app sslmode=verify-full sslrootcert=$site/pki/ca.crt" 65 &
    pool_clients=$!
}
pool_is_free() { kill "$pool_clients"; }

alerts_of_consensus() {
    local member
    for member in $database_hosts; do etcd_leads "$member" || break; done
    provoke "a member of etcd has a quota a little above its size" "etcd_is_small $member" "etcd_is_large $member" "QuiverEtcdFull@$member"
    check "no member of etcd has raised an alarm" "" "$(etcd_on "$member" 'etcdctl alarm list')"
    if command -v strace >/dev/null; then
        provoke "each fsync of a member of etcd takes 0.65 s" "etcd_syncs_slowly $member" etcd_syncs "QuiverEtcdSlowDisk@$member~"
    else
        say "left out: this machine has no strace to slow a host's fsync with (1 alert)"
    fi
    within 60 etcd_is_well
}
etcd_is_small() {
    local size
    size=$(ask "etcd_mvcc_db_total_size_in_bytes{instance=\"$1\"}" | jq -r '.[0].value[1] | tonumber / 0.88 | floor')
    on "$1" "echo ETCD_QUOTA_BACKEND_BYTES=$size >/run/cause.quota" && adds "$1" etcd EnvironmentFile=/run/cause.quota && on "$1" 'systemctl restart etcd'
}
etcd_is_large() { drops "$1" etcd; on "$1" 'rm /run/cause.quota; systemctl restart etcd'; }
# What is below a member is slow; an election takes 1.5 s without a sign of life.
etcd_syncs_slowly() {
    strace -qq -f -o /dev/null -e trace=fsync,fdatasync -e inject=fsync,fdatasync:delay_exit=650ms -p "$("$hosts" pids "$1" etcd)" &
    slow_tracer=$!
    sleep 15
}
etcd_syncs() { kill "$slow_tracer"; wait "$slow_tracer"; true; }

alerts_of_cluster() {
    local first=$H
    provoke "both standbys are stopped" "patroni_on_others stop" "patroni_on_others start" \
        "QuiverPatroniDown@$S" "QuiverServerDown@$S" "QuiverExporterFails@$S" QuiverStandbyMissing QuiverNoSynchronousStandby
    ready "$standbys" 120
    provoke "a setting that wants a restart" "dynamic postgresql.parameters.track_activity_query_size=4096" \
        restarted_without "QuiverPendingRestart@$H"
    provoke "a slot that nobody reads" "dynamic slots.forgotten.type=physical" "dynamic slots.forgotten=null" "QuiverSlotInactive@$H"
    provoke "the leader's power is cut while Patroni is paused" paused_and_dead resumed_and_back QuiverPatroniPaused QuiverNoLeader "QuiverNoWriteTarget@$S" \
        "QuiverHostDown@$H"
    ready "$standbys" 240
    check "another leads" yes "$([ "$(leader)" != "$first" ] && echo yes)"
    since=$SECONDS provoke "and after that another leads" : : QuiverFailover~
    ready "$standbys" 120
    H=$(leader)
    S=$(other "$H")
    provoke "a standby is promoted by hand while Patroni is paused" promoted_by_hand copied_over QuiverTwoLeaders QuiverTimelinesDiffer
}
patroni_on_others() { local name; for name in $database_hosts; do [ "$name" = "$H" ] || on "$name" "systemctl $1 patroni"; done; }
# What is taken out of its settings Patroni 3.0.2 calls pending as well, so the runbook's restart is due.
restarted_without() {
    dynamic postgresql.parameters.track_activity_query_size=null
    sleep 6
    on "$S" 'for role in replica leader; do patronictl -c /etc/patroni/config.yml restart quiver --role $role --pending --force; done'
    ready "$standbys" 120
}
paused_and_dead() { on "$H" 'patronictl -c /etc/patroni/config.yml pause --wait' && "$hosts" poweroff "$H"; }
# One that is back before its key has ended leads on.
resumed_and_back() {
    on "$S" 'patronictl -c /etc/patroni/config.yml resume'
    within 60 another_leads "$H"
    "$hosts" poweron "$H"
    ready "$standbys" 240
}

# What a second leader writes does not belong into the archive.
promoted_by_hand() {
    on "$S" 'mv /etc/pgbackrest.conf /root/'
    on "$H" 'patronictl -c /etc/patroni/config.yml pause --wait' && sql "$S" 'SELECT pg_promote()'
}
copied_over() {
    on "$H" "patronictl -c /etc/patroni/config.yml reinit quiver $S --force --wait; patronictl -c /etc/patroni/config.yml resume --wait"
    on "$S" 'mv /root/pgbackrest.conf /etc/'
    ready "$standbys" 240
}
