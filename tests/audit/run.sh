#!/usr/bin/env bash
# The audit on clusters of its own: what is recorded beside pgaudit, what is kept secret, what an edit gives away,
# what a crash or a full disk loses.
#
# usage: tests/audit/run.sh [TEST...]     (default: every test below tests/audit)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here"
. tests/tools/pgtree.sh
scratch=$(mktemp -d "${TMPDIR:-/tmp}/quiver-audit.XXXXXX")
chmod 755 "$scratch"
cleanup() {
    local pid
    for pid in "$scratch"/*/postmaster.pid; do
        [ ! -e "$pid" ] || kill -QUIT "$(head -n 1 "$pid")" 2>/dev/null || :
    done
    umount "$scratch"/disk_* 2>/dev/null || :
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
make -s audit-verifier
verifier=$here/build/quiver-audit-verify
pgtree_create "$scratch/root"
bindir=$scratch/root$(pgtree_config --bindir)
export PATH=$bindir:$PATH
. tests/audit/lib.sh

[ $# -gt 0 ] || set -- gaps secrets parameters tamper drivers corpus classes lock caught erase retention crash checkpoints power failover standbys
for test; do
    # shellcheck source=/dev/null
    . "tests/audit/$test.sh"
done
echo "audit: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
