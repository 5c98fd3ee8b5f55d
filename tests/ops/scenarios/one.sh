# Everything on one host: database, consensus, backups and their restores, watching. Nobody takes over; what is killed, or loses its power, comes back with every
# acknowledged row. Sourced by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
database_hosts=db1 repository=db1 monitor=db1 vip=
. "$here/tests/ops/scenarios/converge.sh"
. "$here/tests/ops/scenarios/drills.sh"
. "$here/tests/ops/scenarios/watch.sh"
. "$here/tests/ops/scenarios/restore.sh"
fault_power_for_a_while() { "$hosts" poweroff "$L"; sleep 3; "$hosts" poweron "$L"; }
loud() { ask 'ALERTS{severity=~"critical|warning"}' | jq -r '[.[].metric.alertname] | unique | join(" ")'; }
is_quiet() { [ -z "$(loud)" ]; }

build_package
"$hosts" up db1 || check "a host boots" yes no
drill_address=$("$hosts" address db1)
inventory database=db1 etcd=db1 backup=db1 monitor=db1
unset vip
converges 600 || { "$hosts" down; return; }
check "from the site's networks it shows the ports of all its groups" "22 5000 5001 5010 5011 8008 9090 9093" \
    "$("$hosts" ctl /usr/bin/python3 "$here/tests/ops/ports.py" "$drill_address" | cut -d' ' -f2-)"
check "a stranger finds no port open" "" "$("$hosts" outside /usr/bin/python3 "$here/tests/ops/ports.py" "$drill_address" | cut -d' ' -f2- -s)"
watcher
targets=7
within 90 all_up
check "every target is read, by TLS with certificates" "$targets" "$(ask 'count(up == 1)' | jq -r '.[0].value[1]')"
check "nothing that takes several hosts is an alert" "" "$(within 60 is_quiet; loud)"
restores
drill "postgres killed, on one host" 12 22 fault_kill
drill "power of the only host cut for 3 s" 60 90 fault_power_for_a_while
drilled
check "no unit has failed" "" "$("$hosts" run db1 'systemctl --failed --no-legend --plain')"
"$hosts" down
unset repository monitor
