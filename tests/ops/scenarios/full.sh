# The whole: three database hosts, a backup host and a monitor, converged, watched, judged, restored from, operated, and broken in every way. Sourced by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
. "$here/tests/ops/scenarios/five.sh"

if ! five_up || ! converges 1200; then
    "$hosts" down
    return
fi
watches
alerts_on_hosts
audits
scans
probes
restores
operations
shards
migrates
caches
second_repository
rotations
updates
drills switchover kill etcd partition power
more_drills quorum backup frozen asynchronous
disk_drill
standby_drills
cascades
delays
keeps_slots
drilled
second_site
"$hosts" down
