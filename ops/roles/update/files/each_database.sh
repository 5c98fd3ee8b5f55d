#!/bin/bash
# One script in each database of this host's server, as the server's own account: what it prints, line by line. Any error ends it.
# usage: each_database.sh [PSQL-ARGUMENT...] <SCRIPT
set -euo pipefail
cd /
script=$(cat)
as() { setpriv --reuid=postgres --regid=postgres --init-groups psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
names=$(as -d postgres -c "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname")
while read -r name; do
    as "$@" -d "$name" -f - <<<"$script"
done <<<"$names"
