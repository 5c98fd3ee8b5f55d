# What an operator does on a good day: hand over, take a standby out and bring it back, copy one anew. Sourced after drills.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# operations: on the cluster as it is.
operations() { hands_over; comes_and_goes; copies_anew; }

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

comes_and_goes() {
    local first target out
    first=$(leader)
    target=$(other "$first")
    play remove_standby -e "remove_standby=$first" >"$site/op.log" 2>&1 && out=accepted || out=refused
    check "remove_standby.yml refuses the leader" refused "$out"
    play remove_standby -e "remove_standby=$target" --check >"$site/op.log" 2>&1 || tail -n 20 "$site/op.log"
    check "remove_standby.yml --check leaves all members" 3 "$(members)"
    play remove_standby -e "remove_standby=$target" >"$site/op.log" 2>&1 || tail -n 30 "$site/op.log"
    check "remove_standby.yml takes one out" 2 "$(members)"
    ready 1 60 || check "two members: one leads, one streams" yes no
    check "clients still write" app "$(client 5010 'SELECT current_user')"
    # What a host that was taken out still has is left out here.
    play add_standby -e "add_standby=$target" --skip-tags base,tls,nftables,chrony,exporters,prometheus,alertmanager >"$site/op.log" 2>&1 || tail -n 30 "$site/op.log"
    ready 2 180
    check "add_standby.yml, its twin, brings it back" 3 "$(members)"
    play add_standby -e "add_standby=$target" >"$site/op.log" 2>&1 && out=accepted || out=$(grep -o 'is a member already' "$site/op.log" | head -n 1)
    check "add_standby.yml refuses who is a member" "is a member already" "$out"
}

copies_anew() {
    local first target out
    first=$(leader)
    target=$(other "$first")
    play rebuild_standby -e "rebuild_standby=$first" >"$site/op.log" 2>&1 && out=accepted || out=refused
    check "rebuild_standby.yml refuses the leader" refused "$out"
    "$hosts" run "$target" 'touch "$(echo /var/lib/postgresql/*/quiver)/of_before"'
    play rebuild_standby -e "rebuild_standby=$target" --check >"$site/op.log" 2>&1 || tail -n 20 "$site/op.log"
    check "rebuild_standby.yml --check leaves its data" there "$(marked "$target")"
    play rebuild_standby -e "rebuild_standby=$target" >"$site/op.log" 2>&1 || tail -n 20 "$site/op.log"
    ready 2 180
    check "rebuild_standby.yml copies a standby anew" "3 gone" "$(members) $(marked "$target")"
}
asynchronous() { "$hosts" run "$(leader)" 'patronictl -c /etc/patroni/config.yml list -f json' | jq -r '[.[] | select(.Role == "Replica") | .Member][0]'; }
marked() { "$hosts" run "$1" '[ -e "$(echo /var/lib/postgresql/*/quiver)/of_before" ] && echo there || echo gone'; }
members() { "$hosts" run "$(leader)" 'patronictl -c /etc/patroni/config.yml list -f json' | jq '[.[] | select(.State == "running" or .State == "streaming")] | length'; }
