# Sessions that go on where a standby is promoted, where one is made, and where one is copied anew: what a log cannot have is no loss.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh

# open_session NAME: one that stays, on the cluster in use; say NAME STATEMENT... has it go on.
declare -A session_at session_said
open_session() {
    mkfifo "$scratch/in_$1"
    psql -XqAt <"$scratch/in_$1" >"$scratch/out_$1" 2>&1 &
    local handle
    exec {handle}>"$scratch/in_$1"
    session_at[$1]=$handle
    session_said[$1]=0
}
say() {
    local name=$1 statement
    shift
    for statement; do
        session_said[$name]=$((session_said[$name] + 1))
        printf '%s;\n\\echo said %s\n' "$statement" "${session_said[$name]}" >&"${session_at[$name]}"
        wait_for 20 grep -qx "said ${session_said[$name]}" "$scratch/out_$name" || cat "$scratch/out_$name" >&2
    done
}
end_session() {
    local handle=${session_at[$1]}
    exec {handle}>&-
}
findings() { ask "SELECT severity || ': ' || detail FROM quiver.audit_verify() WHERE problem = 'event gap' OR severity <> 'info'"; }
log_id() { od -An -tx1 -j24 -N16 "$1/0000000000000001.qas" | tr -d ' \n'; }
session_of() { ask "SELECT min(session) FROM quiver.audit_events() WHERE text LIKE '%$1%'"; }
has_event() { wait_for 20 bash -c "[ \"\$(psql -XqAt -U auditor -c \"SELECT count(*) FROM quiver.audit_events() WHERE text LIKE '%$1%' AND outcome = 'committed'\")\" = 1 ]"; }
follow() { # follow NAME: a server that was shut down becomes a standby of the cluster in use
    pgtree_as_server touch "$scratch/$1/standby.signal"
    printf "primary_conninfo = 'host=%s user=postgres'\nwal_retrieve_retry_interval = '200ms'\n" "$PGHOST" >>"$scratch/$1/postgresql.conf"
}

