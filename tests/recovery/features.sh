# The feature store under concurrent pushes, and after dump, restore and update: datasets can be made again exactly, online rows are
# the newest of the history, no incremental run misses a row. Read by run.sh; QUIVER_SOAK_SECONDS makes it longer.
# shellcheck shell=bash disable=SC2154  # scratch

sql postgres -c 'CREATE DATABASE features'
sql features >"$scratch/setup" <<'SQL' || cat "$scratch/setup"
CREATE EXTENSION quiver;
SELECT quiver.feature_create_entity('account', '{"account": "bigint"}');
SELECT quiver.feature_create_view('balance', 'account', managed => true, online => true, ttl => '30 minutes',
    features => '[{"note": "text"}, {"balance": "numeric"}]',
    windows => '[{"name": "n", "agg": "count", "column": "balance", "window": "1 hour"}]');
CREATE TABLE payment (account int, at timestamptz, seen timestamptz, amount float8);
SELECT quiver.feature_create_view('payment', 'account', source => 'payment', event_ts => 'at', created_ts => 'seen', online => true);
SELECT quiver.feature_create_service('risk', ARRAY['balance:*', 'payment:amount'], transforms => '{"share": "amount / nullif(balance, 0)::float8"}');
CALL quiver.feature_materialize('payment');
CREATE TABLE label AS SELECT (random() * 60)::int AS account, timestamptz '2024-01-01Z' + random() * interval '1 day' AS event_ts, n AS label
FROM generate_series(1, 400) AS n;
-- push(n): n rows out of order, one transaction; now and then rolled back, or with a subtransaction.
CREATE PROCEDURE push(rows int) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM quiver.feature_push_rows('balance', format('SELECT (random() * 50)::int AS account, '
        'timestamptz ''2024-01-01Z'' + (random() * 1440)::int * interval ''1 minute'' AS event_ts, (random() * 100)::numeric AS balance, '
        '''w'' || pg_backend_pid() AS note FROM generate_series(1, %s)', rows));
    BEGIN
        INSERT INTO payment SELECT (random() * 50)::int, timestamptz '2024-01-01Z' + (random() * 1440)::int * interval '1 minute',
            clock_timestamp(), random() FROM generate_series(1, rows);
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
    PERFORM pg_sleep(random() * 0.02);
    IF random() < 0.1 THEN
        ROLLBACK;
    END IF;
END $$;
CREATE PROCEDURE push_for(seconds int) LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + seconds * interval '1 second';
BEGIN
    WHILE clock_timestamp() < until LOOP
        CALL push(20);
        COMMIT;
    END LOOP;
END $$;
SQL

seconds=${QUIVER_SOAK_SECONDS:-6}
writers=()
for writer in 1 2 3 4 5 6 7 8; do
    (
        PGOPTIONS='-c client_min_messages=error' psql -Xq -v ON_ERROR_STOP=1 -d features -c "CALL push_for($seconds)" \
            >"$scratch/writer_$writer" 2>&1 || echo "writer $writer failed" >>"$scratch/writer_$writer"
    ) &
    writers+=($!)
done
datasets=0
end=$((SECONDS + seconds))
# Three at least, however slow the machine is.
while [ "$SECONDS" -lt "$end" ] || [ "$datasets" -lt 3 ]; do
    datasets=$((datasets + 1))
    sql features -c "CALL quiver.feature_create_dataset('d$datasets', 'label', features => ARRAY['balance:*'])" \
        -c "CALL quiver.feature_materialize('payment')" >>"$scratch/datasets" || :
    sleep 0.3
done
wait "${writers[@]}"
check 'writers and datasets got on without errors' '' "$(cat "$scratch"/writer_* "$scratch/datasets")"
check 'datasets differ, as rows kept coming' yes "$(sql features -c 'SELECT CASE WHEN count(DISTINCT content_hash) > 1 THEN $$yes$$ END FROM quiver.feature_dataset')"

# differing DATABASE: how many values of all datasets a replay does not give as they were.
differing() {
    sql "$1" -c "SELECT sum(changed + appeared + vanished) FROM quiver.feature_dataset d, quiver.feature_diff_dataset(d.name, false)"
}
tampered() {
    sql "$1" -c "SELECT count(*) FROM quiver.feature_dataset d WHERE content_hash <> quiver.feature_hash(format('%I.%I', target_schema,
        target_table)::regclass, ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = format('%I.%I', target_schema,
        target_table)::regclass AND attnum > 0 ORDER BY attnum))"
}
check 'every dataset is made again as it was' 0 "$(differing features)"
check 'now they would be different' yes \
    "$(sql features -c "SELECT CASE WHEN sum(changed + appeared + vanished) > 0 THEN 'yes' END FROM quiver.feature_diff_dataset('d1')")"
newest="SELECT count(*) FROM (SELECT DISTINCT ON (account) * FROM balance_history ORDER BY account, event_ts DESC, created_ts DESC, ingest_id DESC) h
    FULL JOIN balance_v1_online o USING (account)
    WHERE (h.event_ts, h.created_ts, h.ingest_id, h.balance, h.note) IS DISTINCT FROM (o.event_ts, o.created_ts, o.ingest_id, o.balance, o.note)"
check 'each online row is the newest of the history' 0 "$(sql features -c "$newest")"
check 'accounts were pushed' 51 "$(sql features -c 'SELECT count(*) FROM balance_v1_online')"
sql features -c "CALL quiver.feature_materialize('payment')"
missed="SELECT count(*) FROM (SELECT DISTINCT ON (account) * FROM payment ORDER BY account, at DESC, seen DESC) p
    FULL JOIN payment_v1_online o USING (account) WHERE (p.at, p.seen, p.amount) IS DISTINCT FROM (o.event_ts, o.created_ts, o.amount)"
check 'incremental runs under way missed no row' 0 "$(sql features -c "$missed")"
sql features -c VACUUM
check 'VACUUM changes nothing of that' 0 "$(differing features)"

# A transaction that is open while a run takes its watermark, with a row of a subtransaction.
(sql features -c 'BEGIN' -c "INSERT INTO payment VALUES (900, '2024-01-01Z', '2024-01-01Z', 1)" -c 'SAVEPOINT s' \
    -c "INSERT INTO payment VALUES (901, '2024-01-01Z', '2024-01-01Z', 1)" -c 'SELECT pg_sleep(1.5)' -c COMMIT >/dev/null) &
open_transaction=$!
sleep 0.5
sql features -c "CALL quiver.feature_materialize('payment')" -c "INSERT INTO payment VALUES (902, '2024-01-01Z', '2024-01-01Z', 1)" \
    -c "CALL quiver.feature_materialize('payment')"
wait "$open_transaction"
sql features -c "CALL quiver.feature_materialize('payment')"
check 'rows of a transaction that was open during runs are not missed' 3 "$(sql features -c 'SELECT count(*) FROM payment_v1_online WHERE account >= 900')"

# Online reads descend the indexes themselves: what they find is what a scan finds, while leaves split, versions pile up and
# VACUUM takes pages away.
sql features >"$scratch/hot" <<'SQL' || cat "$scratch/hot"
SELECT quiver.feature_create_entity('item', '{"item": "bigint"}');
SELECT quiver.feature_create_view('hot', 'item', managed => true, online => true, features => '{"n": "bigint"}');
SELECT quiver.feature_create_view('cold', 'item', managed => true, online => true, features => '{"m": "bigint"}');
SELECT quiver.feature_create_service('items', ARRAY['hot:n', 'cold:m']);
CREATE INDEX ON hot_v1_online (n);
ALTER TABLE hot_v1_online SET (autovacuum_enabled = off);
INSERT INTO cold_v1_online (item, event_ts, ingest_id, m) SELECT i, '2024-01-01Z', 0, i FROM generate_series(1, 2000) AS i;
CREATE PROCEDURE change_for(seconds int) LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + seconds * interval '1 second';
    low bigint;
BEGIN
    WHILE clock_timestamp() < until LOOP
        low := random() * 2000;
        INSERT INTO hot_v1_online AS h (item, event_ts, ingest_id, n) SELECT i, '2024-01-01Z', 0, i FROM generate_series(low, low + 300) AS i
        ON CONFLICT (item) DO UPDATE SET n = h.n + 1;
        COMMIT;
        -- Waits for nobody, so that nobody can wait for each other.
        DELETE FROM hot_v1_online WHERE item IN (SELECT item FROM hot_v1_online WHERE item BETWEEN low - 100 AND low FOR UPDATE SKIP LOCKED);
        COMMIT;
    END LOOP;
END $$;
CREATE PROCEDURE compare_for(seconds int, OUT reads bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + seconds * interval '1 second';
    low bigint;
    differing bigint;
BEGIN
    reads := 0;
    wrong := 0;
    WHILE clock_timestamp() < until LOOP
        low := random() * 2000;
        -- One statement, one snapshot; the scan of hot is of the heap alone.
        SELECT count(*) INTO differing FROM generate_series(low, low + 200) AS i
        LEFT JOIN (SELECT item + 0 AS item, n FROM hot_v1_online) AS h ON h.item = i
        LEFT JOIN (SELECT item + 0 AS item, m FROM cold_v1_online) AS c ON c.item = i
        WHERE quiver.feature_online('items', i) IS DISTINCT FROM jsonb_build_object('n', h.n, 'm', c.m);
        reads := reads + 201;
        wrong := wrong + differing;
        COMMIT;
    END LOOP;
END $$;
SQL
hot=$((seconds < 60 ? seconds : 60))
for writer in 1 2; do
    sql features -c "CALL change_for($hot)" >"$scratch/change_$writer" 2>&1 &
done
for reader in 1 2; do
    sql features -c "CALL compare_for($hot, NULL, NULL)" >"$scratch/compare_$reader" 2>&1 &
done
for _ in $(seq $((hot / 2))); do
    sleep 2
    sql features -c 'VACUUM hot_v1_online' >>"$scratch/change_1" 2>&1
done
wait
check 'reads beside splits, updates and VACUUM find what a scan finds' '0 0' \
    "$(cat "$scratch"/compare_* | awk -F'|' '{ if ($1 > 0) printf "%s%s", sep, $2; else printf "%sno reads: %s", sep, $0; sep = " " }')"
check 'and nobody was in the way' '' "$(cat "$scratch"/change_*)"

# REINDEX locks the table no more than a read does, and takes the index's file away.
sql features <<'SQL'
CREATE PROCEDURE read_for(seconds int) LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + seconds * interval '1 second';
BEGIN
    WHILE clock_timestamp() < until LOOP
        FOR statement IN 1..20 LOOP
            PERFORM quiver.feature_online('items', i) FROM generate_series(1, 50) AS i;
        END LOOP;
        COMMIT;
    END LOOP;
END $$;
SQL
for reader in 1 2; do
    sql features -c 'CALL read_for(4)' >"$scratch/read_$reader" 2>&1 &
done
for _ in $(seq 40); do
    sql features -c 'REINDEX INDEX cold_v1_online_pkey' -c 'CHECKPOINT' >>"$scratch/read_1" 2>&1
done
wait
check 'REINDEX takes no index away from reads' '' "$(cat "$scratch"/read_*)"

# Delivery: who listens hears of a push when it is committed, and of none that is rolled back.
sql features -c "SELECT quiver.feature_deliver('balance', notify => true, outbox => true)" >/dev/null
pushed="SELECT quiver.feature_push('balance', jsonb_build_object('account', 999, 'event_ts', '2024-01-01Z', 'balance', BALANCE))"
heard=$(sql features -c 'LISTEN quiver_feature' -c BEGIN -c "${pushed/BALANCE/1}" -c ROLLBACK -c "${pushed/BALANCE/2}" |
    sed -n 's/^Asynchronous notification "quiver_feature" with payload "\(.*\)" received.*/\1/p')
check 'a push is announced' '{"view": "balance", "online": 1, "appended": 1}' "$heard"
check 'and in the outbox' '2' "$(sql features -c "SELECT payload ->> 'balance' FROM quiver.feature_outbox")"

# Who decodes the WAL gets pushed rows in the order of their commits, and none that was rolled back.
sql features -c "SELECT 1 FROM pg_create_logical_replication_slot('outbox', 'test_decoding')" >/dev/null
sql features -c BEGIN -c "${pushed/BALANCE/3}" -c ROLLBACK -c "${pushed/BALANCE/4}" -c "${pushed/BALANCE/5}" >/dev/null
check 'the outbox is decoded' "4 5" "$(sql features -c "SELECT string_agg(substring(data FROM '\"balance\": ([0-9]+)'), ' ')
    FROM pg_logical_slot_get_changes('outbox', NULL, NULL) WHERE data LIKE 'table quiver.feature_outbox: INSERT:%'")"
sql features -c "SELECT pg_drop_replication_slot('outbox')" >/dev/null

# Dump and restore: definitions, datasets, online rows, counters.
facts() {
    sql "$1" <<'SQL'
SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM quiver.feature_view_version t;
SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM quiver.feature_column t;
SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM quiver.feature_service_member t;
SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM quiver.feature_transform t;
SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM quiver.feature_dataset t;
SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM quiver.feature_dataset_member t;
SELECT md5(string_agg(quiver.feature_online('risk', a)::text, ';' ORDER BY a)) FROM generate_series(0, 50) AS a;
SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM quiver.feature_get_historical('label', service => 'risk')
    AS t(account int, event_ts timestamptz, label int, note text, balance numeric, n bigint, amount float8, share float8);
SQL
}
before=$(facts features)
check 'the questions asked have answers' '8 0' "$(grep -c . <<<"$before") $(grep -c ERROR <<<"$before")"
sql postgres -c 'CREATE DATABASE features_restored'
pg_dump -Fc -f "$scratch/features.dump" features
check 'a dump restores without an error' 0 "$(pg_restore --exit-on-error -d features_restored "$scratch/features.dump" 2>&1; echo $?)"
check 'definitions, datasets and features are the same' "$before" "$(facts features_restored)"
check 'datasets are made again in the restored database' 0 "$(differing features_restored)"
sql features_restored -c 'CALL push(200)' -c 'CALL push(200)' >/dev/null
check 'also after more pushes there' '0 0' "$(differing features_restored) $(tampered features_restored)"
sql features_restored -c "INSERT INTO payment VALUES (903, '2024-01-01Z', '2024-01-01Z', 1)" -c "CALL quiver.feature_materialize('payment')"
check 'and incremental runs go on' '1 0' "$(sql features_restored -c 'SELECT count(*) FROM payment_v1_online WHERE account = 903') $(sql features_restored -c "$missed")"

# An update of the extension leaves what is in its tables.
extension_dir=$(find "$QUIVER_ROOT" -path '*/extension/quiver.control' -printf '%h\n' | head -n 1)
version=$(sql features -c "SELECT extversion FROM pg_extension WHERE extname = 'quiver'")
echo '-- Nothing changes: this is the test of an update.' >"$extension_dir/quiver--$version--$version.next.sql"
check 'the extension is updated' '' "$(sql features -c "ALTER EXTENSION quiver UPDATE TO '$version.next'")"
check 'and keeps definitions and datasets' "$before 0" "$(facts features) $(differing features)"
rm -f "$extension_dir/quiver--$version--$version.next.sql"
