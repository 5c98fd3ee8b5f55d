# Servers and processes killed under load, full disks under each policy, machines that crash.
# shellcheck shell=bash disable=SC2154,SC2016  # scratch and the rest of lib.sh
# audited WHAT: every committed row has its event, and the log is sound. Of a transaction that was cut off the
# log may not know how it ended.
audited() {
    local committed=0 possible=0 count=0
    count=$(rows)
    committed=$(inserts "'committed'") possible=$(inserts "'committed', 'crashed', 'done', 'running'")
    check "$1: every committed row has an event ($committed <= $count <= $possible)" yes \
        "$([ "$committed" -le "$count" ] && [ "$count" -le "$possible" ] && [ "$count" -gt 50 ] && echo yes)"
    check "$1: the log is sound and nothing is lost" '' "$(problems)"
}

has_no_worker() { [ "$(ask 'SELECT is_running FROM quiver.audit_status()')" = f ] && sleep 2 && [ "$(ask 'SELECT is_running FROM quiver.audit_status()')" = f ]; }
new_cluster crash shared_preload_libraries=quiver quiver.audit=all,-login quiver.audit_ring_size=4MB
q 'CREATE TABLE t (id serial, pid int)' >/dev/null
load 20 4 two
sleep 2
kill_server
end_load
wait_for 20 answers || :
audited 'postmaster killed'
load 20 4 insert
sleep 1.5
kill -KILL "$(worker_pid)"
end_load
wait_for 20 answers || :
audited 'worker killed'
load 20 4 two
sleep 1.5
kill -KILL "$(ask "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench' LIMIT 1")"
end_load
wait_for 20 answers || :
audited 'backend killed'
(q 'BEGIN' 'INSERT INTO t VALUES (-1, -1)' 'SELECT pg_sleep(30)' >/dev/null &)
wait_for 10 bash -c "[ \"\$(psql -XqAt -U auditor -c \"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND state = 'active' AND usename = 'postgres'\")\" = 1 ]"
kill -KILL "$(ask "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND usename = 'postgres'")"
sleep 1
wait_for 20 answers || :
check 'a statement that a kill cut short is recorded as crashed' 'INSERT crashed;SELECT crashed' \
    "$(ask "SELECT command || ' ' || outcome FROM quiver.audit_events() WHERE text LIKE '%pg_sleep%' OR (verb = 'INSERT' AND columns = '{id,pid}' AND outcome = 'crashed') ORDER BY 1" | sort -u | tr '\n' ';' | sed 's/;$//')"
chmod 000 "$data/quiver_audit"
kill -TERM "$(worker_pid)"
holds 'a worker that cannot open its log is not running, and the status says so' wait_for 20 has_no_worker
chmod 700 "$data/quiver_audit"
holds 'it runs again when it can' wait_for 20 answers
stop
check 'the stand-alone verifier agrees' 0 "$(verify --key "$data/quiver_audit/sign.pub" "$data/quiver_audit" >"$scratch/verdict"; echo $?)"
holds 'and tells of the start after the crash' grep -q 'had not ended when its process died' "$scratch/verdict"

# A machine that crashes: what no fsync has covered is gone, the ring with it. Durable events are in WAL.
new_cluster machine shared_preload_libraries=quiver quiver.audit=all,-login quiver.audit_durable=commit fsync=on
q 'CREATE TABLE t (id serial, pid int)' >/dev/null
load 3 2 insert
end_load
# WAL of more than one file, of which the checkpoint after the crash needs the last alone.
psql -XqAt -U auditor -c 'SELECT pg_switch_wal()' >/dev/null
load 2 2 insert
end_load
psql -XqAt -U auditor -c 'SELECT pg_switch_wal()' >/dev/null
before=$(inserts "'committed'")
PGOPTIONS='-c quiver.audit_durable=on' q 'SELECT id AS marker FROM t LIMIT 1' >/dev/null
kill -KILL "$(head -n 1 "$data/postmaster.pid")"
sleep 1
rm -f "$data/quiver_audit/ring"
truncate -s 9000 "$data/quiver_audit/0000000000000001.qas"
: >"$data/quiver_audit/0000000000000001.notes"
wait_for 10 start || :
wait_for 20 answers || :
# All at once, when the last is read.
wait_for 30 bash -c '[ "$(psql -XqAt -U auditor -c "SELECT count(*) FROM quiver.audit_events() WHERE command = '"'WAL'"'")" = 1 ]' || :
check 'durable: what the files have lost comes back from WAL' yes "$([ "$before" -gt 50 ] && [ "$(inserts "'committed'")" = "$before" ] && echo yes || echo "$before $(inserts "'committed'")")"
check 'durable = on: so does what only read' 'SELECT committed' \
    "$(ask "SELECT command || ' ' || outcome FROM quiver.audit_events() WHERE text LIKE 'SELECT id AS marker%'")"
check 'durable: each once' 0 "$(ask "SELECT count(*) FROM (SELECT session, number, action FROM quiver.audit_events() WHERE session IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1) d")"
stop

# A long durable transaction: the worker takes its first events before it ends, so they are in no WAL. Its commit waits
# until they are on disk. No fsync and no checkpoint comes by itself here.
new_cluster long shared_preload_libraries=quiver quiver.audit=write quiver.audit_durable=commit quiver.audit_stage=50ms \
    quiver.audit_sync=60s quiver.audit_checkpoint=1h fsync=on
