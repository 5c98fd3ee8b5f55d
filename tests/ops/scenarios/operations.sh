# What an operator does on a good day: hand over. Sourced after drills.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# operations: on the cluster as it is.
operations() { hands_over; }

hands_over() {
    local first target out
    first=$(leader)
    target=$(asynchronous)
    play switchover -e "switchover_to=$target" --check >"$site/op.log" 2>&1 || tail -n 20 "$site/op.log"
    check "switchover.yml --check says what it would do and does nothing" "$first said" "$(leader) $(grep -q "$first leads; $target will" "$site/op.log" && echo said)"
    play switchover -e "switchover_to=$target" >"$site/op.log" 2>&1 || tail -n 20 "$site/op.log"
    check "switchover.yml hands over, to the standby that was not the synchronous one" "$target" "$(leader)"
    check "as many synchronous standbys as before" 1 "$("$hosts" run "$target" 'patronictl -c /etc/patroni/config.yml show-config' | sed -n 's/^synchronous_node_count: //p')"
    play switchover -e switchover_to=nobody >"$site/op.log" 2>&1 && out=accepted || out=refused
    check "to a host that is no standby it refuses" refused "$out"
}

asynchronous() { "$hosts" run "$(leader)" 'patronictl -c /etc/patroni/config.yml list -f json' | jq -r '[.[] | select(.Role == "Replica") | .Member][0]'; }
