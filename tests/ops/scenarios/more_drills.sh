# Faults of what stands around the leader: the quorum, the backup host; and what asynchronous replication loses. Sourced after drills.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# Two of three members of etcd are gone: the leader stays, because it reaches every member of the cluster (failsafe mode).
fault_quorum() {
    local name
    for name in $database_hosts; do [ "$name" = "$L" ] || "$hosts" run "$name" 'systemctl stop etcd'; done
    sleep 25
    for name in $database_hosts; do [ "$name" = "$L" ] || "$hosts" run "$name" 'systemctl start --no-block etcd'; done
}

fault_backup() { "$hosts" poweroff backup1; sleep 12; "$hosts" poweron backup1; }

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
