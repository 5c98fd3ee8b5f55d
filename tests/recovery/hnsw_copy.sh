# A scan that reads the copy of the codes takes the same steps and gives the same rows as one that reads pages, and so does a sweep of
# attributes: under inserts, numbers given out again, many sessions, a crash, and on a standby. Read by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # scratch, check; options
HNSW_OPTIONS='quantizer = rabitq, bits = 4'
. tests/recovery/hnsw_lib.sh
unset HNSW_OPTIONS
hnsw_database copied 6000
# Of 60 searches: what they found, how many vertices they visited and how many distances they took; and whether the copy served them.
sql copied -c "CREATE FUNCTION steps(use_copy boolean) RETURNS text LANGUAGE plpgsql SET enable_seqscan = off SET hnsw.ef_search = 60 AS \$\$
DECLARE q record; found text := ''; ids text; n record; copied bigint := 0;
BEGIN
    PERFORM set_config('quiver.hnsw_use_copy', use_copy::text, true);
    FOR q IN SELECT v FROM t WHERE id % 97 = 1 ORDER BY id LIMIT 60 LOOP
        SELECT string_agg(id::text, ' ') INTO ids FROM (SELECT id FROM t ORDER BY v <-> q.v LIMIT 10) AS s;
        SELECT * INTO n FROM quiver.hnsw_last_scan();
        found := found || ids || '/' || n.vertices_visited || '/' || n.distances_computed || ';';
        copied := copied + n.codes_copied;
    END LOOP;
    RETURN CASE WHEN (copied > 0) = use_copy THEN '' ELSE 'the copy served ' || copied || ' ' END || md5(found);
END \$\$" >/dev/null
# The same rows with two attributes each, in indexes with codes and without: all that few filters let through, which is swept.
sql copied -c "CREATE TABLE f (id int PRIMARY KEY, v vector(12), tenant int, tags int[]) WITH (autovacuum_enabled = off)" \
    -c "CREATE FUNCTION fill(a int, b int) RETURNS void LANGUAGE sql AS \$\$ INSERT INTO f SELECT i, $point, nullif(i % 40, 7), ARRAY[i % 30, i % 70]
        FROM generate_series(a, b) AS i \$\$" -c 'SELECT fill(1, 6000)' \
    -c "CREATE INDEX ON f USING hnsw (v vector_l2_ops, tenant, tags) WITH ($options)" -c 'CREATE INDEX ON f USING hnsw (v vector_cosine_ops, tenant, tags)' \
    -c "CREATE FUNCTION swept(use_copy boolean) RETURNS text LANGUAGE plpgsql SET enable_seqscan = off SET enable_sort = off SET hnsw.ef_search = 10 AS \$\$
DECLARE filter text; nearer text; found text := ''; ids text;
BEGIN
    PERFORM set_config('quiver.hnsw_use_copy', use_copy::text, true);
    FOREACH filter IN ARRAY ARRAY['tenant = 3', 'tenant IS NULL', 'tenant IN (5, 39)', 'tags && ''{4,66}''', 'tenant > 35 AND tags @> ''{9}'''] LOOP
        FOREACH nearer IN ARRAY ARRAY['<->', '<=>'] LOOP
            EXECUTE format('SELECT coalesce(string_agg(id::text, '' '' ORDER BY id), ''none'') FROM (SELECT id FROM f WHERE %s ORDER BY v %s ''[5,5,5,5,5,5,5,5,5,5,5,5]''
                LIMIT 100000) AS s', filter, nearer) INTO ids;
            found := found || ids || ';';
        END LOOP;
    END LOOP;
    RETURN md5(found);
END \$\$" >/dev/null
same() { # WHAT [PORT]: with the copy as without
    local function
    for function in steps swept; do
        check "$1 ($function)" "$(PGPORT=${2:-$PGPORT} sql copied -c "SELECT $function(false)")" "$(PGPORT=${2:-$PGPORT} sql copied -c "SELECT $function(true)")"
    done
}
same 'a scan with the copy takes the steps of one without'

