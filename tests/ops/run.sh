#!/usr/bin/env bash
# Do the playbooks make a cluster that survives? First what needs no host, then real hosts on this machine.
#
# usage: tests/ops/run.sh [static|hosts|SCENARIO]...    (default: static hosts)
#
# `hosts` is the short version: three bare hosts to a cluster, again without a change, --check, four
# faults. `full` (make check-ops) adds a backup host, the security scan, restores and more faults;
# `one` has everything on one host; `witness` is two database hosts and a voter; `faults` (make
# check-ops-faults) is 20 faults at random. Where this machine cannot boot hosts (no root, no
# namespaces) that part is skipped; one line says why, and how many checks that is.
# QUIVER_OPS=static leaves the hosts out.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here" || exit
export QUIVER_HOSTS=${QUIVER_HOSTS:-${TMPDIR:-/tmp}/quiver-hosts.$$}
. tests/ops/lib.sh
. tests/ops/static/run.sh
[ $# -gt 0 ] || set -- static hosts
[ "${QUIVER_OPS:-}" != static ] || set -- static

finish() {
    # shellcheck disable=SC2046  # one word a job
    kill $(jobs -p) 2>/dev/null
    [ "$up" != yes ] || "$hosts" down
    # Ansible's folder, where nothing else is.
    rmdir "$site/tmp" "$site" "$QUIVER_HOSTS" 2>/dev/null
}
up=no
trap finish EXIT
trap 'exit 130' INT TERM

# On a CI machine the tools come by apt; the list is in tests/tools/deps.sh.
sh tests/tools/deps.sh ops || { echo "ops: 0 passed, 1 failed"; exit 1; }

for part; do
    case $part in
        static) static_checks ;;
        *)
            if reason=$("$hosts" check); then
                up=yes
                # shellcheck source=/dev/null
                . "tests/ops/scenarios/$part.sh"
            else
                echo "skipped - $part: this machine cannot boot hosts: $reason ($(grep -cE '^ *(check|at_most|converges|drills) ' "tests/ops/scenarios/$part.sh") checks left out)"
            fi
            ;;
    esac
done
echo "ops: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
