#!/usr/bin/env bash
# Does pgxnclient accept the source archive, and does `pgxn install` from it give a working extension?
# It installs into a private copy of the server's tree, whose pg_config points into the copy.
# usage: tests/tools/check_dist.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$here/tests/tools/pgtree.sh"

sh "$here/tests/tools/deps.sh" dist
sh "$here/packaging/dist.sh"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/quiver-dist.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
pgtree_create "$tmp/root"
library=$tmp/root$(pgtree_config --pkglibdir)/quiver.so
extensions=$tmp/root$(pgtree_config --sharedir)/extension
# pgxnclient asks whether libdir can be written to, to decide about sudo.
mkdir -p "$tmp/root$(pgtree_config --libdir)"
mkdir -p "$tmp/root$(dirname "$(pgtree_config --includedir)")"
ln -s "$(pgtree_config --includedir)" "$tmp/root$(pgtree_config --includedir)"
rm "$library" "$extensions"/quiver*
echo "pgxn install, which compiles ..."
pgxn install --nosudo --yes --pg_config "$tmp/root$(pgtree_config --bindir)/pg_config" "$here"/dist/quiver-*.zip >"$tmp/log" 2>&1 || {
    cat "$tmp/log"
    exit 1
}
for file in "$library" "$extensions/quiver.control" "$extensions"/quiver--*.sql; do
    [ -s "$file" ] || { echo "pgxn install did not bring $file"; exit 1; }
done

bindir=$tmp/root$(pgtree_config --bindir)
mkdir "$tmp/data" "$tmp/socket"
pgtree_give "$tmp/data" "$tmp/socket"
stop() {
    pgtree_as_server "$bindir/pg_ctl" -D "$tmp/data" -m immediate -s stop || :
    rm -rf "$tmp"
}
trap stop EXIT
pgtree_as_server "$bindir/initdb" -D "$tmp/data" -U postgres -A trust --no-sync >"$tmp/log"
pgtree_as_server "$bindir/pg_ctl" -D "$tmp/data" -s -w -l "$tmp/data/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$tmp/socket -c fsync=off" start
"$bindir/psql" -h "$tmp/socket" -U postgres -XqAt -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION quiver' \
    -c "SELECT 'distance ' || ('[0,0]'::vector <-> '[3,4]')" postgres | grep -x 'distance 5'
echo "pgxn install from the archive works"
