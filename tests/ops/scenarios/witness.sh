# Two database hosts, and a third that only votes: an etcd member without a server. Sourced by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
database_hosts='db1 db2'
drill_address=10.77.0.100
. "$here/tests/ops/scenarios/converge.sh"
. "$here/tests/ops/scenarios/drills.sh"
fault_witness() { "$hosts" poweroff witness; sleep 12; "$hosts" poweron witness; }
# Its disk and all; a bare machine of that name is made a member by site.yml, and the writer goes on until then.
fault_witness_gone() {
    "$hosts" replace witness || return 1
    play site >"$site/op.log" 2>&1 || tail -n 30 "$site/op.log"
    sleep 2
    kill -TERM "$writer"
}
all_vote() { [ "$(healthy_members)" = 3 ]; }

build_package
"$hosts" up db1 db2 witness || check "three hosts boot" yes no
inventory database=db1,db2 etcd=db1,db2,witness
converges 600 || { "$hosts" down; return; }
check "etcd has its three members, all healthy" 3 "$(healthy_members)"
check "the witness has no server, and none of what stands around one" "" \
    "$("$hosts" run witness 'dpkg -l' | awk '$1 == "ii" && $2 ~ /^(postgresql|patroni|pgbouncer|haproxy|keepalived|pgbackrest)/ {print $2}')"
check "from the site's networks it shows ssh alone" "22" \
    "$("$hosts" ctl /usr/bin/python3 "$here/tests/ops/ports.py" "$("$hosts" address witness)" | cut -d' ' -f2-)"
check "a stranger finds no port open" "" "$("$hosts" outside /usr/bin/python3 "$here/tests/ops/ports.py" "$("$hosts" address witness)" | cut -d' ' -f2- -s)"

drills switchover kill power partition
ready 1 180 || check "before the witness is lost: the cluster is ready" yes no
drill "the witness lost" 2 25 fault_witness
check "it votes again" yes "$(within 60 all_vote && echo yes)"

# One of three cannot decide: the standby that is left may not lead, whatever it has.
ready 1 60
first=$(leader) second=$(other "$(leader)")
"$hosts" poweroff witness
"$hosts" poweroff "$first"
sleep 45
check "with the leader and the witness gone nobody leads" "t" "$(sql "$second" 'SELECT pg_is_in_recovery()')"
"$hosts" poweron witness
check "with the witness back, the standby that has every row does" "$second" "$(within 60 another_leads "$first"; leader)"
"$hosts" poweron "$first"
if ready 1 180; then check "and the leader of before follows it" yes yes; else check "and the leader of before follows it" yes no; fi

within 60 all_vote
drill "the witness gone for good, a bare host in its place" 2 600 fault_witness_gone
check "site.yml makes that one a witness: no task failed" 0 "$(recap "$site/op.log" failed)"
check "etcd has its three members again" 3 "$(healthy_members)"
check "no unit of the witness has failed" "" "$("$hosts" run witness 'systemctl --failed --no-legend --plain')"
drilled
"$hosts" down
