# Sessions that insert, update, delete, search and vacuum at once for SESSIONS_SECONDS, with REINDEX CONCURRENTLY among them; then
# the index is sound. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, check
. tests/recovery/hnsw_lib.sh

hnsw_database sessions 2000
sql sessions -c "CREATE SEQUENCE ids START 10000000" >/dev/null
before=$(crashes)
cat >"$scratch/insert.sql" <<SQL
INSERT INTO t SELECT i, $point FROM (SELECT nextval('ids')::int AS i) AS n;
SQL
cat >"$scratch/change.sql" <<SQL
\set n random(1, 2000)
UPDATE t SET v = (SELECT array_agg(x + 0.01) FROM unnest(v::real[]) AS x)::vector(12) WHERE id = :n;
DELETE FROM t WHERE id = (SELECT id FROM t WHERE id > 10000000 OFFSET 3 LIMIT 1);
SQL
cat >"$scratch/search.sql" <<SQL
\set n random(1, 2000)
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT id FROM t ORDER BY v <-> (SELECT v FROM t WHERE id = :n) LIMIT 10) AS s;
SQL
pgbench -n -d sessions -c 7 -j 2 -T "${SESSIONS_SECONDS:-10}" -f "$scratch/insert.sql@2" -f "$scratch/change.sql@2" -f "$scratch/search.sql@3" \
    >"$scratch/pgbench" 2>&1 & bench=$!
while kill -0 "$bench" 2>/dev/null; do
    sql sessions -c 'VACUUM (INDEX_CLEANUP on) t' >>"$scratch/maintenance"
    [ "$(random 1 4)" != 1 ] || sql sessions -c 'REINDEX INDEX CONCURRENTLY t_v' >>"$scratch/maintenance"
    sleep 0.3
done
wait "$bench" || :
check 'no session failed' 0 "$(grep -acE 'ERROR|aborted' "$scratch/pgbench" || :)"
check 'no vacuum or reindex failed' '' "$(grep -a ERROR "$scratch/maintenance" | head -n 2)"
check 'work was done' yes "$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$scratch/pgbench" | awk '{ print ($1 > 50) ? "yes" : "no: " $1 }')"
check 'no crash' "$before" "$(crashes)"
check 'before a vacuum the index is sound' sound "$(sound sessions)"
check 'after a vacuum the index is sound' sound "$(sql sessions -c 'VACUUM (INDEX_CLEANUP on) t' >/dev/null; sound sessions)"
check 'and nothing is out of reach' 0 "$(sql sessions -c "SELECT unreachable FROM quiver.hnsw_verify('t_v')")"
