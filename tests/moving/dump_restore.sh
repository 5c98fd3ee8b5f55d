# By dump and restore: a dump written under pgvector, restored where quiver and the alias are. Read by run.sh.
# shellcheck shell=bash
sql postgres -c 'CREATE DATABASE dumped' -c 'CREATE DATABASE restored' >/dev/null
sql restored -c 'CREATE EXTENSION quiver' >/dev/null
sql dumped -c 'CREATE EXTENSION vector' -f - >/dev/null <<'SQL'
CREATE TABLE item (id int PRIMARY KEY, v vector(3), h halfvec(3));
INSERT INTO item SELECT i, ARRAY[i, 2 * i, 3]::vector, ARRAY[i % 50, 1, 1]::vector FROM generate_series(1, 300) i;
CREATE INDEX item_v ON item (v);
CREATE VIEW near AS SELECT id FROM item ORDER BY v <-> '[1,2,3]' LIMIT 5;
SQL
if has_hnsw dumped && has_hnsw restored; then
    sql dumped -c 'CREATE INDEX item_near ON item USING hnsw (v vector_l2_ops)' >/dev/null
fi
rows="SELECT md5(string_agg(item::text, ';' ORDER BY id)) FROM item"
before=$(sql dumped -c "$rows" -c 'SELECT * FROM near')
dump=$(mktemp "${TMPDIR:-/tmp}/quiver-moving.XXXXXX")
pg_dump -Fc dumped >"$dump"
# pgvector's control file has the name that the alias would take on this server: the extension's line is left out
# of the restore, which is what a server with the alias makes of it.
pg_restore --list "$dump" | grep -v 'EXTENSION.* vector' >"$dump.list"
check 'a dump written under pgvector restores under quiver' 'status 0' "$(pg_restore --exit-on-error -L "$dump.list" -d restored "$dump" 2>&1 && echo 'status 0')"
check 'with the same rows and answers' "$before" "$(sql restored -c "$rows" -c 'SELECT * FROM near')"
rm -f "$dump" "$dump.list"
