# Shared by the reliability tests of attributes: a table of attributes with an index, and whether filtered searches agree
# with it. Read by those tests.
# shellcheck shell=bash disable=SC2154  # scratch, options, point
. tests/recovery/hnsw_lib.sh

filters_row="i, $point, i % 10, ARRAY['tag ' || i % 7, 'tag ' || i % 3], i % 50 / 10.0"
filters_conditions=('tenant = 3' 'tenant IN (1, 9)' "tags && '{tag 2}'" "tenant > 7 AND tags @> '{tag 5}'" 'price < 0.4' 'tenant IS NULL')

# filters_table DATABASE TABLE ROWS OPTIONS: a table and its index TABLE_v.
filters_table() {
    sql "$1" -c "CREATE TABLE $2 (id int, v vector(12), tenant int, tags text[], price numeric) WITH (autovacuum_enabled = off)" \
        -c "INSERT INTO $2 SELECT $filters_row FROM generate_series(1, $3) AS i" \
        -c "UPDATE $2 SET tenant = NULL WHERE id % 33 = 0" -c "CREATE INDEX $2_v ON $2 USING hnsw (v vector_l2_ops, tenant, tags, price) WITH ($options${4:+, $4})" >/dev/null
}
filters_database() {
    sql postgres -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1" >/dev/null
    sql "$1" -c 'CREATE EXTENSION quiver' >/dev/null
}
# filtered SQL DATABASE TABLE: "sound" if searches to the end under each condition give the rows of the table that meet it, each
# once; else which do not. SQL is the command that asks: sql, or on_standby.
filtered() {
    local ask=$1 database=$2 table=$3 condition
    for condition in "${filters_conditions[@]}"; do
        "$ask" "$database" -c 'SET enable_seqscan = off' -c 'SET enable_sort = off' -c "SELECT 'a search for $(printf '%s' "$condition" | tr -d "'") differs'
            FROM (SELECT id FROM $table WHERE $condition ORDER BY v <-> '[5,5,5,5,5,5,5,5,5,5,5,5]' LIMIT 100000) AS f
            FULL JOIN (SELECT id FROM (SELECT * FROM $table OFFSET 0) AS whole WHERE $condition) AS a USING (id)
            GROUP BY id HAVING count(f) <> 1 OR count(a) <> 1 LIMIT 1" | grep . || echo sound
    done | sort -u | paste -sd' '
}
