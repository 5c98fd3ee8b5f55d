# Three bare hosts to a cluster, and twenty faults at random. Sourced by run.sh (make check-ops-faults).
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
database_hosts='db1 db2 db3'
drill_address=10.77.0.100
. "$here/tests/ops/scenarios/converge.sh"
. "$here/tests/ops/scenarios/drills.sh"
. "$here/tests/ops/scenarios/random_faults.sh"

build_package
"$hosts" up db1 db2 db3 || check "three hosts boot" yes no
inventory database=db1,db2,db3 etcd=db1,db2,db3
if ! play site >"$site/site.log" 2>&1; then
    tail -n 40 "$site/site.log"
    check "site.yml runs to its end" yes no
else
    faults
fi
"$hosts" down
