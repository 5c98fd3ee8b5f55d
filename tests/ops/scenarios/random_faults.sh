# Faults at random under a writer: nothing acknowledged is lost, and there are never two leaders. Sourced after drills.sh.
# QUIVER_FAULTS: how many (20). QUIVER_FAULT_SEED: which ones; printed, so that a run can be had again.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
# One server's own word, from inside its network: a host that is cut off is asked as well.
watch_leaders() {
    local name
    mkdir -p "$site/leaders"
    leader_watchers=()
    for name in $database_hosts; do
        "$hosts" inside "$name" env PGPASSWORD="$(secret exporter)" /usr/bin/python3 "$here/tests/ops/leaders.py" watch \
            "host=127.0.0.1 dbname=postgres user=quiver_exporter sslmode=require" >"$site/leaders/$name" 2>"$site/leaders.err" &
        leader_watchers+=($!)
    done
}

fault_frozen_server() { "$hosts" run "$L" 'pkill -STOP -x postgres; sleep 8; pkill -CONT -x postgres'; }
fault_standby_power() {
    local victim
    victim=$(other "$L")
    "$hosts" poweroff "$victim"
    sleep 12
    "$hosts" poweron "$victim"
}
fault_standby_cut() {
    local victim
    victim=$(other "$L")
    "$hosts" isolate "$victim"
    sleep 15
    "$hosts" rejoin "$victim"
}
fault_power_back() { "$hosts" poweroff "$L"; sleep 8; "$hosts" poweron "$L"; }
fault_short_cut() { "$hosts" isolate "$L"; sleep 8; "$hosts" rejoin "$L"; }
fault_etcd_back() { fault_etcd; sleep 5; "$hosts" run "$(cat "$site/etcd_victim")" 'systemctl start etcd'; }

faults() {
    local kinds=(switchover kill power_back short_cut partition standby_power standby_cut etcd_back frozen_server) round kind verdict
    RANDOM=${QUIVER_FAULT_SEED:-$$}
    say "seed ${QUIVER_FAULT_SEED:-$$}"
    watch_leaders
    for round in $(seq "${QUIVER_FAULTS:-20}"); do
        kind=${kinds[RANDOM % ${#kinds[@]}]}
        ready "$standbys" 240 || check "round $round: the cluster is ready" yes no
        # Which moment of Patroni's loop the fault meets is chance as well.
        sleep "$((RANDOM % 3)).$((RANDOM % 10))"
        case $kind in
            switchover | etcd_back) drill "$round $kind" 30 12 "fault_$kind" ;;
            partition) drill "$round $kind" 30 50 fault_partition 30 ;;
            *) drill "$round $kind" 30 30 "fault_$kind" ;;
        esac
    done
    check "after all faults: one leader, $standbys standbys that replay" yes "$(ready "$standbys" 240 && echo yes)"
    kill "${leader_watchers[@]}" 2>/dev/null
    verdict=$("$here/tests/ops/leaders.py" judge "$site"/leaders/db*)
    check "never two leaders in ${QUIVER_FAULTS:-20} faults" '[]' "$(jq -c .overlaps <<<"$verdict")"
    check "the leaders were seen" true "$(jq '.spans >= 1' <<<"$verdict")"
    say "$verdict"
    printf '# %s\n' "${drill_table[@]}"
}
