# Standbys, lost and rebuilt under a writer. Sourced after drills.sh and operations.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# standby_drills [NAME...]: the standby is the one that commits wait for.
standby_drills() {
    local name victim began
    [ $# -gt 0 ] || set -- data host
    for name in "$@"; do
        ready "$standbys" 240 || check "before a standby's $name is lost: the cluster is ready" yes no
        case $name in
            data)
                drill "synchronous standby's data lost, copied anew" 15 300 fault_standby_data
                check "rebuild_standby.yml: no task failed" "0 gone" "$(recap "$site/op.log" failed) $(marked "$(cat "$site/standby_victim")")"
                ;;
            host)
                drill "synchronous standby lost for good, a bare host in its place" 15 1200 fault_standby_host
                check "add_standby.yml: no task failed" 0 "$(recap "$site/op.log" failed)"
                at_most "bare host to standby, by add_standby.yml" 600 "$(cat "$site/standby_seconds")" s
                ;;
        esac
        victim=$(cat "$site/standby_victim")
        began=$SECONDS
        if ready "$standbys" 240; then check "$victim is a standby again, and replays" yes yes; else check "$victim is a standby again, and replays" yes no; fi
        check "etcd has its three members, all healthy" 3 "$("$hosts" run "$(leader)" 'cd /etc/quiver/tls; ETCDCTL_API=3 etcdctl --endpoints=https://127.0.0.1:2379 \
            --cacert=ca.crt --cert=host.crt --key=host.key endpoint health --cluster 2>&1' | grep -c 'is healthy')"
        check "no unit of $victim has failed" "" "$("$hosts" run "$victim" 'systemctl --failed --no-legend --plain')"
    done
}
# The writer goes on until the standby is there again, and no longer.
enough() { ready "$standbys" 240; sleep 2; kill -TERM "$writer"; }
fault_standby_data() {
    local victim
    victim=$(synchronous)
    echo "$victim" >"$site/standby_victim"
    "$hosts" run "$victim" 'cd /var/lib/postgresql/*/quiver && touch of_before && { pkill -9 -x postgres; find . -mindepth 1 ! -name of_before -delete; sleep 3; }'
    play rebuild_standby -e "rebuild_standby=$victim" >"$site/op.log" 2>&1 || tail -n 20 "$site/op.log"
    enough
}
fault_standby_host() {
    local victim began=$SECONDS
    victim=$(synchronous)
    echo "$victim" >"$site/standby_victim"
    "$hosts" replace "$victim" || return 1
    within 60 forgotten "$victim"
    play add_standby -e "add_standby=$victim" >"$site/op.log" 2>&1 || tail -n 30 "$site/op.log"
    enough
    echo $((SECONDS - began)) >"$site/standby_seconds"
}
synchronous() { "$hosts" run "$(leader)" 'patronictl -c /etc/patroni/config.yml list -f json' | jq -r '[.[] | select(.Role == "Sync Standby") | .Member][0]'; }
forgotten() { ! "$hosts" run "$(leader)" 'patronictl -c /etc/patroni/config.yml list -f json' | jq -e --arg m "$1" 'any(.[]; .Member == $m)' >/dev/null; }
