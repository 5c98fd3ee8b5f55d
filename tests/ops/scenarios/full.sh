# The whole: three database hosts, a backup host and a monitor, converged, watched, judged, restored from, operated, and broken in every way. Sourced by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
database_hosts='db1 db2 db3'
drill_address=10.77.0.100
. "$here/tests/ops/scenarios/converge.sh"
. "$here/tests/ops/scenarios/drills.sh"
. "$here/tests/ops/scenarios/more_drills.sh"
. "$here/tests/ops/scenarios/operations.sh"
. "$here/tests/ops/scenarios/scan.sh"
. "$here/tests/ops/scenarios/watch.sh"
. "$here/tests/ops/scenarios/probes.sh"
. "$here/tests/ops/scenarios/restore.sh"

build_package
"$hosts" up db1 db2 db3 backup1 monitor1 || check "five hosts boot" yes no
inventory database=db1,db2,db3 etcd=db1,db2,db3 backup=backup1 monitor=monitor1
converges 1200 || { "$hosts" down; return; }
watches
scans
probes
restores
operations
drills switchover kill etcd partition power
more_drills quorum backup asynchronous
drilled
"$hosts" down
