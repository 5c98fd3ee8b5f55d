# The short version: three bare hosts to a cluster, a second run that changes nothing, --check, four faults. Sourced by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
database_hosts='db1 db2 db3'
drill_address=10.77.0.100
. "$here/tests/ops/scenarios/converge.sh"
. "$here/tests/ops/scenarios/drills.sh"

build_package
"$hosts" up db1 db2 db3 || check "three hosts boot" yes no
inventory database=db1,db2,db3 etcd=db1,db2,db3
converges 600 || { "$hosts" down; return; }
drills switchover kill power rewind
drilled
"$hosts" down
