# Standbys: lost and rebuilt under a writer; one that copies from another; one that holds back; and logical slots that outlive their leader.
# Sourced after drills.sh.
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
        check "etcd has its three members, all healthy" 3 "$(healthy_members)"
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
# streams HOST: the names of those that copy from it.
streams() { sql "$1" "SELECT string_agg(application_name, ' ' ORDER BY application_name) FROM pg_stat_replication WHERE state = 'streaming'"; }
stream_from() { [ "$(streams "$1")" = "$2" ]; }
# handed_on FIRST MIDDLE LAST: each copies from the one before.
handed_on() { stream_from "$1" "$2" && stream_from "$2" "$3"; }
is_synchronous() { [ "$(synchronous)" = "$1" ]; }
# of_host HOST LINE: its own variables; without a line, none.
of_host() {
    mkdir -p "$site/host_vars"
    rm -f "$site/host_vars/$1.yml"
    [ $# -lt 2 ] || echo "$2" >"$site/host_vars/$1.yml"
    play site --tags patroni >"$site/op.log" 2>&1 || tail -n 30 "$site/op.log"
    check "site.yml with ${2:-no variables} of $1: no task failed" 0 "$(recap "$site/op.log" failed)"
}

# cascades: the third host copies from the second; when that is gone, from the leader; when it is back, from it again.
cascades() {
    local first middle last
    ready "$standbys" 240
    first=$(leader)
    middle=$(synchronous)
    last=$(asynchronous)
    of_host "$last" "patroni_replicate_from: $middle"
    check "the leader sends to one standby, and that to the other" "$middle, $last" "$(within 60 stream_from "$middle" "$last"; streams "$first"), $(streams "$middle")"
    play site --tags patroni >"$site/op.log.second" 2>&1 || tail -n 30 "$site/op.log.second"
    check "again, it changes nothing" "0 changed, 0 failed" "$(recap "$site/op.log.second" changed) changed, $(recap "$site/op.log.second" failed) failed"
    check "the exporter of each asks without an error, and knows who reads a slot" "$first 0 1, $middle 0 1" "$(exported "$first" "$middle"), $(exported "$middle" "$last")"
    database=app sql "$first" 'CREATE TABLE handed_on AS SELECT 1 AS n' >/dev/null
    check "what the leader writes arrives at the end" 1 "$(within 20 has_table "$last" handed_on; database=app sql "$last" 'SELECT n FROM handed_on')"
    "$hosts" poweroff "$middle"
    check "with the middle gone, the last copies from the leader" "$last" "$(within 60 stream_from "$first" "$last"; streams "$first")"
    "$hosts" poweron "$middle"
    check "with the middle back, from it again" "$middle, $last" "$(within 120 handed_on "$first" "$middle" "$last"; streams "$first"), $(streams "$middle")"
    # While the middle was gone commits waited for the last.
    within 60 is_synchronous "$middle"
    L=$first fault_switchover >"$site/op.log" 2>&1
    check "when the middle leads, both others copy from it" "$(tr ' ' '\n' <<<"$first $last" | sort | paste -sd' ')" \
        "$(within 60 stream_from "$middle" "$(tr ' ' '\n' <<<"$first $last" | sort | paste -sd' ')"; streams "$middle")"
    of_host "$last"
    ready "$standbys" 120
    database=app sql "$(leader)" 'DROP TABLE handed_on' >/dev/null
}
# exported HOST STANDBY: what its exporter says of itself, and of the slot of a standby.
exported() {
    "$hosts" run "$1" "cd /etc/quiver/tls; curl -sS --cacert ca.crt --cert host.crt --key host.key https://$1:9187/metrics --connect-to $1:9187:$("$hosts" address "$1"):9187" >"$site/exported"
    echo "$1 $(sed -n 's/^pg_exporter_last_scrape_error //p' "$site/exported") $(sed -n "s/^pg_replication_slots_active{.*slot_name=\"$2\".*} //p" "$site/exported")"
}
has_table() { [ "$(database=app sql "$1" "SELECT to_regclass('$2') IS NOT NULL")" = t ]; }
has_no_rows() { [ "$(database=app sql "$1" "SELECT count(*) FROM $2")" = 0 ]; }

# delays: a standby that is 20 s behind on purpose. What was deleted is still there to be read. Patroni would resume the replay, so it is paused as well.
delays() {
    local first late began out
    ready "$standbys" 240
    first=$(leader)
    late=$(asynchronous)
    of_host "$late" 'patroni_apply_delay: 20s'
    within 60 stream_from "$first" "$(for name in $database_hosts; do [ "$name" = "$first" ] || echo "$name"; done | paste -sd' ')"
    database=app sql "$first" 'CREATE TABLE precious AS SELECT n FROM generate_series(1, 100) AS n' >/dev/null
    began=$SECONDS
    check "what is written is not there at once" "f" "$(sleep 8; has_table "$late" precious && echo t || echo f)"
    within 60 has_table "$late" precious
    check "and is, after its delay: 20 to 35 s" yes "$([ $((SECONDS - began)) -ge 19 ] && [ $((SECONDS - began)) -le 35 ] && echo yes || echo $((SECONDS - began)))"
    say "a row written on the leader was on the delayed standby after $((SECONDS - began)) s"
    check "commits do not wait for it" "" "$(sql "$first" 'SHOW synchronous_standby_names' | grep -o "$late")"
    check "the balancer sends it no reads" 503 "$("$hosts" ctl curl -sk -o /dev/null -w '%{http_code}' "https://$("$hosts" address "$late"):8008/replica")"
    play switchover -e "switchover_to=$late" >"$site/op.log" 2>&1 && out=accepted || out=refused
    check "it cannot be handed to" "refused $first" "$out $(leader)"
    "$hosts" run "$first" 'patronictl -c /etc/patroni/config.yml pause --wait' >/dev/null
    database=app sql "$first" 'DELETE FROM precious' >/dev/null
    sql "$late" 'SELECT pg_wal_replay_pause()' >/dev/null
    sleep 24
    check "replay stopped in time, the deleted rows are read from it" 100 "$(database=app sql "$late" 'SELECT count(*) FROM precious')"
    "$hosts" run "$first" 'patronictl -c /etc/patroni/config.yml resume --wait' >/dev/null
    check "replay goes on, and they are gone there too" yes "$(within 60 has_no_rows "$late" precious && echo yes)"
    database=app sql "$first" 'DROP TABLE precious' >/dev/null
    of_host "$late"
    if ready "$standbys" 120; then check "without the delay it is a standby like the other" yes yes; else check "without the delay it is a standby like the other" yes no; fi
}

# keeps_slots: a reader of logical changes goes on where it was when the leader's power is cut.
keeps_slots() {
    local first read missing
    ready "$standbys" 240
    first=$(leader)
    echo 'patroni_slots: {changes: {type: logical, database: app, plugin: test_decoding}}' >"$site/group_vars/all/zz_slots.yml"
    play site --tags patroni >"$site/op.log" 2>&1 || tail -n 30 "$site/op.log"
    check "site.yml with a slot to keep: no task failed" 0 "$(recap "$site/op.log" failed)"
    check "the leader has the slot" yes "$(within 60 has_slot "$first" && echo yes)"
    database=app sql "$first" 'CREATE TABLE told (n bigint PRIMARY KEY); INSERT INTO told SELECT generate_series(1, 100)' >/dev/null
    read=$(reads "$first" | grep -c 'told.*INSERT')
    check "its reader reads" 100 "$read"
    for name in $database_hosts; do
        [ "$name" = "$first" ] || check "$name has a copy of it" yes "$(within 90 has_slot "$name" && echo yes)"
    done
    ready "$standbys" 120
    for name in $database_hosts; do
        [ "$name" = "$first" ] || check "Patroni calls the copy of $name safe" yes "$(within 90 safe_slot "$name" && echo yes)"
    done
    # Not read before the power goes; acknowledged, so on the next leader too.
    database=app sql "$first" 'INSERT INTO told SELECT generate_series(101, 200)' >/dev/null
    "$hosts" poweroff "$first"
    within 60 another_leads "$first"
    database=app sql "$(leader)" 'INSERT INTO told SELECT generate_series(201, 300)' >/dev/null
    reads "$(leader)" | grep -o 'told: INSERT: n\[bigint\]:[0-9]*' | grep -o '[0-9]*$' | sort -un >"$site/told"
    missing=$(seq 101 300 | grep -cvxF -f "$site/told")
    say "the reader got $(wc -l <"$site/told") rows from the new leader, $missing of the 200 unread ones missing"
    check "the reader goes on at the new leader: no change is missing" 0 "$missing"
    check "and few are told twice" yes "$([ "$(wc -l <"$site/told")" -le 300 ] && echo yes)"
    "$hosts" poweron "$first"
    ready "$standbys" 180
    rm -f "$site/group_vars/all/zz_slots.yml"
    dynamic slots.changes=null
    check "taken out of the cluster's settings, it goes everywhere" "" "$(within 60 no_slots; for name in $database_hosts; do has_slot "$name" && echo "$name"; done)"
    database=app sql "$(leader)" 'DROP TABLE told' >/dev/null
}
has_slot() { [ "$(sql "$1" "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'changes'")" = 1 ]; }
no_slots() { for name in $database_hosts; do ! has_slot "$name" || return 1; done; }
safe_slot() { "$hosts" run "$1" 'journalctl -u patroni --no-pager -q' | grep -q 'Logical slot changes is safe'; }
reads() { database=app sql "$1" "SELECT data FROM pg_logical_slot_get_changes('changes', NULL, NULL)"; }
