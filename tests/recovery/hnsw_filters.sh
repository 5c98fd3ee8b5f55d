# Attributes of an hnsw index after a crash: a server killed during inserts, updates of attributes and vacuum. After recovery
# the index agrees with the table, and a filtered search returns every row that matches. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, check
. tests/recovery/hnsw_lib.sh

sql postgres -c 'DROP DATABASE IF EXISTS filters' -c 'CREATE DATABASE filters' >/dev/null
sql filters -c 'CREATE EXTENSION quiver' \
    -c 'CREATE TABLE t (id int PRIMARY KEY, v vector(12), tenant int, tags text[]) WITH (autovacuum_enabled = off)' \
    -c "INSERT INTO t SELECT i, $point, i % 10, ARRAY['tag ' || i % 7, 'tag ' || i % 3] FROM generate_series(1, 1500) AS i" \
    -c "CREATE INDEX t_v ON t USING hnsw (v vector_l2_ops, tenant, tags) WITH ($options)" >/dev/null
change() { # change FIRST: statements that go on until the server dies
    local at=$1
    while sql filters -c "INSERT INTO t SELECT i, $point, i % 10, ARRAY['tag ' || i % 7] FROM generate_series($at, $at + 9) AS i" \
        -c "UPDATE t SET tenant = (tenant + 1) % 10 WHERE id % 97 = $at % 97" -c "DELETE FROM t WHERE id % 89 = $at % 89 AND id > 500" \
        -c 'VACUUM (INDEX_CLEANUP on) t' >/dev/null; do
        at=$((at + 10))
    done
}
# filtered: what differs between filtered searches through the index and the table.
filtered() {
    sql filters -c "SELECT coalesce(string_agg(problem, '; '), 'sound') FROM unnest((SELECT problems FROM quiver.hnsw_verify('t_v'))) AS problem"
    for condition in 'tenant = 3' 'tenant IN (1, 9)' "tags && '{tag 2}'" "tenant > 7 AND tags @> '{tag 5}'"; do
        sql filters -c 'SET enable_seqscan = off' -c 'SET enable_sort = off' -c "CREATE TEMP TABLE found AS SELECT id FROM t WHERE $condition
            ORDER BY v <-> '[5,5,5,5,5,5,5,5,5,5,5,5]' LIMIT 100000" -c "SELECT 'a search for $(printf '%s' "$condition" | tr -d "'") differs'
            FROM (SELECT id FROM found) AS f FULL JOIN (SELECT id FROM t WHERE $condition) AS a USING (id) WHERE f.id IS NULL OR a.id IS NULL LIMIT 1"
    done | sort -u
}
for round in 1 2; do
    sql filters -c CHECKPOINT >/dev/null
    change $((round * 100000)) & worker=$!
    sleep "$round.$(random 100 999)"
    disown "$worker" 2>/dev/null || :
    kill -STOP "$worker" 2>/dev/null || :
    kill_server
    kill -KILL "$worker" 2>/dev/null || :
    check "round $round, killed while attributes changed: index and filtered searches agree with the table" sound "$(filtered)"
done
check 'they do after more inserts and a vacuum' sound "$(sql filters -c 'DELETE FROM t WHERE id % 5 = 0' -c 'VACUUM t' \
    -c "INSERT INTO t SELECT i, $point, i % 10, NULL FROM generate_series(900001, 900200) AS i" >/dev/null; filtered)"
