#!/usr/bin/env bash
# Does an application written for pgvector run? The public contract of pgvector's types and exact
# search as cases (contract/), and real clients from npm (clients/).
#
# usage: tests/compat/run.sh [contract|clients]...
#
#   QUIVER_PEER=vector       run against pgvector itself, so that the expectations are checked
#   QUIVER_PEER_TREE=DIR     its installed tree: `make install DESTDIR=DIR` in pgvector's source
#   PG_CONFIG                the server to use
#
# Against quiver the clients find the alias extension `vector`. npm is asked only when
# clients/node_modules is not what package-lock.json says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

parts=("$@")
[ $# -gt 0 ] || parts=(contract clients)
peer=${QUIVER_PEER:-}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/quiver-compat.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# The packages of the lock file. npm keeps a cache at home, or for this run where there is no home.
install_clients() {
    local stamp=node_modules/.installed-from
    cd tests/compat/clients
    if ! cmp -s package-lock.json "$stamp"; then
        echo "installing the clients from npm"
        [ -w "${HOME:-/nonexistent}" ] || export HOME=$tmp
        npm ci --prefer-offline --loglevel=error && cp package-lock.json "$stamp"
    fi
}

# Run in the private server: run_parts OUTPUT PART...
run_parts() {
    local output=$1 part
    shift
    for part in "$@"; do
        case $part in
            contract) perl tests/compat/contract/run.pl "${peer:-quiver}" || : ;;
            clients) (cd tests/compat/clients && test -e node_modules/.installed-from \
                && node --test --test-reporter=spec) || : ;;
        esac
    done 2>&1 | tee "$output"
}

for part in "${parts[@]}"; do
    case $part in
        contract) ;;
        clients) (install_clients) || echo "npm could not install the clients" >&2 ;;
        *) echo "$0: no part $part" >&2 && exit 2 ;;
    esac
done

case $peer in
    vector) overlay=${QUIVER_PEER_TREE:?the tree that pgvector is installed in} ;;
    '') overlay=$tmp/alias && make -s install-vector-alias DESTDIR="$overlay" >/dev/null ;;
    *) echo "$0: QUIVER_PEER is vector or not set" >&2 && exit 2 ;;
esac

export -f run_parts
export peer
tests/tools/server.sh -x "$overlay" bash -c 'run_parts "$@"' run_parts "$tmp/output" "${parts[@]}"

# The contract closes with `contract: N passed, N failed`, node's runner with `ℹ pass N`.
# A part that did not reach its end counts as failed.
read -r passed failed closed < <(awk '
    /^contract: [0-9]+ passed, [0-9]+ failed$/ { p += $2; f += $4; n++ }
    /^ℹ pass [0-9]+$/ { p += $3 }
    /^ℹ (fail|cancelled) [0-9]+$/ { f += $3; if ($2 == "fail") n++ }
    END { print p + 0, f + 0, n + 0 }' "$tmp/output")
failed=$((failed + ${#parts[@]} - closed))
echo "compat: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
