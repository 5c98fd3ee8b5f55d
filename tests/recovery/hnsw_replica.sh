# A streaming replica gives the primary's answers, throughout inserts, updates, deletes and vacuum; replayed pages equal
# the primary's (wal_consistency_checking). REPLICA_ROUNDS rounds. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, check
. tests/recovery/hnsw_lib.sh

hnsw_database replica 2000
sql replica -c "ALTER SYSTEM SET wal_consistency_checking = 'generic'" -c 'SELECT pg_reload_conf()' >/dev/null
make_standby replica
answers="SET enable_seqscan = off; SELECT array_agg(n.ids ORDER BY q.id) FROM (SELECT id, v FROM t WHERE id % 41 = 1 ORDER BY id LIMIT 25) AS q,
    LATERAL (SELECT array_agg(id ORDER BY v <-> q.v, id) AS ids FROM (SELECT id, v FROM t ORDER BY v <-> q.v LIMIT 10) AS s) AS n"
caught_up
check 'the standby answers as the primary does' "$(sql replica -c "$answers")" "$(on_standby replica -c "$answers")"
for round in $(seq "${REPLICA_ROUNDS:-3}"); do
    # The standby is asked all the while.
    (for _ in $(seq 40); do on_standby replica -c "$answers" | grep -a ERROR || :; done >"$scratch/asked") & asked=$!
    sql replica -c "INSERT INTO t SELECT i, $point FROM generate_series($((round * 10000)), $((round * 10000 + 400))) AS i" \
        -c "UPDATE t SET v = (SELECT array_agg(x + 0.02) FROM unnest(v::real[]) AS x)::vector($dims) WHERE id % 19 = $round" \
        -c "DELETE FROM t WHERE id % 5 = $round" -c 'VACUUM (INDEX_CLEANUP on) t' \
        -c "INSERT INTO t SELECT i, $point FROM generate_series($((round * 10000 + 500)), $((round * 10000 + 800))) AS i" >/dev/null
    wait "$asked"
    caught_up
    check "round $round: the standby gave no error meanwhile" '' "$(head -n 3 "$scratch/asked")"
    check "round $round: and answers as the primary does" "$(sql replica -c "$answers")" "$(on_standby replica -c "$answers")"
done
sql replica -c 'REINDEX INDEX CONCURRENTLY t_v' -c "CREATE INDEX more_v ON t USING hnsw (v vector_cosine_ops) WITH ($options)" >/dev/null
caught_up
check 'a rebuilt index reaches the standby' "$(sql replica -c "$answers")" "$(on_standby replica -c "$answers")"
check 'replay found no page that differs' '' "$(grep -a 'inconsistent page' "$standby/data/server.log" | head -n 2)"
cluster=$standby/data server promote
check 'promoted, it takes writes' sound "$(PGPORT=5433 sql replica -c "INSERT INTO t SELECT i, $point FROM generate_series(900001, 900200) AS i" >/dev/null
    PGPORT=5433 sound replica)"
stop_standby
sql replica -c "ALTER SYSTEM RESET wal_consistency_checking" -c 'SELECT pg_reload_conf()' >/dev/null
