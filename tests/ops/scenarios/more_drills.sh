# Faults of what stands around the leader: the quorum, the backup host, its own Patroni; and what asynchronous replication loses. Sourced after drills.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# Two of three members of etcd are gone: the leader stays, because it reaches every member of the cluster (failsafe mode).
fault_quorum() {
    local name
    for name in $database_hosts; do [ "$name" = "$L" ] || "$hosts" run "$name" 'systemctl stop etcd'; done
    sleep 25
    for name in $database_hosts; do [ "$name" = "$L" ] || "$hosts" run "$name" 'systemctl start --no-block etcd'; done
}

fault_backup() { "$hosts" poweroff backup1; sleep 12; "$hosts" poweron backup1; }

# Patroni stands still and its server does not: what a hardware watchdog is for. HAProxy and the client see nothing of it.
fault_frozen() {
    "$hosts" run "$L" 'systemctl kill -s STOP --kill-whom=main patroni'
    sleep 26
    if grep -q '^reset' "$site/watchdog.$L"; then
        "$hosts" poweron "$L"
    else
        # Two servers take writes by now, perhaps; what that cost is counted all the same.
        "$hosts" run "$L" 'systemctl kill -s CONT --kill-whom=main patroni'
    fi
}
# A card for each host (tests/ops/watchdog.py), and Patroni must use it.
watchdogs_on() {
    local name
    watchdogs=()
    for name in $database_hosts; do
        "$hosts" run "$name" 'cd /var/lib/postgresql && rm -f watchdog && mkfifo -m 600 watchdog && chown postgres: watchdog' || return 1
        "$here/tests/ops/watchdog.py" "$QUIVER_HOSTS/hosts/$name/root/var/lib/postgresql/watchdog" "$hosts" poweroff "$name" >"$site/watchdog.$name" 2>&1 &
        watchdogs+=($!)
    done
    play site --tags patroni -e patroni_watchdog=required -e patroni_watchdog_driver=testing -e patroni_watchdog_device=/var/lib/postgresql/watchdog \
        >"$site/watchdog.log" 2>&1 || { tail -n 30 "$site/watchdog.log"; return 1; }
    patroni_anew
    within 30 watchdog_armed
}
# Patroni starts again and its server does not. One that led without a watchdog, and handed over, takes up a card only so: a reload is not enough for 3.0.2.
patroni_anew() {
    local name first
    first=$(leader)
    "$hosts" run "$first" 'patronictl -c /etc/patroni/config.yml pause --wait'
    for name in $database_hosts; do "$hosts" run "$name" 'systemctl restart patroni'; done
    sleep 3
    "$hosts" run "$first" 'patronictl -c /etc/patroni/config.yml resume --wait'
    ready "$standbys" 60
}
watchdog_armed() { grep -q '^armed' "$site/watchdog.$(leader)"; }
watchdogs_off() {
    local name
    play site --tags patroni >"$site/watchdog.log" 2>&1 || { tail -n 30 "$site/watchdog.log"; check "Patroni lets its watchdog go" yes no; }
    kill "${watchdogs[@]}" 2>/dev/null
    for name in $database_hosts; do "$hosts" run "$name" 'rm -f /var/lib/postgresql/watchdog'; done
}

# more_drills NAME...
more_drills() {
    local name began victim
    for name in "$@"; do
        ready "$standbys" 240 || check "before $name: the cluster is ready" yes no
        case $name in
            quorum)
                drill "etcd's quorum lost for 25 s" 5 45 fault_quorum
                ;;
            backup)
                drill "backup host lost" 2 30 fault_backup
                check "archiving goes on when the backup host is back" yes "$(within 120 archives && echo yes)"
                ;;
            frozen)
                watchdogs_on || check "the leader's watchdog is armed" yes no
                victim=$(leader)
                drill "Patroni frozen, with a watchdog" 30 55 fault_frozen
                check "the watchdog reset the host" reset "$(grep -m 1 -o '^reset' "$site/watchdog.$victim")"
                check "and no other" "" "$(grep -l '^reset' "$site"/watchdog.db? | grep -v "watchdog.$victim$")"
                say "$(grep -h '^reset' "$site"/watchdog.db?)"
                ready "$standbys" 240 || check "after the reset: the cluster is ready" yes no
                watchdogs_off
                ;;
            asynchronous)
                victim=$(leader)
                dynamic synchronous_mode=false
                check "asynchronous by choice: no commit waits" "" "$(within 30 nobody_waits; sql "$victim" 'SHOW synchronous_standby_names')"
                loss=counted drill "power cut of the leader, asynchronous" 23 40 fault_power
                "$hosts" poweron "$victim"
                dynamic synchronous_mode=true
                ready "$standbys" 180 || check "synchronous again" yes no
                ;;
        esac
    done
}
# dynamic NAME=VALUE: a setting of the whole cluster.
dynamic() { "$hosts" run "$(leader)" "patronictl -c /etc/patroni/config.yml edit-config --force -s $1" >/dev/null; }
nobody_waits() { [ -z "$(sql "$(leader)" 'SHOW synchronous_standby_names')" ]; }
archives() { "$hosts" run backup1 "setpriv --reuid=postgres --regid=postgres --init-groups pgbackrest --stanza=quiver check" >/dev/null 2>&1; }
