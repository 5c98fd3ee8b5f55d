#!/usr/bin/env bash
# Moves a database between pgvector and quiver in place: no table is rewritten. docs/from_pgvector.md explains.
#
# usage: moving.sh check DATABASE          try the whole move on an empty copy of the database's schema
#        moving.sh move DATABASE           check, then move: drop the hnsw and ivfflat indexes, change owner of the rest
#        moving.sh rebuild DATABASE        build those indexes again, concurrently; may be repeated until none is left
#        moving.sh back DATABASE           the way back to pgvector: check on a copy, move, then `rebuild`
#
# Connects as libpq's environment says, as a superuser. Both extensions must be installed on the server; the way back
# also needs `make install-way-back`. Indexes to build are kept in the table moved_index, in the extension's schema.
set -euo pipefail

usage() { sed -n '4,7s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
[ $# -eq 2 ] || usage
command=$1 database=$2
say() { printf '%s\n' "$*"; }
run() { psql -XqAt -v ON_ERROR_STOP=1 -d "$@"; }
schema_of() { run "$1" -c "SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = '$2'"; }

# drop_indexes DATABASE SCHEMA: note the definitions of the approximate indexes, then drop them. A partition's
# index goes and comes with its parent's.
drop_indexes() {
    run "$1" <<SQL
SET client_min_messages = warning;
BEGIN;
SET LOCAL lock_timeout = '10s';
CREATE TABLE IF NOT EXISTS $2.moved_index (id serial, name text, method text, definition text, built boolean NOT NULL DEFAULT false);
WITH found AS (
    INSERT INTO $2.moved_index (name, method, definition)
    SELECT c.oid::regclass, a.amname, pg_get_indexdef(c.oid)
    FROM pg_class c JOIN pg_am a ON a.oid = c.relam
    WHERE a.amname IN ('hnsw', 'ivfflat') AND c.relkind IN ('i', 'I') AND NOT c.relispartition
    RETURNING name
)
SELECT format('DROP INDEX %s', name) FROM found
\gexec
COMMIT;
SQL
}

# change_owner DATABASE FROM TO SCHEMA: in a session of its own, in which neither library has been loaded.
change_owner() {
    run "$1" <<SQL
SET client_min_messages = warning;
BEGIN;
SET LOCAL lock_timeout = '10s';
CREATE EXTENSION $3 SCHEMA $4 VERSION 'adopt';
ALTER EXTENSION $3 UPDATE;
COMMIT;
SQL
}

# build_indexes DATABASE SCHEMA: one by one, concurrently where PostgreSQL can.
build_indexes() {
    local waiting id name method definition failed=0
    waiting=$(run "$1" -F $'\t' -c "SELECT id, name, method, translate(definition, E'\n', ' ') FROM $2.moved_index WHERE NOT built ORDER BY id")
    while IFS=$'\t' read -r id name method definition; do
        [ -n "$id" ] || continue
        if [ "$(run "$1" -c "SELECT count(*) FROM pg_am WHERE amname = '$method'")" = 0 ]; then
            say "$name: there is no access method $method here; it stays on the list: $definition"
            failed=1
            continue
        fi
        case $definition in
            *' ON ONLY '*) definition=${definition/ ON ONLY / ON } ;;
            *) definition=${definition/CREATE INDEX /CREATE INDEX CONCURRENTLY } ;;
        esac
        say "$name: building"
        if run "$1" -c "$definition" </dev/null; then
            run "$1" -c "UPDATE $2.moved_index SET built = true WHERE id = $id" </dev/null
        else
            # A broken concurrent build leaves an index that is not valid.
            run "$1" -c "DROP INDEX IF EXISTS $name" </dev/null
            failed=1
        fi
    done <<<"$waiting"
    return "$failed"
}

# rehearse FROM TO: everything, on a database with the same schema and no rows.
rehearse() {
    local copy schema status=0
    copy=moving_rehearsal_$$
    # shellcheck disable=SC2064  # now
    trap "psql -Xqd postgres -c 'DROP DATABASE IF EXISTS $copy' >/dev/null 2>&1" EXIT
    run postgres -c "CREATE DATABASE $copy TEMPLATE template0"
    pg_dump --schema-only --no-owner --no-privileges --no-subscriptions --no-publications "$database" | run "$copy" >/dev/null
    schema=$(schema_of "$copy" "$1")
    drop_indexes "$copy" "$schema"
    change_owner "$copy" "$1" "$2" "$schema"
    build_indexes "$copy" "$schema" >/dev/null || status=1
    [ "$status" = 0 ] || say "some indexes cannot be built by $2 and will be missing:" \
        "$(run "$copy" -c "SELECT string_agg(definition, '; ') FROM $schema.moved_index WHERE NOT built")"
    run postgres -c "DROP DATABASE $copy"
}

report() { # report FROM
    run "$database" -F '  ' <<SQL
SELECT 'version ' || extversion FROM pg_extension WHERE extname = '$1';
SELECT count(*) || ' columns of its types, in ' || count(DISTINCT attrelid) || ' tables and views'
FROM pg_attribute a JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = a.atttypid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_class c ON c.oid = a.attrelid
WHERE e.extname = '$1' AND c.relkind IN ('r', 'p', 'm', 'v', 'f') AND a.attnum > 0;
SELECT format('to be dropped and built again: %s (%s, %s)', c.oid::regclass, a.amname, pg_size_pretty(pg_relation_size(c.oid)))
FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE a.amname IN ('hnsw', 'ivfflat') AND c.relkind = 'i' ORDER BY 1;
SQL
}

move() { # move FROM TO
    local schema
    schema=$(schema_of "$database" "$1")
    [ -n "$schema" ] || { say "extension $1 is not installed in $database" >&2; exit 1; }
    report "$1"
    say "rehearsing on an empty copy of the schema"
    rehearse "$1" "$2"
    say "the rehearsal went through"
    [ "$command" != check ] || return 0
    drop_indexes "$database" "$schema"
    if ! change_owner "$database" "$1" "$2" "$schema"; then
        say "nothing was changed but the indexes; building them again" >&2
        build_indexes "$database" "$schema" || :
        exit 1
    fi
    say "moved; sessions that are open must reconnect. Next: $0 rebuild $database"
}

case $command in
    check | move) move vector quiver ;;
    back) move quiver vector ;;
    rebuild)
        schema=$(schema_of "$database" quiver)
        [ -n "$schema" ] || schema=$(schema_of "$database" vector)
        build_indexes "$database" "$schema"
        ;;
    *) usage ;;
esac
