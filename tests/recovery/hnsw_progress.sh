# What pg_stat_progress_create_index says of a build: its phases by pgvector's names, and rows that grow to their number. Read by run.sh.
# shellcheck shell=bash disable=SC2154  # scratch, check
. tests/recovery/hnsw_lib.sh

rows=40000
hnsw_database progress $rows
# Every 5 ms, from before the build to its end.
sql progress -c 'CREATE TABLE seen (at int GENERATED ALWAYS AS IDENTITY, phase text, done bigint)' -c "DO \$\$
    DECLARE began timestamptz := clock_timestamp(); one record; any_seen bool := false;
    BEGIN
        WHILE clock_timestamp() < began + interval '90 s' LOOP
            PERFORM pg_stat_clear_snapshot();
            SELECT phase, tuples_done INTO one FROM pg_stat_progress_create_index WHERE datname = 'progress';
            EXIT WHEN any_seen AND NOT FOUND;
            IF FOUND THEN
                any_seen := true;
                INSERT INTO seen (phase, done) VALUES (one.phase, one.tuples_done);
            END IF;
            PERFORM pg_sleep(0.005);
        END LOOP;
    END \$\$" >"$scratch/looker" &
looker=$!
sleep 0.5
sql progress -c "CREATE INDEX again_v ON t USING hnsw (v vector_l2_ops) WITH ($options)" >/dev/null
wait $looker || cat "$scratch/looker"
check 'a build is in the phase in which it loads rows' t "$(sql progress -c "SELECT count(*) > 3 FROM seen WHERE phase = 'building index: loading tuples'")"
check 'and in no phase without a name' '' "$(sql progress -c "SELECT DISTINCT phase FROM seen WHERE phase !~ '^(initializing|building index: (initializing|loading tuples))\$'")"
check 'the rows done grow' t "$(sql progress -c 'SELECT count(DISTINCT done) > 3 FROM seen')"
check 'and never fall' 0 "$(sql progress -c 'SELECT count(*) FROM (SELECT done < lag(done) OVER (ORDER BY at) AS less FROM seen) s WHERE less')"
check 'up to their number' t "$(sql progress -c "SELECT max(done) BETWEEN $rows / 2 AND $rows FROM seen")"