standby=$scratch/copy_standby
mkdir -p "$standby" && chmod 755 "$scratch" && pgtree_give "$standby"
pgtree_as_server "$(command -v pg_basebackup)" -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" -D "$standby/data" -R -X stream -c fast >/dev/null 2>&1
printf '%s\n' "port = 5434" "hot_standby = on" "max_standby_streaming_delay = -1" >>"$standby/data/postgresql.conf"
cluster=$standby/data server start -l "$standby/data/server.log"
trap 'cluster=$standby/data server stop -m immediate || :; rm -rf "$scratch"' EXIT
replayed() {
    local at
    at=$(sql copied -c 'SELECT pg_current_wal_insert_lsn()')
    for _ in $(seq 600); do
        [ "$(PGPORT=5434 sql copied -c "SELECT pg_last_wal_replay_lsn() >= '$at'")" != t ] || return 0
        sleep 0.1
    done
    echo 'the standby does not catch up' >&2
}
replayed
same 'so on a standby' 5434
for round in 1 2 3; do
    for port in "$PGPORT" 5434; do
        (for _ in 1 2 3 4 5 6; do PGPORT=$port sql copied -c 'SELECT steps(true)' | grep -a ERROR || :; done >"$scratch/asked_$port") &
    done
    sql copied -c "INSERT INTO t SELECT i, $point FROM generate_series($((round * 10000)), $((round * 10000 + 300))) AS i" >/dev/null
    sql copied -c "SELECT fill($((round * 10000)), $((round * 10000 + 300)))" >/dev/null
    same "round $round: after inserts"
    sql copied -c "DELETE FROM t WHERE id % 4 = $round" -c "DELETE FROM f WHERE id % 4 = $round" -c 'VACUUM (INDEX_CLEANUP on) t' \
        -c 'VACUUM (INDEX_CLEANUP on) f' >/dev/null
    same "round $round: after vacuum"
    # As many rows as numbers are free: each is given out again, to another value.
    sql copied -c "INSERT INTO t SELECT i, (SELECT array_agg(10 - x) FROM unnest(($point)::real[]) AS x)::vector(12)
        FROM generate_series($((round * 10000 + 1000)), $((round * 10000 + 2200))) AS i" \
        -c "SELECT fill($((round * 10000 + 1000)), $((round * 10000 + 2200)))" >/dev/null
    same "round $round: after numbers were given out again"
    replayed
    same "round $round: on the standby" 5434
    wait
    check "round $round: searches meanwhile gave no error" '' "$(cat "$scratch/asked_$PGPORT" "$scratch/asked_5434")"
done
before=$(sql copied -c 'SELECT steps(false)')
kill_server
check 'after a crash the answers are there' "$before" "$(sql copied -c 'SELECT steps(true)')"
same 'and a scan with the new copy takes the steps of one without'
check 'a copy of each index is left' 3 "$(find "$PGDATA/base/pgsql_tmp" -name 'pgsql_tmp.quiver.copy.*' | wc -l)"
sql copied -c 'REINDEX INDEX CONCURRENTLY t_v' >/dev/null
same 'a rebuilt index has a copy of its own'
sql copied -c "LOAD 'quiver'" -c "ALTER SYSTEM SET quiver.hnsw_copy_memory = '64kB'" -c 'SELECT pg_reload_conf()' >/dev/null
for _ in $(seq 100); do [ "$(sql copied -c "LOAD 'quiver'" -c 'SHOW quiver.hnsw_copy_memory')" != 64kB ] || break; sleep 0.1; done
check 'without room for it pages are read' "the copy served 0 $(sql copied -c 'SELECT steps(false)')" "$(sql copied -c 'SELECT steps(true)')"
check 'and no copy is left' 0 "$(find "$PGDATA/base/pgsql_tmp" -name 'pgsql_tmp.quiver.copy.*' | wc -l)"
sql copied -c "LOAD 'quiver'" -c 'ALTER SYSTEM RESET quiver.hnsw_copy_memory' -c 'SELECT pg_reload_conf()' >/dev/null
cluster=$standby/data server stop -m immediate
trap 'rm -rf "$scratch"' EXIT
