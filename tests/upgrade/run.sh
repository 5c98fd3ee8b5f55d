#!/usr/bin/env bash
# An installation that was updated is the same as a fresh one: for every frozen release in
# sql/releases, and in a rehearsal on made-up releases, which also shows what would be noticed.
#
# usage: tests/upgrade/run.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$here"
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec tests/tools/server.sh tests/upgrade/run.sh "$@"
fi

passed=0 failed=0
# check WHAT COMMAND...: COMMAND has to succeed.
check() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok - $what"
    else
        failed=$((failed + 1))
        printf 'not ok - %s\n' "$what"
        head -n 30 <<<"$output" | sed 's/^/    /'
    fi
}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/quiver-upgrade.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
sql() { PGOPTIONS='-c client_min_messages=error' psql -XqAt -v ON_ERROR_STOP=1 -d "$@" 2>&1; }
scripts=$(pg_config --sharedir)/extension # of the private tree, whose programs come first
current=$(sed -n "s/^default_version = '\(.*\)'/\1/p" extension/quiver.control)

fingerprint() { sql "$1" -f tests/upgrade/fingerprint.sql; }
# A database whose quiver was installed at VERSION and updated to the current one.
updated_from() {
    sql postgres -c "DROP DATABASE IF EXISTS updated" -c "CREATE DATABASE updated"
    sql updated -c "CREATE EXTENSION quiver VERSION '$1' CASCADE"
    sql updated -c "ALTER EXTENSION quiver UPDATE"
    fingerprint updated >"$scratch/updated"
}
same_as_fresh() { updated_from "$1" && diff -u "$scratch/fresh" "$scratch/updated"; }
differs_in() { # differs_in VERSION TEXT: the difference is noticed, and TEXT is in it
    updated_from "$1" || return 1
    if diff "$scratch/fresh" "$scratch/updated" >"$scratch/difference"; then
        echo "no difference was noticed"
        return 1
    fi
    grep -F -- "$2" "$scratch/difference"
}
survives_dump() {
    sql postgres -c 'DROP DATABASE IF EXISTS restored' -c 'CREATE DATABASE restored'
    pg_dump updated | sql restored -f - >/dev/null
    fingerprint restored | diff -u "$scratch/fresh" -
}

sql postgres -c 'CREATE DATABASE fresh'
sql fresh -c 'CREATE EXTENSION quiver CASCADE'
fingerprint fresh >"$scratch/fresh"
check 'a fresh installation has objects to compare' test "$(wc -l <"$scratch/fresh")" -gt 1000

# What was released is frozen, and every frozen release can be updated.
while read -r version; do
    check "release $version is frozen" test -e "sql/releases/quiver--$version.sql"
done < <(sed -n 's/^## \([0-9][0-9.]*\)\( (.*)\)\{0,1\}$/\1\2/p' CHANGELOG.md | grep -v unreleased || :)
for release in sql/releases/quiver--*.sql; do
    [ -e "$release" ] || continue
    version=$(basename "${release#*--}" .sql)
    if [ "$version" = "$current" ]; then
        check "release $version is what the modules say" cmp "$release" "$scripts/quiver--$current.sql"
        continue
    fi
    cp --remove-destination "$release" "$scripts/"
    check "updated from $version, it is the same as fresh" same_as_fresh "$version"
    check "updated from $version, dumped and restored too" survives_dump
done

# The rehearsal: a release that lacks a part of ours, and updates that bring it, all or nearly.
modules=$scripts/quiver--$current.sql
added=$(sed -n '/^-- from types\/tinyvec_quantize.sql$/,/^-- from /p' "$modules" | sed '1d;$d')
release() { # release VERSION UPDATE: the made-up release and how it is updated
    awk '/^-- from /{skip = /types\/tinyvec_quantize.sql$/} !skip' "$modules" >"$scripts/quiver--$1.sql"
    printf '%s\n' "$2" >"$scripts/quiver--$1--$current.sql"
}
release 0.0.1 "$added"
check 'an update that adds what is new gives the fresh installation' same_as_fresh 0.0.1
check 'and its dump restores to it' survives_dump
release 0.0.2 "$(grep -v '^COMMENT' <<<"$added")"
check 'a comment forgotten in an update is noticed' differs_in 0.0.2 comment
release 0.0.3 "$(sed '0,/IMMUTABLE/s//VOLATILE/' <<<"$added")"
check 'a volatility that differs is noticed' differs_in 0.0.3 provolatile
release 0.0.4 ''
check 'a function forgotten is noticed' differs_in 0.0.4 'quantize'
release 0.0.5 "$added
CREATE VIEW quiver.surplus AS SELECT 1 AS one;"
check 'a view too many is noticed' differs_in 0.0.5 'view quiver.surplus'

echo "upgrade: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