new_cluster leads shared_preload_libraries=quiver quiver.audit=all,-login quiver.audit_durable=commit wal_level=replica fsync=on
q 'CREATE TABLE t (id serial, pid int)' >/dev/null
open_session leads
say leads 'INSERT INTO t AS before_the_copy DEFAULT VALUES' 'INSERT INTO t DEFAULT VALUES' 'CHECKPOINT'
make_standby heir
use heir
start
make_standby third
use third
start
use leads
# A record of a session 7.9, as the audit writes them.
forged=$(perl -e 'print unpack "H*", pack("V C C v Q< q< Q< Q< V V x48", 0, 0, 0, 0, 0, 0, 7 << 32 | 9, 7, 76, 1) .
    pack("V V C4 Q< V4 q< Q< Q< V x12", 0, 72, 2, 2, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0)')
q 'CREATE ROLE plain LOGIN' >/dev/null
check 'anybody may write a message into WAL' t "$(PGUSER=plain q "SELECT pg_logical_emit_message(false, 'quiver.audit', '\\x$forged'::bytea) IS NOT NULL")"
say leads 'INSERT INTO t AS after_the_copy DEFAULT VALUES'
for server in heir third; do
    use "$server"
    holds "$server has what a session of the leader does" has_event after_the_copy
    check "$server: and nothing that is not the audit's own" 0 "$(ask "SELECT count(*) FROM quiver.audit_events() WHERE session = '7.9'")"
    check "$server: what that session did before its copy was made is in the leader's log" \
        "info: session $(session_of after_the_copy): events 1 to N are for log $(log_id "$scratch/leads/quiver_audit") to have: WAL had them before this log's server began to read it" \
        "$(findings | sed 's/1 to [0-9]*/1 to N/')"
done

# It goes on over its server's promotion.
use heir
open_session heir
say heir 'SELECT count(*) AS of_a_standby FROM t' 'SELECT count(*) FROM t'
holds 'what a standby is asked is in its log' has_event of_a_standby
end_session leads
use leads
stop
use heir
promote
say heir 'INSERT INTO t AS of_the_promoted DEFAULT VALUES' 'INSERT INTO t AS second_one DEFAULT VALUES' 'SET quiver.audit_durable = off' \
    'SELECT quiver.audit_checkpoint()' 'SELECT count(*) AS not_durable FROM t' 'SELECT quiver.audit_checkpoint()' \
    'SET quiver.audit_durable = commit' 'INSERT INTO t AS third_one DEFAULT VALUES'
promoted=$(session_of of_a_standby)
check 'the log of the promoted server has all of the session' '' "$(findings | grep "$promoted")"
check 'and is sound' '' "$(problems)"
follow leads
use leads
start
for server in third leads; do
    use "$server"
    holds "$server has what the session does from the promotion on" has_event third_one
    check "$server: its log is sound" '' "$(problems)"
    check "$server: what it did before, and what was not durable, is in the log of the promoted server, to which it points" \
        "info: session $promoted: events 1 to N are for log $(log_id "$scratch/heir/quiver_audit") to have: its server wrote no WAL of them" \
        "$(findings | sed -n "/$promoted: events 1 /s/1 to [0-9]*/1 to N/p")"
done

# A standby whose data are copied anew, with its log kept, has missed what was done meanwhile.
use third
stop
mv "$scratch/third/quiver_audit" "$scratch/kept"
rm -rf "$scratch/third" "$scratch/socket_third"
say heir 'INSERT INTO t AS missed DEFAULT VALUES' 'INSERT INTO t DEFAULT VALUES' 'CHECKPOINT'
use heir
make_standby third
rm -rf "$scratch/third/quiver_audit"
mv "$scratch/kept" "$scratch/third/quiver_audit"
use third
start
say heir 'INSERT INTO t AS after_the_second_copy DEFAULT VALUES'
holds 'a standby copied anew goes on with its log' has_event after_the_second_copy
use heir
say heir BEGIN 'INSERT INTO t AS of_a_long_transaction DEFAULT VALUES' 'SELECT pg_sleep(2)' COMMIT 'INSERT INTO t AS after_a_long_one DEFAULT VALUES'
long=$(ask "SELECT min(number) FROM quiver.audit_events() WHERE text LIKE '%of_a_long_transaction%'")
use third
holds 'it has what comes after a long transaction' has_event after_a_long_one
check 'what was taken of that before its end is in the log of its server' 1 \
    "$(findings | sed -nE "s/^info: session $promoted: events ([0-9]+) to ([0-9]+) are for log $(log_id "$scratch/heir/quiver_audit") to have: its server wrote no WAL of them/\1 \2/p" |
        awk -v n="$long" '$1 <= n && n <= $2' | wc -l)"
check 'its log is sound' '' "$(problems)"
check 'what it has missed is in the log of the server that was copied' 1 \
    "$(findings | grep -cE "^info: session $promoted: events ([2-9]|[1-9][0-9]+) to [0-9]+ are for log $(log_id "$scratch/heir/quiver_audit") to have: WAL had them")"
end_session heir
for server in heir third leads; do use "$server" && ask 'SELECT quiver.audit_checkpoint()' >/dev/null; done
for server in leads third heir; do
    use "$server"
    stop
    verify --key "$data/quiver_audit/sign.pub" "$data/quiver_audit" >"$scratch/verdict" || :
    check "$server: the stand-alone verifier agrees" yes "$(verdict_has ': 0 errors, 0 warnings')"
done

# lost WHAT SERVER KIND [NUMBER]: that server's log, changed so that chains fit and nothing is sealed, names a loss.
lost() {
    rm -rf "$scratch/attacked"
    cp -a "$scratch/$2/quiver_audit" "$scratch/attacked"
    (cd "$scratch/attacked" && perl "$here/tests/audit/attack.pl" "$3" "$promoted" "${4-}")
    verify "$scratch/attacked" >"$scratch/verdict" || :
    check "$1" yes "$(verdict_has "^warning: event gap: .*: session $promoted: events ${5-1} to [0-9]+ were lost")"
}
lost "what is gone from the promoted server's own log is lost" heir lose 1
lost 'so is what is gone in the middle' heir lose 2 '[2-9]'
lost 'so is what WAL had, in the other log' third lose 2 '[2-9]'
lost 'and its beginning there' third lose 1
lost 'a beginning that names the log it is missing in is lost' third origin_own
lost 'so is one that names no log' third origin_none
lost 'and one that says another number' third origin_next
