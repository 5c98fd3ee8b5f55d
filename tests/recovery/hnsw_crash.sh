# A server killed at a random moment of build, insert, update and vacuum: after recovery the committed rows are
# there and the index is sound. CRASH_ROUNDS rounds. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, check
. tests/recovery/hnsw_lib.sh

hnsw_database crash 3000
next=100000
workload() { # workload KIND: statements that go on until the server dies
    case $1 in
        build) while :; do sql crash -c 'DROP INDEX IF EXISTS again_v' -c "CREATE INDEX again_v ON t USING hnsw (v vector_l2_ops) WITH ($options)" >/dev/null; done ;;
        insert) while :; do sql crash -c "INSERT INTO t SELECT i, $point FROM generate_series($2, $2 + 9) AS i" >/dev/null || return 0; set -- "$1" $(($2 + 10)); done ;;
        update) while :; do sql crash -c "UPDATE t SET v = (SELECT array_agg(x + 0.01) FROM unnest(v::real[]) AS x)::vector($dims) WHERE id % 211 = $(random 0 210)" >/dev/null; done ;;
        vacuum) while :; do sql crash -c "DELETE FROM t WHERE id % 13 = $(random 0 12) AND id > $(random 500 3000)" -c 'VACUUM (INDEX_CLEANUP on) t' \
            -c "INSERT INTO t SELECT i, $point FROM generate_series(501, 3000) AS i ON CONFLICT DO NOTHING" >/dev/null; done ;;
    esac
}
kinds=(build insert vacuum update)
for round in $(seq "${CRASH_ROUNDS:-4}"); do
    kind=${kinds[(round - 1) % 4]}
    sql crash -c CHECKPOINT >/dev/null
    # Two at once: the one in question, and inserts beside it.
    workload "$kind" $next & first=$!
    workload insert $((next + 50000)) & second=$!
    sleep "$(random 0 1).$(random 100 999)"
    disown "$first" "$second" 2>/dev/null || :
    # The workloads go first, that none of them meets the server when it is back.
    kill -STOP "$first" "$second" 2>/dev/null || :
    kill_server
    kill -KILL "$first" "$second" 2>/dev/null || :
    check "round $round, killed during $kind and insert: the index is sound" sound "$(sound crash)"
    sql crash -c 'DROP INDEX IF EXISTS again_v' -c "DELETE FROM t WHERE id >= 100000 AND random() < 0.5" -c 'VACUUM t' >/dev/null
    next=$((next + 200000))
done
check 'it takes inserts and a vacuum after that' sound "$(sql crash -c 'DELETE FROM t WHERE id % 3 = 0' -c 'VACUUM t' \
    -c "INSERT INTO t SELECT i, $point FROM generate_series(20001, 20500) AS i" >/dev/null; sound crash)"

# Unlogged: empty after the crash, and usable. Temporary: its own session's.
sql crash -c "CREATE UNLOGGED TABLE u (id int PRIMARY KEY, v vector($dims))" -c "INSERT INTO u SELECT id, v FROM t LIMIT 500" \
    -c "CREATE INDEX u_v ON u USING hnsw (v vector_l2_ops) WITH ($options)" >/dev/null
kill_server
check 'an unlogged table and its index are empty after a crash' 0 "$(sql crash -c 'SET enable_seqscan = off' \
    -c "SELECT count(*) FROM (SELECT id FROM u ORDER BY v <-> $(level 5) LIMIT 5) AS s")"
check 'and take rows again' sound "$(sql crash -c 'INSERT INTO u SELECT id, v FROM t' >/dev/null; sound crash u)"
check 'a temporary table has an index like any other' 5 "$(sql crash -c 'CREATE TEMP TABLE temporary AS SELECT * FROM t' \
    -c "CREATE INDEX ON temporary USING hnsw (v vector_l2_ops) WITH ($options)" -c 'INSERT INTO temporary SELECT id + 1000000, v FROM t LIMIT 100' \
    -c 'VACUUM temporary' -c 'SET enable_seqscan = off' -c "SELECT count(*) FROM (SELECT id FROM temporary ORDER BY v <-> $(level 5) LIMIT 5) AS s")"
