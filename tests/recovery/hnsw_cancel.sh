# Cancel and statement_timeout at random moments of build, insert, search, vacuum and REINDEX CONCURRENTLY leave a sound
# index, no lock, no pin. CANCEL_ROUNDS rounds. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, check
. tests/recovery/hnsw_lib.sh

hnsw_database cancelled 3000
before=$(crashes)
for round in $(seq "${CANCEL_ROUNDS:-6}"); do
    for statement in "CREATE INDEX again_v ON t USING hnsw (v vector_l2_ops) WITH ($options)" \
        "INSERT INTO t SELECT i, $point FROM generate_series($((round * 10000)), $((round * 10000 + 2000))) AS i" \
        "SELECT count(*) FROM t AS q, LATERAL (SELECT id FROM t ORDER BY t.v <-> q.v LIMIT 50) AS n" \
        "VACUUM (INDEX_CLEANUP on) t" 'REINDEX INDEX CONCURRENTLY t_v'; do
        case $statement in VACUUM*) sql cancelled -c "DELETE FROM t WHERE id % 11 = $round % 11" >/dev/null ;; esac
        PGOPTIONS="-c client_min_messages=error -c enable_seqscan=off -c statement_timeout=$(random 1 400)" psql -XqAt -d cancelled -c "$statement" >/dev/null 2>"$scratch/cancel" || :
        grep -avE '57014|canceling statement|^$' "$scratch/cancel" | grep -a 'ERROR' >>"$scratch/unexpected" || :
        # What a cancelled build leaves is dropped as the manual says.
        for index in again_v t_v_ccnew t_v_ccnew1 t_v_ccold; do sql cancelled -c "DROP INDEX IF EXISTS $index" >/dev/null; done
    done
    check "round $round: the index is sound" sound "$(sound cancelled)"
done
check 'no error but the cancelling' '' "$(sort -u "$scratch/unexpected" 2>/dev/null | head -n 3)"
check 'no lock is left' 0 "$(sql cancelled -c "SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid() AND relation = 't_v'::regclass")"
check 'no warning of a leak' 0 "$(grep -acE 'leak|still referenced|refcount' "$log" || :)"
check 'no crash' "$before" "$(crashes)"
