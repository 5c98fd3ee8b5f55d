# Attributes of hnsw indexes that parallel workers built: each row's are those of its vertex. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, check
. tests/recovery/hnsw_filters_lib.sh

filters_database built
sql built -c 'CREATE TABLE t (id int, v vector(12), tenant int, tags text[], price numeric) WITH (autovacuum_enabled = off, parallel_workers = 2)' \
    -c "INSERT INTO t SELECT $filters_row FROM generate_series(1, 6000) AS i" -c 'UPDATE t SET tenant = NULL WHERE id % 33 = 0' \
    -c "INSERT INTO t SELECT id + 10000, v, tenant + 1, tags, price FROM t WHERE id % 4 = 0" >/dev/null
for with in '' 'quantizer = rabitq' 'quantizer = rabitq, rerank = heap'; do
    check "a build of attributes has workers, options ($with)" 'using 2 parallel workers CREATE INDEX' "$(PGOPTIONS='-c client_min_messages=debug1' psql -Xt -d built 2>&1 <<SQL | grep -oE 'using 2 parallel workers|ERROR.*|^CREATE INDEX' | paste -sd' '
SET maintenance_work_mem = '256MB'; SET max_parallel_maintenance_workers = 2; SET min_parallel_table_scan_size = 0;
DROP INDEX IF EXISTS t_v;
CREATE INDEX t_v ON t USING hnsw (v vector_l2_ops, tenant, tags, price) WITH ($options${with:+, $with});
SQL
    )"
    check 'each row has its own' sound "$(filtered sql built t)"
    check 'and the verifier finds nothing' '{}' "$(sql built -c "SELECT problems FROM quiver.hnsw_verify('t_v')")"
done
sql postgres -c 'DROP DATABASE built' >/dev/null
