#!/usr/bin/env bash
# Do the Debian packages install, work, and go without a trace? In a clean root of this Debian.
# usage: tests/tools/check_deb.sh      (needs root)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [ "${1-}" != inside ]; then
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-testing}")
    sh packaging/deb.sh
    files=()
    for package in dist/postgresql-*-quiver*_*.deb; do
        files+=(-f "$package")
    done
    exec tests/tools/roots.sh enter -l server -s "${files[@]}" "$suite" tests/tools/check_deb.sh inside
fi

cd /src
. tests/tools/checks.sh
apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; return 1; }; }
# Every file but those that dpkg and apt keep about themselves.
files() { find / -xdev \( -path /src -o -path /proc -o -path /tmp -o -path /var/lib/dpkg -o -path /var/cache -o -path /var/log \
    -o -path /var/lib/apt -o -path /run -o -path /var/lib/postgresql -o -path /etc/postgresql \) -prune -o -print | sort; }

base=$(echo ./postgresql-*-quiver_*.deb)
alias=$(echo ./postgresql-*-quiver-vector-alias_*.deb)
version=$(basename "$base" | sed 's/^postgresql-\([0-9]*\)-.*/\1/')
name=postgresql-$version-quiver

# The server is somebody's before quiver comes; it stays in the layer from one run to the next.
dpkg --purge "$name-vector-alias" "$name" >/dev/null 2>&1 || :
# The package wants a server as new as the one it was built with, which may be a security update.
! grep -q ^VERSION_ID= /etc/os-release ||
    (. /etc/os-release && echo "deb http://deb.debian.org/debian-security $VERSION_CODENAME-security main") >/etc/apt/sources.list.d/security.list
apt update
apt install "postgresql-$version"
pg_lsclusters -h | grep -q "^$version main" || pg_createcluster "$version" main >/dev/null
pg_ctlcluster "$version" main start
trap 'pg_ctlcluster "$version" main stop -m immediate || :' EXIT
sql() { (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups psql -XqAt -v ON_ERROR_STOP=1 "$@" 2>&1); }
sql -c 'DROP DATABASE IF EXISTS app' -c 'CREATE DATABASE app' >/dev/null

before=$(files)
check 'the package installs' 0 "$(apt install "$base" && echo 0)"
check 'and makes the extension available' "$(sed -n "s/^default_version = '\(.*\)'/\1/p" extension/quiver.control)" \
    "$(sql -c "SELECT default_version FROM pg_available_extensions WHERE name = 'quiver'")"
check 'CREATE EXTENSION works and distances come out right' 5 \
    "$(sql app -c 'CREATE EXTENSION quiver' -c "SELECT '[0,0]'::vector <-> '[3,4]'")"
check 'the library says the same version' t \
    "$(sql app -c "SELECT quiver.version() = extversion FROM pg_extension WHERE extname = 'quiver'")"
check 'the base package brings no extension "vector"' 0 \
    "$(sql -c "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'")"
check 'the alias package installs' 0 "$(apt install "$alias" && echo 0)"
check 'CREATE EXTENSION vector works' '' "$(sql app -c 'CREATE EXTENSION IF NOT EXISTS vector')"
check 'a package pgvector cannot stand beside the alias' "postgresql-$version-pgvector" \
    "$(dpkg-query -W -f '${Conflicts}' "$name-vector-alias")"
check 'removing the package takes the alias along' 0 "$(apt remove "$name" && echo 0)"
check 'the extension is not available any more' 0 \
    "$(sql -c "SELECT count(*) FROM pg_available_extensions WHERE name IN ('quiver', 'vector')")"
check 'installing again finds the data as they were' '[1,2]' \
    "$(apt install "$base" && sql app -c 'CREATE TABLE kept (v vector(2))' -c "INSERT INTO kept VALUES ('[1,2]')" \
        -c 'TABLE kept')"
check 'purging works' 0 "$(dpkg --purge "$name-vector-alias" "$name" >/dev/null && echo 0)"
check 'and leaves no file' '' "$(diff <(printf '%s\n' "$before") <(files) || :)"

echo "deb: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
