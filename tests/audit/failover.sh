# Standbys: what they are asked, what they have when they are promoted, and what names the loss.
# shellcheck shell=bash disable=SC2154,SC2016  # scratch and the rest of lib.sh
kill_postmaster() { kill -KILL "$(head -n 1 "$data/postmaster.pid")"; }
# How long the last stop waited for sessions and workers before its checkpoint, in ms, by the server's log.
stop_took() {
    local asked ended
    asked=$(grep 'received fast shutdown request' "$data/server.log" | tail -n 1 | cut -d' ' -f1,2)
    ended=$(grep ' shutting down' "$data/server.log" | tail -n 1 | cut -d' ' -f1,2)
    echo $((($(date -ud "$ended" +%s%N) - $(date -ud "$asked" +%s%N)) / 1000000))
}
streams() { wait_for 20 bash -c '[ "$(psql -XqAt -U auditor -c "SELECT count(*) FROM pg_stat_replication")" = 1 ]' || :; }
replicated() { wait_for 20 bash -c "[ \"\$(psql -XqAt -U auditor -c 'SELECT count(*) FROM t')\" -ge $1 ]" || :; }

new_cluster primary shared_preload_libraries=quiver quiver.audit=all,-login quiver.audit_durable=on wal_level=replica fsync=on
q 'CREATE TABLE t (id serial, pid int)' >/dev/null
mark
PGOPTIONS='-c default_transaction_read_only=on' q 'SELECT count(*) FROM t' 'DELETE FROM t' >/dev/null
check 'a session that may only read is recorded, and what it may not do' 'DELETE public.t failed 25006;SELECT public.t committed' \
    "$(events "verb IS NOT NULL" "concat_ws(' ', verb, object_name, outcome, sqlstate)" | sort | tr '\n' ';' | sed 's/;$//')"
make_standby standby
use standby
start
check 'a standby begins a log of its own' 1 "$(find "$data/quiver_audit" -maxdepth 1 -name 'copied-*' | wc -l)"
check 'the copied log stays whole' 0 "$(verify --key "$data/quiver_audit/sign.pub" "$data"/quiver_audit/copied-* >"$scratch/verdict"; echo $?)"
mark
PGUSER=postgres q 'SELECT count(*) FROM t' >/dev/null
check 'what a standby is asked is recorded there' 'read SELECT public.t' "$(events "session_user_name = 'postgres' AND object_name = 'public.t'" | tail -n 1)"
use primary
# The worker waits two seconds for sessions at most. What sends WAL stays for the last checkpoint and is not waited for.
least=9999
streams
for _ in 1 2 3; do
    stop
    took=$(stop_took)
    [ "$took" -ge "$least" ] || least=$took
    start
    streams
done
check 'a server with a standby stops without waiting for it' yes "$([ "$least" -lt 1900 ] && echo yes || echo "$least ms")"
PGOPTIONS='-c quiver.audit_durable=commit' q 'SELECT pid AS of_a_session_that_ended FROM t LIMIT 1' >/dev/null
# One that only reads and stays: the worker writes what its transactions were to WAL.
PGOPTIONS='-c quiver.audit_durable=commit' psql -Xq -c 'SELECT pid AS of_a_session_that_stays FROM t LIMIT 1' -c 'SELECT pg_sleep(60)' >/dev/null 2>&1 &
stays=$!
sleep 1
load 3 2 insert
end_load
total=$(inserts "'committed'")
kill_postmaster
wait "$stays" 2>/dev/null || :
use standby
replicated "$total"
promote
sleep 2
check 'promotion, durable: the promoted server has every event of every row it has' yes \
    "$([ "$total" -gt 50 ] && [ "$(rows)" -gt 0 ] && [ "$(inserts "'committed'")" -ge "$(rows)" ] && echo yes || echo "$total $(inserts "'committed'") $(rows)")"
