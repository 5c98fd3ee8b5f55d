#!/usr/bin/env bash
# The alias extension `vector`: installs where told, creates, reports pgvector's version, drops.
# usage: tests/alias/run.sh        (starts its own private server)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if [ "${1-}" != inside ]; then
    tree=$(mktemp -d "${TMPDIR:-/tmp}/quiver-alias.XXXXXX")
    trap 'rm -rf "$tree"' EXIT
    make -s -C "$here" install-vector-alias DESTDIR="$tree"
    "$here/tests/tools/server.sh" -x "$tree" "${BASH_SOURCE[0]}" inside
    exit
fi

. "$here/tests/tools/checks.sh"

# sql DATABASE STATEMENT...: rows, one a line; notices are dropped and an error is its message.
sql() {
    local database=$1 arguments=()
    shift
    for statement in "$@"; do arguments+=(-c "$statement"); done
    PGOPTIONS='-c client_min_messages=error' psql -XqAt -d "$database" -v ON_ERROR_STOP=1 \
        "${arguments[@]}" 2>&1 || :
}

fresh() { psql -Xqc "CREATE DATABASE $1"; }

fresh cascade
check 'CREATE EXTENSION vector CASCADE brings quiver along' '' "$(sql cascade 'CREATE EXTENSION vector CASCADE')"
check 'both extensions are there and the alias reports the version of pgvector it stands for' \
    $'quiver\nvector|0.8.6' \
    "$(sql cascade "SELECT concat_ws('|', extname, CASE extname WHEN 'vector' THEN extversion END)
        FROM pg_extension WHERE extname IN ('vector', 'quiver') ORDER BY extname")"
check 'the types work' '5' "$(sql cascade "SELECT '{1:3,2:4}/2'::sparsevec <-> '{}/2'")"
check 'the alias owns no object but its own dependency on quiver' '0' \
    "$(sql cascade "SELECT count(*) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
        WHERE e.extname = 'vector' AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'")"
check 'CREATE EXTENSION IF NOT EXISTS vector a second time is quiet' '' \
    "$(sql cascade 'CREATE EXTENSION IF NOT EXISTS vector')"
check 'ALTER EXTENSION vector UPDATE stays at the only version' '0.8.6' \
    "$(sql cascade 'ALTER EXTENSION vector UPDATE' "SELECT extversion FROM pg_extension WHERE extname = 'vector'")"

fresh prepared
check 'without quiver a plain CREATE EXTENSION names what is missing' \
    'ERROR:  required extension "quiver" is not installed' \
    "$(sql prepared 'CREATE EXTENSION vector' | head -1)"
check 'where an administrator has created quiver, the usual statement of applications works' '' \
    "$(sql prepared 'CREATE EXTENSION quiver' 'CREATE EXTENSION IF NOT EXISTS vector')"
check 'quiver cannot be dropped under the alias' \
    'ERROR:  cannot drop extension quiver because other objects depend on it' \
    "$(sql prepared 'DROP EXTENSION quiver' | head -1)"
check 'dropping the alias keeps columns and their values' '{1:2}/3' \
    "$(sql prepared 'CREATE TABLE kept (v sparsevec(3))' "INSERT INTO kept VALUES ('{1:2}/3')" \
        'DROP EXTENSION vector' 'SELECT v FROM kept')"
check 'and then quiver can be dropped, once nothing uses it' '0' \
    "$(sql prepared 'DROP TABLE kept' 'DROP EXTENSION quiver' \
        "SELECT count(*) FROM pg_extension WHERE extname IN ('vector', 'quiver')")"

fresh template_made
sql template_made 'CREATE EXTENSION vector CASCADE' >/dev/null
psql -Xqc 'CREATE DATABASE copied TEMPLATE template_made'
check 'a database copied from a prepared template needs nothing more' '' \
    "$(sql copied 'CREATE EXTENSION IF NOT EXISTS vector')"

fresh owned
psql -Xqc 'CREATE ROLE owner_of_app LOGIN' -c 'ALTER DATABASE owned OWNER TO owner_of_app'
check 'the owner of a database needs no superuser, for both are trusted' '' \
    "$(PGUSER=owner_of_app sql owned 'CREATE EXTENSION vector CASCADE')"

fresh elsewhere
check 'CASCADE passes the schema on' 's' \
    "$(sql elsewhere 'CREATE SCHEMA s' 'CREATE EXTENSION vector SCHEMA s CASCADE' \
        "SELECT typnamespace::regnamespace FROM pg_type WHERE typname = 'sparsevec'")"

fresh dumped
dump=$(pg_dump cascade)
check 'a dump names both extensions' '2' "$(grep -c '^CREATE EXTENSION' <<<"$dump")"
check 'and restores' '' "$(psql -Xq -o /dev/null -d dumped -v ON_ERROR_STOP=1 -f - <<<"$dump" 2>&1 | grep -v '^$' || :)"

# The target refuses to touch a pgvector, and removes what it installed.
foreign=$(mktemp -d "${TMPDIR:-/tmp}/quiver-alias.XXXXXX")
trap 'rm -rf "$foreign"' EXIT
extension_dir=$foreign$(pg_config --sharedir)/extension
control=$extension_dir/vector.control
mkdir -p "$extension_dir"
echo "default_version = '0.8.5'" >"$control"
make -s -C "$here" install-vector-alias DESTDIR="$foreign" >/dev/null 2>&1 && refused=no || refused=yes
check 'install-vector-alias refuses where pgvector is installed' 'yes' "$refused"
check 'and leaves its control file as it was' "default_version = '0.8.5'" "$(cat "$control")"
rm "$control"
make -s -C "$here" install-vector-alias DESTDIR="$foreign"
check 'it installs two files' '2' "$(find "$foreign" -type f | wc -l)"
make -s -C "$here" uninstall-vector-alias DESTDIR="$foreign"
check 'uninstall-vector-alias removes them' '0' "$(find "$foreign" -type f | wc -l)"

echo "alias: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
