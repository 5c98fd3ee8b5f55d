# Faults under a writer of 50 transactions a second: how long nobody could write, and what was lost. Sourced by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
# drill NAME BAR SECONDS COMMAND: the writer runs SECONDS, the fault comes when it is at work.
drill() {
    local name=$1 bar=$2 seconds=$3 before result lost gap acknowledged table
    shift 3
    before=$(leader)
    table=drill_$((++drill_number))_$(date +%s)
    rm -f "$site/drill.json"
    database=app sql "$before" "SET ROLE app_owner; CREATE TABLE $table (n bigint PRIMARY KEY)" >/dev/null
    sleep 1
    "$hosts" ctl env PGPASSWORD="$(secret app)" /usr/bin/python3 "$here/tests/ops/writer.py" \
        "host=$drill_address port=5010 dbname=app user=app sslmode=verify-full sslrootcert=$site/pki/ca.crt connect_timeout=2 tcp_user_timeout=2000" \
        "$seconds" "$table" >"$site/drill.json" 2>"$site/drill.err" &
    local writer=$!
    for _ in $(seq 600); do
        ! grep -qs running "$site/drill.json" || break
        sleep 0.2
    done
    sleep 2
    L=$before "$@" >"$site/drill.log" 2>&1 || say "the fault itself failed: $(tail -n 2 "$site/drill.log")"
    wait $writer || cat "$site/drill.err"
    result=$(grep -v running "$site/drill.json")
    lost=$(jq -r '.lost // "the table could not be read"' <<<"$result")
    gap=$(jq -r .gap <<<"$result")
    acknowledged=$(jq -r .acknowledged <<<"$result")
    say "$name: leader $before, then $(leader); $acknowledged rows acknowledged, $lost lost, $(jq -r .doubtful <<<"$result") unanswered, gaps $(jq -c .gaps <<<"$result") s, errors $(jq -c .errors <<<"$result")"
    # Asynchronous replication may lose what was acknowledged last: that is counted and printed.
    [ "${loss:-}" = counted ] || check "$name: no acknowledged row is lost" 0 "$lost"
    check "$name: the writer got through" true "$(jq -r '.acknowledged > 20' <<<"$result")"
    at_most "$name: write gap" "$bar" "$gap" s
    drill_table+=("| $name | $acknowledged | $lost | $gap | $bar |")
}

fault_switchover() { "$hosts" run "$L" 'patronictl -c /etc/patroni/config.yml switchover --force'; }
fault_kill() { "$hosts" run "$L" 'pkill -9 -x postgres'; }
fault_power() { "$hosts" poweroff "$L"; }
fault_partition() { "$hosts" isolate "$L"; sleep "${1:-40}"; "$hosts" rejoin "$L"; }
# The member that leads etcd, or any other, on a host that does not lead PostgreSQL.
fault_etcd() {
    local name victim=
    for name in $database_hosts; do
        [ "$name" != "$L" ] || continue
        victim=${victim:-$name}
        ! etcd_leads "$name" || victim=$name
    done
    echo "$victim" >"$site/etcd_victim"
    "$hosts" run "$victim" 'systemctl kill -s KILL etcd; systemctl stop etcd'
}
etcd_leads() { etcd_on "$1" 'etcdctl endpoint status --write-out=json' | jq -e '.[0].Status | .leader == .header.member_id' >/dev/null; }
# healthy_members: how many members of etcd take part, as the leader's host sees it.
healthy_members() { etcd_on "$(leader)" 'etcdctl endpoint health --cluster 2>&1' | grep -c 'is healthy'; }

# The leader dies; another one leads; and the old one's power goes again while it is rewound. What stops the rewind half way is a limit on
# the size of files, so that it is the same moment each time. Patroni then finds data that can never start.
fault_rewind() {
    local new data
    data=$(sql "$L" 'SHOW data_directory')
    "$hosts" run "$L" 'systemctl kill -s KILL patroni; systemctl stop patroni'
    within 60 another_leads "$L" || return 1
    new=$(leader)
    "$hosts" run "$L" "bash -s $data $("$hosts" address "$new")" <<END
$(declare -f half_rewind)
PGPASSWORD=$(secret rewind) half_rewind "\$@"
END
    "$hosts" run "$L" "quiver-rescue --look $data \$(echo /usr/lib/postgresql/[0-9]*/bin)" >"$site/half_rewind"
    "$hosts" run "$L" 'systemctl start patroni'
}
another_leads() { local name; name=$(leader) && [ "$name" != "$1" ]; }
# half_rewind DATA SOURCE: on the host.
half_rewind() {
    local as='setpriv --reuid=postgres --regid=postgres --init-groups --' binaries status
    binaries=$(echo /usr/lib/postgresql/[0-9]*/bin)
    cd /
    $as "$binaries/postgres" --single -D "$1" template1 </dev/null
    # Until the source has had its first checkpoint there is nothing to rewind to.
    for _ in $(seq 30); do
        (ulimit -f 8192 -c 0; HOME=/var/lib/postgresql PGPASSWORD=$PGPASSWORD exec $as "$binaries/pg_rewind" -D "$1" --source-server \
            "host=$2 port=5432 user=rewinder dbname=postgres sslmode=verify-full sslrootcert=/etc/quiver/tls/ca.crt")
        status=$?
        [ $status -lt 128 ] || return 0
        sleep 1
    done
    return 1
}

drill_number=0 drill_table=()
standbys=$(($(wc -w <<<"$database_hosts") - 1))
# drills NAME...
drills() {
    local name
    for name in "$@"; do
        ready $standbys 180 || check "before $name: the cluster is ready" yes no
        case $name in
            switchover) drill "planned switchover" 2 12 fault_switchover ;;
            kill) drill "postgres killed" 12 22 fault_kill ;;
            etcd)
                drill "etcd member lost" 2 15 fault_etcd
                "$hosts" run "$(cat "$site/etcd_victim")" 'systemctl start etcd' || check "the etcd member comes back" yes no
                ;;
            partition) drill "leader cut off" 23 55 fault_partition 35 ;;
            power)
                local victim
                victim=$(leader)
                drill "power cut of the leader" 23 40 fault_power
                local began=$SECONDS
                "$hosts" poweron "$victim"
                ready $standbys 180 && at_most "the host that lost power is a standby again" 120 $((SECONDS - began)) s
                ;;
            rewind)
                local old
                old=$(leader)
                drill "power cut in the middle of a rewind" 23 60 fault_rewind
                check "half a rewind can never start" "recovery must start at" "$(grep -o '^recovery must start at' "$site/half_rewind")"
                local again=$SECONDS
                ready $standbys 240 && at_most "the host that was half rewound is a standby again" 180 $((SECONDS - again)) s
                check "and it does not lead" standby "$([ "$(leader)" = "$old" ] && echo leader || echo standby)"
                ;;
        esac
    done
}

# drilled: what the drills came to.
drilled() {
    local what="after the drills: one leader, $standbys standbys that replay"
    if ready $standbys 180; then check "$what" yes yes; else check "$what" yes no; fi
    say "fault | acknowledged | lost | gap, s | bar, s"
    printf '# %s\n' "${drill_table[@]}"
}