check 'promotion, durable: what only read is there too, of sessions that had ended and that had not' \
    'of_a_session_that_ended committed;of_a_session_that_stays committed' \
    "$(ask "SELECT DISTINCT substring(text from 'of_a_session_[a-z_]*') || ' ' || outcome FROM quiver.audit_events() WHERE text LIKE 'SELECT pid AS of_a%' ORDER BY 1" | tr '\n' ';' | sed 's/;$//')"
check 'promotion: its log is sound' '' "$(problems)"
stop

# Without durable mode, promoted while sessions write: each server has the events of its own sessions, and what the
# machine of the old one takes with it is named by the anchors, record by record.
anchors=$scratch/failover_anchors
mkdir "$anchors"
pgtree_give "$anchors"
new_cluster old shared_preload_libraries=quiver quiver.audit=write wal_level=replica fsync=on quiver.audit_checkpoint=50ms \
    "quiver.audit_anchor_directory=$anchors" quiver.audit_anchor_interval=1
q 'CREATE TABLE t (id serial, pid int)' >/dev/null
make_standby new
# An operator's mistake: the copy is made to go on with the log that it is a copy of.
make_standby twin
rm "$scratch/twin/quiver_audit/log"
use new
sed -i '/^quiver.audit_anchor/d' "$data/postgresql.conf"
start
use old
load 60 2 insert
wait_for 60 bash -c "[ \"\$(psql -XqAt -U auditor -c 'SELECT count(*) FROM t')\" -gt 200 ]" || :
wait_for 10 bash -c "[ \"\$(ls $anchors/*.note | wc -l)\" -gt 2 ]" || :
# However slow the machine: the standby has rows before it is all that is left.
use new
replicated 150
use old
kill_postmaster
end_load
use new
promote
first=$(rows)
load 3 2 insert
end_load
sleep 0.5
check 'promotion under load, continue: the promoted server has the events of its own sessions, all of them' yes \
    "$([ "$first" -gt 100 ] && [ "$(inserts "'committed'")" = "$(($(rows) - first))" ] && echo yes || echo "$first $(rows) $(inserts "'committed'")")"
check 'promotion under load, continue: its log is sound' '' "$(problems)"
stop
old=$scratch/old/quiver_audit
anchored=$(printf '%d' "0x$(find "$anchors" -name '*.note' -printf '%f\n' | sort | tail -n 1 | cut -d . -f 1)")
verify --key "$old/sign.pub" --anchors "$anchors" "$old" >"$scratch/verdict" || :
check 'what the old server left verifies with its anchors' yes "$(verdict_has ': 0 errors')"
# What its machine had not written out is gone: half of the file, its checkpoints, the ring.
rm -rf "$scratch/attacked" && cp -a "$old" "$scratch/attacked"
rm -f "$scratch/attacked/ring"
(cd "$scratch/attacked" && perl "$here/tests/audit/attack.pl" cut && : >0000000000000001.notes)
verify --key "$old/sign.pub" --anchors "$anchors" "$scratch/attacked" >"$scratch/verdict" || :
there=$(sed -nE 's/^[0-9]+ segments, ([0-9]+) records, .*/\1/p' "$scratch/verdict")
check 'what its machine took with it is named to the record' yes \
    "$([ "$there" -gt 1 ] && [ "$there" -lt "$anchored" ] &&
        verdict_has "^error: cut tail: .*: an anchor has $anchored leaves, $there are there: $((anchored - there)) are cut off")"
use twin
sed -i '/^quiver.audit_anchor/d' "$data/postgresql.conf"
start && promote
# Every session leaves a record at least, so that the log outgrows the anchors.
PGOPTIONS='' pgbench -n -C -t "$((anchored + 20))" -f "$scratch/insert.sql" >"$scratch/load.log" 2>&1
stop
verify --key "$old/sign.pub" --anchors "$anchors" "$data/quiver_audit" >"$scratch/verdict" || :
check 'a fork after failover is found by the anchors of the other server' yes \
    "$(verdict_has '^error: (fork|rewritten): .*anchor')"
