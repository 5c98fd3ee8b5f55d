# The extension's own audit on hosts: what clients do is recorded where they do it, and outlives a leader's change and a standby's copy. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
# audits: on a cluster that runs.
audits() {
    local first second name word
    ready "$standbys" 240
    first=$(leader)
    for name in $database_hosts; do
        check "$name: the audit is at work" "quiver t f 0" \
            "$(sql "$name" "SELECT substring(current_setting('shared_preload_libraries') FROM 'pgaudit|quiver'), is_running, is_stalled, events_lost FROM quiver.audit_status()" | tr '|' ' ')"
    done
    database=app sql "$first" "DROP TABLE IF EXISTS audited; CREATE TABLE audited (n int, note text); GRANT SELECT, INSERT ON audited TO app;
        SECURITY LABEL FOR quiver ON TABLE audited IS 'audit=all'" >/dev/null
    # A word that is in no other run's statements, and must be in no log.
    word=secret$RANDOM$RANDOM
    check "a client writes through PgBouncer" 1 "$(client 5000 "INSERT INTO audited VALUES (1, '$word') RETURNING 1")"
    client 5000 'DELETE FROM audited' >/dev/null
    check "its statement is in the leader's log, and how it ended" "app app INSERT 1 committed" "$(within 10 recorded "$first" INSERT >/dev/null; recorded "$first" INSERT)"
    check "so is the one it was refused" "app app DELETE denied 42501" "$(recorded "$first" DELETE)"
    check "and its login" yes "$([ "$(events "$first" "kind = 'login' AND session_user_name = 'app'")" -gt 0 ] && echo yes)"
    check "no constant is in any log" 0 "$(for name in $database_hosts; do events "$name" "text LIKE '%$word%'"; done | awk '{s += $1} END {print s}')"
    within 30 has_table "$(other "$first")" audited
    check "a client reads from a standby" 1 "$(within 20 reads_audited; client 5001 'SELECT count(*) FROM audited')"
    check "its statement is in that standby's log" yes "$(within 10 read_on_standby "$first" && echo yes)"
    check "no session turns it off" "refused refused" "$(for word in "ALTER SYSTEM SET quiver.audit = 'none'" "SET quiver.audit = 'none'"; do
        sql "$first" "$word" | grep -q 'quiver.audit_lock is on' && echo refused; done | paste -sd' ')"
    sound "before the leader changes"

    L=$first fault_switchover >"$site/op.log" 2>&1
    ready "$standbys" 120
    second=$(leader)
    check "another one leads" yes "$([ -n "$second" ] && [ "$second" != "$first" ] && echo yes)"
    check "the statement is still in the log of who led" "app app INSERT 1 committed" "$(recorded "$first" INSERT)"
    check "and in the log of who leads now" "app app INSERT 1 committed" "$(within 10 recorded "$second" INSERT >/dev/null; recorded "$second" INSERT)"
    client 5000 "INSERT INTO audited VALUES (2, 'x')" >/dev/null
    check "what is written now is recorded there" yes "$(within 10 recorded_twice "$second" && echo yes)"
    play rebuild_standby -e "rebuild_standby=$first" >"$site/op.log" 2>&1 || tail -n 20 "$site/op.log"
    ready "$standbys" 240
    check "with its data copied anew, a standby has its own log still" yes "$([ "$(events "$first" "verb = 'DELETE' AND outcome = 'denied' AND object_name = 'public.audited'")" -gt 0 ] && echo yes)"
    sound "after the leader changed and a standby was copied anew"
    database=app sql "$second" 'DROP TABLE audited' >/dev/null
    anchored
}
# anchored: what the monitor has read of each log proves a copy of it, without a server.
anchored() {
    local name folder number=0 note key
    watcher
    make -s -C "$here" audit-verifier >/dev/null
    for name in $database_hosts; do
        folder=$site/audit_of_$name
        rm -rf "$folder"
        mkdir -p "$folder"/{log,anchors}
        "$hosts" run "$name" 'systemctl start quiver-metrics-database'
        within 60 answers "quiver_audit_anchor{instance=\"$name\"}"
        # Its collector may have been led to a server aside, with a log and a key of its own, minutes ago.
        key=$(ask "quiver_audit_anchor{instance=\"$name\"}" | jq -r '.[0].metric.key')
        for note in $(ask "last_over_time(quiver_audit_anchor{instance=\"$name\", key=\"$key\"}[10m])" | jq -r '.[].metric.note'); do
            number=$((number + 1))
            base64 -d <<<"$note" >"$folder/anchors/$number.note"
        done
        "$hosts" run "$name" 'tar -C /var/lib/postgresql/*/quiver_audit -c .' | tar -C "$folder/log" -x
        check "$name: a copy of its log fits what the monitor was told, and nothing is wrong" "anchors, 0 errors, 0 warnings" \
            "$("$here/build/quiver-audit-verify" --key "$folder/log/sign.pub" --anchors "$folder/anchors" "$folder/log" 2>&1 |
                tail -n 1 | sed 's/.* [1-9][0-9]* anchors, 0 events lost: /anchors, /')"
        rm -rf "$folder"
    done
}
# events HOST CONDITION: how many there are.
events() { sql "$1" "SELECT count(*) FROM quiver.audit_events() WHERE $2"; }
# recorded HOST VERB: the newest that a client did to the table; fails when there is none.
recorded() {
    sql "$1" "SELECT concat_ws(' ', session_user_name, current_user_name, verb, CASE WHEN sqlstate IS NULL THEN rows END, outcome, sqlstate)
        FROM quiver.audit_events() WHERE session_user_name = 'app' AND verb = '$2' AND object_name = 'public.audited' ORDER BY time DESC LIMIT 1" | grep .
}
recorded_twice() { [ "$(events "$1" "session_user_name = 'app' AND verb = 'INSERT' AND object_name = 'public.audited' AND outcome = 'committed'")" -ge 2 ]; }
reads_audited() { [ "$(client 5001 'SELECT count(*) FROM audited')" = 1 ]; }
read_on_standby() {
    local name
    for name in $database_hosts; do
        [ "$name" != "$1" ] || continue
        ! recorded "$name" SELECT >/dev/null || return 0
    done
    return 1
}
# sound WHEN: each server's log is what was signed. A crash or a retention that is on record is no error.
sound() {
    local name
    for name in $database_hosts; do
        check "$name: quiver.audit_verify() finds nothing wrong $1" "" "$(
            sql "$name" "SELECT severity, problem, detail FROM quiver.audit_verify() WHERE severity <> 'info'")"
    done
}
