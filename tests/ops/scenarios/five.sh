# The five hosts of the long scenarios, and all that can be done with them, one function a topic. Sourced by full.sh and topic.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
database_hosts='db1 db2 db3'
drill_address=10.77.0.100
site_groups=("database=db1,db2,db3" "etcd=db1,db2,db3" backup=backup1 monitor=monitor1)
. "$here/tests/ops/scenarios/converge.sh"
. "$here/tests/ops/scenarios/drills.sh"
. "$here/tests/ops/scenarios/more_drills.sh"
. "$here/tests/ops/scenarios/disk.sh"
. "$here/tests/ops/scenarios/standbys.sh"
. "$here/tests/ops/scenarios/operations.sh"
. "$here/tests/ops/scenarios/scan.sh"
. "$here/tests/ops/scenarios/audit.sh"
. "$here/tests/ops/scenarios/watch.sh"
. "$here/tests/ops/scenarios/alert_causes.sh"
. "$here/tests/ops/scenarios/alerts_cluster.sh"
. "$here/tests/ops/scenarios/alerts_server.sh"
. "$here/tests/ops/scenarios/alerts_host.sh"
. "$here/tests/ops/scenarios/alerts_audit.sh"
. "$here/tests/ops/scenarios/alerts_clock.sh"
. "$here/tests/ops/scenarios/probes.sh"
. "$here/tests/ops/scenarios/restore.sh"
. "$here/tests/ops/scenarios/sharding.sh"
. "$here/tests/ops/scenarios/migrations.sh"
. "$here/tests/ops/scenarios/random_faults.sh"
. "$here/tests/ops/scenarios/rotation.sh"
. "$here/tests/ops/scenarios/update.sh"
. "$here/tests/ops/scenarios/second_site.sh"
. "$here/tests/ops/scenarios/cache.sh"
. "$here/tests/ops/scenarios/second_repository.sh"

# five_up: the hosts boot, bare. Fails when they do not.
five_up() {
    build_package
    if "$hosts" up db1 db2 db3 backup1 monitor1; then check "five hosts boot" yes yes; else check "five hosts boot" yes no; return 1; fi
    inventory "${site_groups[@]}"
}
