# A server that is killed with rows of every type committed and more in flight: after recovery the
# committed are there, the others not, and the indexes agree with the table. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, here

. tests/tools/pgtree.sh
server() { pgtree_as_server "$(command -v pg_ctl)" -D "$PGDATA" -s -w "$@" >>"$scratch/pg_ctl.log" 2>&1; }

sql postgres -c 'CREATE DATABASE crashed' -c "ALTER SYSTEM SET synchronous_commit = on" -c 'SELECT pg_reload_conf()' >/dev/null
sql crashed -c 'CREATE EXTENSION quiver' -f tests/recovery/every_type.sql
sql crashed -c CHECKPOINT
sql crashed -c "INSERT INTO item (id, v) SELECT i, ARRAY[i, i, i]::real[]::vector FROM generate_series(1001, 3000) i" \
    -c "UPDATE item SET t = '[9,9,9]' WHERE id % 5 = 0" -c 'DELETE FROM item WHERE id % 7 = 0'
before=$(sql crashed -c "SELECT count(*), md5(string_agg(item::text, ';' ORDER BY id)) FROM item")
(sql crashed -c 'BEGIN' -c "INSERT INTO item (id, v) SELECT i, ARRAY[i, i, i]::real[]::vector FROM generate_series(10001, 40000) i" \
    -c 'SELECT pg_sleep(60)' >/dev/null || :) &
in_flight=$!
for _ in $(seq 100); do
    [ "$(sql crashed -c "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")" = 1 ] && break
    sleep 0.1
done
kill -KILL "$(head -n 1 "$PGDATA/postmaster.pid")"
wait "$in_flight" || :
# The dead postmaster's children notice and leave; until then its shared memory is in use.
for _ in $(seq 100); do
    server start && break
    sleep 0.2
done
check 'the server recovers' 1 "$(sql crashed -c 'SELECT 1')"
check 'committed rows are there, rows in flight are not' "$before" \
    "$(sql crashed -c "SELECT count(*), md5(string_agg(item::text, ';' ORDER BY id)) FROM item")"
for index in item_v item_s; do
    column=${index#item_}
    check "index $index gives the rows of the table" \
        "$(sql crashed -c 'SET enable_indexscan = off' -c 'SET enable_indexonlyscan = off' -c 'SET enable_bitmapscan = off' \
            -c "SELECT md5(string_agg($column::text, ';' ORDER BY $column)) FROM item WHERE $column IS NOT NULL")" \
        "$(sql crashed -c 'SET enable_seqscan = off' -c 'SET enable_sort = off' \
            -c "SELECT md5(string_agg($column::text, ';' ORDER BY $column)) FROM item WHERE $column IS NOT NULL")"
done
check 'the hash index finds a row' 3 \
    "$(sql crashed -c 'SET enable_seqscan = off' -c "SELECT id FROM item WHERE h = '[1,2,3]'")"
