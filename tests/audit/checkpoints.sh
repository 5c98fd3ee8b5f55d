# The server's checkpoints and durable events: recovery begins at the last one, so what WAL had before is on disk by then.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh

# machine_crashes: what no fsync has covered is gone, the ring with it. Here no fsync comes by itself.
machine_crashes() {
    local log
    log=$(ask 'SHOW quiver.audit_directory')
    [[ $log = /* ]] || log=$data/$log
    kill -KILL "$(worker_pid)" "$(head -n 1 "$data/postmaster.pid")"
    sleep 1
    rm -f "$log/ring"
    wait_for 10 start || :
    wait_for 20 answers || :
}
inserted() { ask "SELECT command || ' ' || outcome FROM quiver.audit_events() WHERE command = 'INSERT' ORDER BY time, number" | tr '\n' ';' | sed 's/;$//'; }
lazy=(shared_preload_libraries=quiver quiver.audit=write quiver.audit_stage=1h quiver.audit_sync=60s quiver.audit_checkpoint=1h fsync=on)

new_cluster held "${lazy[@]}" quiver.audit_durable=commit
q 'CREATE TABLE t (id int)' 'INSERT INTO t VALUES (1)' >/dev/null
# A slot that nobody reads: its WAL is older than what the audit wants after the crash.
ask "SELECT pg_create_physical_replication_slot('slow', true)" >/dev/null
for _ in 1 2 3; do ask "SELECT pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal(), 1" >/dev/null; done
# Another session's open transaction does not keep what has ended, nor what it has written to WAL itself.
(q 'BEGIN' 'INSERT INTO t VALUES (2)' 'SELECT pg_sleep(2)' 'COMMIT' >/dev/null &)
wait_for 10 bash -c "[ \"\$(psql -XqAt -U auditor -c \"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND usename = 'postgres' AND state = 'active'\")\" = 1 ]"
before=$(ask 'SELECT records_synced FROM quiver.audit_status()')
check 'a checkpoint has the events on disk' yes \
    "$(ask CHECKPOINT; after=$(ask 'SELECT records_synced FROM quiver.audit_status()'); [ "$after" -gt "$before" ] && echo yes || echo "$before $after")"
machine_crashes
check 'durable: what was committed before a checkpoint outlives a crash right after it' 'INSERT committed;INSERT done' "$(inserted)"
check 'and the log is sound' '' "$(problems)"
ask CHECKPOINT >/dev/null
check 'a slot keeps the WAL it had' reserved "$(ask 'SELECT wal_status FROM pg_replication_slots')"
stop

new_cluster session "${lazy[@]}"
q 'CREATE TABLE t (id int)' >/dev/null
PGOPTIONS='-c quiver.audit_durable=commit' q 'INSERT INTO t VALUES (1)' 'SELECT pg_sleep(0.3)' 'INSERT INTO t VALUES (2)' '\! psql -XqAt -U auditor -c CHECKPOINT' >/dev/null
machine_crashes
check 'durable in one session: the same' 'INSERT committed;INSERT committed' "$(inserted)"
before=$(worker_pid)
kill -TERM "$before"
another_worker() { local now; now=$(worker_pid) && [ "$now" != "$before" ] && answers; }
holds 'a worker told to end while the server goes on comes again' wait_for 10 another_worker
q 'INSERT INTO t VALUES (3)' >/dev/null
check 'and what comes after is recorded' 3 "$(ask "SELECT count(*) FROM quiver.audit_events() WHERE command = 'INSERT'")"
stop

# A log that cannot be written keeps no checkpoint waiting.
mkdir "$scratch/disk_stalled"
if mount -t tmpfs -o size=4300k,mode=0777 tmpfs "$scratch/disk_stalled" 2>/dev/null; then
    new_cluster stalled shared_preload_libraries=quiver quiver.audit=write quiver.audit_durable=commit quiver.audit_shards=1 \
        quiver.audit_ring_size=2000kB max_connections=10 max_worker_processes=2 max_wal_senders=0 "quiver.audit_directory=$scratch/disk_stalled/log"
    q 'CREATE TABLE t (id int)' >/dev/null
    dd if=/dev/zero of="$scratch/disk_stalled/full" bs=64k status=none 2>/dev/null || :
    q "DO \$\$ BEGIN FOR i IN 1..100 LOOP INSERT INTO t VALUES (i); END LOOP; END \$\$" >/dev/null
    holds 'full disk: the log is behind' wait_for 10 bash -c '[ "$(psql -XqAt -U auditor -c "SELECT is_stalled FROM quiver.audit_status()")" = t ]'
    check 'full disk: a checkpoint ends' CHECKPOINT "$(timeout 20 psql -XAt -U auditor -c CHECKPOINT 2>&1)"
    machine_crashes
    holds 'full disk, and the machine crashed: what WAL gives back waits, too' wait_for 10 bash -c '[ "$(psql -XqAt -U auditor -c "SELECT is_stalled FROM quiver.audit_status()")" = t ]'
    ask CHECKPOINT >/dev/null
    machine_crashes
    rm "$scratch/disk_stalled/full"
    holds 'and the log goes on when there is room' wait_for 10 bash -c '[ "$(psql -XqAt -U auditor -c "SELECT is_stalled FROM quiver.audit_status()")" = f ]'
    check 'with nothing lost' 100 "$(ask "SELECT count(*) FROM quiver.audit_events() WHERE command = 'INSERT' OR verb = 'INSERT'")"
    stop
    wait_for 10 umount "$scratch/disk_stalled" || :
else
    echo 'no file system may be mounted here: the test of a full disk is left out'
fi
