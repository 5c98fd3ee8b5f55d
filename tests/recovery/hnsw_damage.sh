# Damaged pages: bytes flipped anywhere in an index give an error or an answer of real rows, never a crash or a hang.
# DAMAGE_TRIALS indexes, each damaged in another place. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, check
. tests/recovery/hnsw_lib.sh

trials=${DAMAGE_TRIALS:-24}
hnsw_database damage 400
for n in $(seq "$trials"); do
    echo "CREATE TABLE d$n (id int, v vector($dims)) WITH (autovacuum_enabled = off); INSERT INTO d$n SELECT * FROM t;
          CREATE INDEX d${n}_v ON d$n USING hnsw (v vector_l2_ops) WITH ($options); DELETE FROM d$n WHERE id % 10 = 0;
          SELECT '$n ' || pg_relation_filepath('d${n}_v') || ' ' || pg_relation_size('d${n}_v') / 8192;"
done | PGOPTIONS='-c client_min_messages=error' psql -XqAt -v ON_ERROR_STOP=1 -d damage >"$scratch/files"
check 'the indexes to damage are there' "$trials" "$(wc -l <"$scratch/files")"
sql damage -c CHECKPOINT >/dev/null
server stop -m fast
while read -r n path blocks; do
    # Every page is met in turn.
    damage_file "$PGDATA/$path" "$n" "$blocks"
done <"$scratch/files"
before=$(crashes)
server start -l "$log"
errors=0 wrong='' hung=''
while read -r n path blocks; do
    for statement in "SELECT array_agg(id) FROM (SELECT id FROM d$n ORDER BY v <-> $(level 5) LIMIT 10) AS s" \
        "SET hnsw.iterative_scan = relaxed_order; SELECT count(*) FROM (SELECT id FROM d$n ORDER BY v <-> $(level 7)) AS s" \
        "INSERT INTO d$n SELECT id + 1000, v FROM t WHERE id < 20" "VACUUM (INDEX_CLEANUP on) d$n" \
        "SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE NOT EXISTS (SELECT FROM t WHERE t.id = s.id % 1000)) FROM
            (SELECT id FROM d$n ORDER BY v <-> $(level 5) LIMIT 30) AS s" \
        "SELECT count(*) FROM quiver.hnsw_verify('d${n}_v')"; do
        case $statement in *hnsw_verify*) [ "$(sql damage -c "SELECT count(*) FROM pg_proc WHERE proname = 'hnsw_verify'")" != 0 ] || continue ;; esac
        # VACUUM must stand alone; the settings come with the connection.
        answer=$(PGOPTIONS='-c client_min_messages=error -c enable_seqscan=off -c enable_sort=off -c statement_timeout=20s' \
            psql -XqAt -d damage -v VERBOSITY=verbose -c "$statement" 2>&1 || :)
        case $answer in
            *'57014'*) hung="$hung $n" ;;
            *ERROR*XX00*) errors=$((errors + 1)) ;;
            *ERROR*) wrong="$wrong; trial $n: $(head -n 1 <<<"$answer")" ;;
            *'|'*) read -r rows distinct strangers <<<"${answer//|/ }"
                [ "$rows" = "$distinct" ] && [ "$strangers" = 0 ] || wrong="$wrong; trial $n: $answer" ;;
            *'server closed'* | *'terminat'*) wrong="$wrong; trial $n: $answer" ;;
        esac
    done
done <"$scratch/files"
check 'no damage crashes the server' "$before" "$(crashes)"
check 'none makes a statement hang' '' "$hung"
check 'none gives an error of another class, a row twice, or a row that is not there' '' "$wrong"
check 'some of it is met and named as corruption' yes "$([ "$errors" -gt 0 ] && echo yes || echo "no ($errors)")"
check 'REINDEX mends it' 24 "$(for n in $(seq 24); do [ "$n" -le "$trials" ] || { echo sound; continue; }
    sql damage -c "REINDEX INDEX d${n}_v" >/dev/null; sound damage "d$n"; done | grep -c '^sound$')"
