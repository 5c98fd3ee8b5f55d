#!/usr/bin/env bash
# advice.py on a server whose slow statements are known: it names the right index, predicts what it brings, and falls silent when it is there.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
. "$here/tests/tools/pgtree.sh"
[ -e "$(pgtree_config --sharedir)/extension/hypopg.control" ] || { echo "skipped: there is no hypopg for this server"; exit 0; }
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec "$here/tests/tools/server.sh" -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=all "$here/tests/ops/static/advice.sh"
fi
status=0
expect() { # expect WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || { printf '%s: expected %s, got %s\n' "$1" "$2" "$3"; status=1; }
}
given=$(printf '{"host": "%s", "port": %s, "user": "postgres", "database": "postgres", "statements": 50, "least_gain": 0.3}' "$PGHOST" "$PGPORT")
look() { /usr/bin/python3 "$here/ops/roles/advice/files/advice.py" "$given" >"$PGHOST/advice.json" || { status=1; return 1; }; }
ask() { jq -r "$1" "$PGHOST/advice.json"; }

psql -Xq -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION pg_stat_statements' -c 'CREATE DATABASE app' || exit 1
export PGDATABASE=app
psql -Xq -v ON_ERROR_STOP=1 <<'SQL' || exit 1
CREATE EXTENSION hypopg;
CREATE EXTENSION quiver;
CREATE TABLE item (id bigint PRIMARY KEY, owner int NOT NULL, "when" timestamptz NOT NULL, note text NOT NULL, v vector(3));
INSERT INTO item SELECT n, n % 5000, '2026-01-01'::timestamptz + n * interval '1 minute', 'note ' || n, format('[%s,%s,1]', n % 7, n % 11)::vector
    FROM generate_series(1, 60000) AS n;
CREATE TABLE owner (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO owner SELECT n, 'name ' || n FROM generate_series(0, 4999) AS n;
CREATE INDEX item_unused ON item (note, "when");
ANALYZE;
SELECT pg_stat_reset() \g /dev/null
SQL
work() {
    {
        for owner in $(seq 12); do echo "SELECT count(*) FROM item WHERE owner = $owner AND \"when\" > '2026-01-02';"; done
        for id in $(seq 12); do echo "SELECT note FROM item WHERE id = $id;"; done
        echo "SELECT i.note FROM owner AS o JOIN item AS i ON i.owner = o.id WHERE o.name = 'name 7';"
        echo "SELECT id FROM item ORDER BY v <-> '[1,2,3]' LIMIT 5;"
        echo "UPDATE item SET note = 'x' WHERE owner = 4999 AND \"when\" > '2026-02-01';"
    } | psql -Xq >/dev/null
}
work
look || exit 1
filter='.advice[] | select(.query | startswith("SELECT count"))'
expect "the index for an equality and a range" 'CREATE INDEX CONCURRENTLY ON public.item (owner, "when")' "$(ask "$filter | .ddl")"
expect "it would bring nine tenths or more" true "$(ask "$filter | .gain > 0.9")"
expect "the statement that an index serves is left alone" '' "$(ask '.advice[] | select(.query | test("WHERE id = ")) | .ddl')"
expect "the join's other side" true "$(ask '[.advice[] | select(.query | startswith("SELECT i.note")) | .ddl] | length == 1 and (.[0] | test("item \\(owner\\)|owner \\(name\\)"))')"
expect "the nearest-neighbour order, without a figure" 'CREATE INDEX CONCURRENTLY ON public.item USING hnsw (v vector_l2_ops) null' \
    "$(ask '.advice[] | select(.query | test("<->")) | "\(.ddl) \(.cost_after)"')"
expect "an update is judged too" true "$(ask '[.advice[] | select(.query | startswith("UPDATE")) | .gain > 0.9] | any')"
expect "the index that nothing used" 'public.item_unused' "$(ask '[.unused[].index] | join(" ")')"
expect "the page has a line for each" true "$(ask '(.page | split("\n") | map(select(startswith("| app"))) | length) == ((.advice | length) + (.unused | length))')"
expect "nothing was changed by looking" 'item_pkey item_unused owner_pkey' "$(psql -XqAt -c "SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace")"

# Before and after, for real: the cost that was predicted is the cost of the index that is there.
predicted=$(ask "$filter | .cost_after")
ask "$filter | .ddl" | psql -Xq || status=1
psql -Xq -c 'ANALYZE item'
real=$(psql -XqAt -c 'SET plan_cache_mode = force_generic_plan' -c 'PREPARE q AS SELECT count(*) FROM item WHERE owner = $1 AND "when" > $2' \
    -c 'EXPLAIN (FORMAT JSON) EXECUTE q(NULL, NULL)' | jq '.[0].Plan["Total Cost"]')
expect "predicted $predicted, then $real: within a fifth" true "$(jq -n "($predicted - $real) / $real | fabs < 0.2")"
look || exit 1
expect "with the index there, silence" '' "$(ask "$filter | .ddl")"
exit $status
