# By logical replication: a database with pgvector publishes, one with quiver subscribes, then takes over. Read by run.sh.
# shellcheck shell=bash
sql postgres -c 'CREATE DATABASE published' -c 'CREATE DATABASE subscribed' >/dev/null
table='CREATE TABLE item (id int PRIMARY KEY, v vector(3), h halfvec(3))'
sql published -c 'CREATE EXTENSION vector' -c "$table" -f - >/dev/null <<'SQL'
INSERT INTO item SELECT i, ARRAY[i, 2 * i, 3]::vector, ARRAY[i % 50, 1, 1]::vector FROM generate_series(1, 300) i;
CREATE PUBLICATION moving FOR ALL TABLES;
SELECT pg_create_logical_replication_slot('moving', 'pgoutput');
SQL
sql subscribed -c 'CREATE EXTENSION quiver' -c "$table" \
    -c "CREATE SUBSCRIPTION moving CONNECTION 'host=$PGHOST port=$PGPORT dbname=published user=$PGUSER' PUBLICATION moving
        WITH (create_slot = false, slot_name = 'moving', binary = true)" >/dev/null
rows="SELECT count(*), md5(string_agg(item::text, ';' ORDER BY id)) FROM item"
same() { # same WHAT: wait until the subscriber has what the publisher has
    for _ in $(seq 150); do
        [ "$(sql published -c "$rows")" != "$(sql subscribed -c "$rows")" ] || break
        sleep 0.2
    done
    check "$1" "$(sql published -c "$rows")" "$(sql subscribed -c "$rows")"
}
same 'the initial copy arrives, in binary'
sql published -c "INSERT INTO item SELECT i, '[1,2,3]', NULL FROM generate_series(301, 400) i" -c "UPDATE item SET v = '[9,9,9]' WHERE id % 7 = 0" -c 'DELETE FROM item WHERE id % 11 = 0' >/dev/null
same 'inserts, updates and deletes arrive'
check 'and are searched there' 7 "$(sql subscribed -c "SELECT id FROM item ORDER BY v <-> '[9,9,9]', id LIMIT 1")"
sql subscribed -c 'DROP SUBSCRIPTION moving' >/dev/null