q 'CREATE TABLE t (id int)' >/dev/null
# The first checkpoint is due at once: it is had before.
q 'DELETE FROM t' >/dev/null
ask 'SELECT quiver.audit_checkpoint()' >/dev/null
written=$(ask 'SELECT events_written FROM quiver.audit_status()')
before=$(ask 'SELECT records_synced FROM quiver.audit_status()')
cat >"$scratch/status" <<STATUS
until [ "\$(psql -XqAt -U auditor -c 'SELECT events_written > $written FROM quiver.audit_status()')" = t ]; do sleep 0.05; done
sleep 0.5
psql -XqAt -U auditor -c "SELECT 'synced ' || records_synced FROM quiver.audit_status()"
STATUS
q 'BEGIN' 'INSERT INTO t VALUES (1)' "\\! timeout 60 bash '$scratch/status'" 'INSERT INTO t VALUES (2)' 'COMMIT' >"$scratch/long.synced"
after=$(ask 'SELECT records_synced FROM quiver.audit_status()')
check 'long transaction: its first events have left it and are not on disk before it commits' "synced $before" "$(cat "$scratch/long.synced")"
check 'long transaction: once it has committed they are' yes "$([ "$after" -gt "$before" ] && echo yes || echo "$before $after")"
size=$(stat -c %s "$data/quiver_audit/0000000000000001.qas")
# shellcheck disable=SC2046  # two numbers
kill -KILL "$(worker_pid)" "$(head -n 1 "$data/postmaster.pid")"
sleep 1
rm -f "$data/quiver_audit/ring"
truncate -s "$size" "$data/quiver_audit/0000000000000001.qas"
wait_for 10 start || :
wait_for 20 answers || :
sleep 1
check 'long transaction: after a crash of the machine both halves are there, and committed' 'INSERT committed;INSERT committed' \
    "$(ask "SELECT command || ' ' || outcome FROM quiver.audit_events() WHERE command = 'INSERT' ORDER BY number" | tr '\n' ';' | sed 's/;$//')"
check 'long transaction: the log is sound' '' "$(problems)"
stop

# full POLICY: a cluster whose log fills a small disk, which grows later.
full() {
    local disk=$scratch/disk_$1
    mkdir "$disk"
    mount -t tmpfs -o "size=${2:-4300k},mode=0777" tmpfs "$disk" || return 1
    mounted+=("$disk")
    new_cluster "full_$1" shared_preload_libraries=quiver quiver.audit=write quiver.audit_shards=1 quiver.audit_ring_size=2000kB \
        max_connections=10 max_worker_processes=2 max_wal_senders=0 "quiver.audit_on_full=$1" "quiver.audit_directory=$disk/log"
    q 'CREATE TABLE t (id serial, pid int)' >/dev/null
}
larger() { mount -o remount,size=64m "$scratch/disk_$1"; }
mounted=()
many="DO \$\$ BEGIN FOR i IN 1..40000 LOOP INSERT INTO t (pid) VALUES (i); END LOOP; END \$\$"
if full continue; then
    check 'full disk, continue: statements go on' 'DO' "$(psql -XAtc "$many" 2>&1)"
    lost=$(ask 'SELECT events_lost FROM quiver.audit_status()')
    check 'full disk, continue: the loss is counted' yes "$([ "$lost" -gt 0 ] && echo yes)"
    larger continue
    wait_for 10 bash -c "[ \"\$(psql -XqAt -U auditor -c 'SELECT is_stalled FROM quiver.audit_status()')\" = f ]" || :
    check 'full disk, continue: what is there and what is counted as lost is all' yes \
        "$(total=$(($(inserts "'committed', 'done', 'running'") + lost)) && [ $total -ge 40000 ] && [ $total -le 40005 ] && echo yes || echo $total)"
    check 'full disk, continue: the verifier names the loss' 'lost events' "$(problems | sed 's,^event gap.,,')"
    check 'full disk, continue: the loss record has the count' "$lost" \
        "$(ask "SELECT sum(rows) FROM quiver.audit_events() WHERE kind = 'loss'")"
    stop
    full block
    (psql -XAtc "$many" >"$scratch/blocked" 2>&1 &)
    sleep 4
    check 'full disk, block: the statement waits' '' "$(cat "$scratch/blocked")"
    larger block
    wait_for 60 grep -q DO "$scratch/blocked" || :
    check 'full disk, block: it goes on when there is room, and nothing is lost' '40000 0' \
        "$(inserts "'committed'") $(ask 'SELECT events_lost FROM quiver.audit_status()')"
    stop
    full error
    check 'full disk, error: the statement is refused with 53000' 53000 \
        "$(psql -XAt -v VERBOSITY=sqlstate -c "$many" 2>&1 | sed -n 's/^ERROR:  //p')"
    larger error
    sleep 2
    check 'full disk, error: statements go on when there is room, nothing is lost' 'INSERT 0 1 0' \
        "$(psql -XAtc 'INSERT INTO t (pid) VALUES (0)' 2>&1) $(ask 'SELECT events_lost FROM quiver.audit_status()')"
    stop
    full stop
    psql -XAtc "$many" >/dev/null 2>&1 || :
    larger stop
    holds 'full disk, stop: the server shuts down' wait_for 20 bash -c "[ ! -e '$data/postmaster.pid' ]"
    umount "${mounted[@]}" || :
else
    echo 'no file system may be mounted here: the tests of a full disk are left out'
fi
