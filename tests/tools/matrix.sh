#!/usr/bin/env bash
# `make check` on the other servers: PostgreSQL 17 in a Debian 13 root, 18 in a testing root.
#
# usage: tests/tools/matrix.sh [SUITE...]      (default: trixie testing; bookworm has 15)
#
# Roots and what is installed in them are kept (tests/tools/roots.sh); the checkout is copied in as it
# is now. QUIVER_SUITES chooses suites as in tests/tools/check.sh. Needs root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[ $# -gt 0 ] || set -- trixie testing
tmp=$(mktemp -d "${TMPDIR:-/tmp}/quiver-matrix.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

failed=0
for suite in "$@"; do
    echo "######## $suite"
    # git and make are all that a person needs to have.
    tests/tools/roots.sh enter -l check -s "$suite" sh -c '
        for package in git make; do
            command -v "$package" >/dev/null || missing="${missing:-} $package"
        done
        [ -z "${missing:-}" ] || { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y \
            --no-install-recommends install $missing; } >/dev/null 2>&1
        exec make check' 2>&1 | tee "$tmp/$suite" || :
    total=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$tmp/$suite" | tail -n 1)
    case ${total:-none} in
        "0 passed"* | none) failed=$((failed + 1)) ;;
        *" 0 failed") ;;
        *) failed=$((failed + 1)) ;;
    esac
    printf '%-10s %s\n' "$suite" "${total:-did not get to its last line}" >>"$tmp/summary"
done
echo
cat "$tmp/summary"
[ "$failed" -eq 0 ]
