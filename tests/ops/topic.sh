#!/usr/bin/env bash
# One topic of the long scenarios at a time, on hosts that stay up in between: for who works on it. `make check-ops` runs them all and takes the hosts down.
#
# usage: tests/ops/topic.sh up                  boot the five hosts of tests/ops/scenarios/five.sh and run site.yml on them (ten minutes)
#        tests/ops/topic.sh FUNCTION [ARG...]   a function of tests/ops/scenarios, such as `changes_nothing`, `drills power` or `alerts_on_hosts`
#        tests/ops/topic.sh down                stop and remove them
#
#   QUIVER_HOSTS          folder of the hosts, as for tests/ops/hosts/hosts.sh
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here" || exit
. tests/ops/lib.sh
. tests/ops/scenarios/five.sh
# What a function left running; not the hosts, which are nobody's children.
# shellcheck disable=SC2046  # one word a job
trap 'kill $(jobs -p) 2>/dev/null' EXIT

case ${1:-} in
    '')
        sed -n '4,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
    up)
        reason=$("$hosts" check) || { echo "this machine cannot boot hosts: $reason" >&2; exit 1; }
        five_up && founded 1200
        ;;
    down)
        "$hosts" down
        exit
        ;;
    *)
        declare -F "$1" >/dev/null || { echo "no function of tests/ops/scenarios: $1" >&2; exit 2; }
        [ -e "$site/hosts.yml" ] || { echo "no hosts are up in $QUIVER_HOSTS: tests/ops/topic.sh up" >&2; exit 1; }
        "$@"
        ;;
esac
# Drills keep their figures in a table, which `drilled` prints where they run in one process.
[ ${#drill_table[@]} -eq 0 ] || printf '# %s\n' "| fault | acknowledged | lost | gap, s | bar, s |" "${drill_table[@]}"
echo "ops: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
