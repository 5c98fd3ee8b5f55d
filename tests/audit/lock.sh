# quiver.audit_lock: the audit is set in the configuration file only.
# shellcheck shell=bash disable=SC2154  # scratch and the rest of lib.sh
# shellcheck disable=SC2016  # dollars are SQL
new_cluster lock shared_preload_libraries=quiver quiver.audit=read,failed quiver.audit_lock=on
refused() { check "lock: $1" 'is refused' "$(q "$1" | grep -q 'quiver.audit_lock is on' && echo 'is refused' || echo "is not: $(q "$1")")"; }
for statement in "SET quiver.audit = 'none'" "SET LOCAL quiver.audit = 'none'" "SELECT set_config('quiver.audit', 'none', false)" \
    "ALTER SYSTEM SET quiver.audit = 'none'" "ALTER SYSTEM RESET quiver.audit" "ALTER SYSTEM RESET ALL" \
    "ALTER SYSTEM SET shared_preload_libraries = ''" "ALTER ROLE postgres SET quiver.audit = 'none'" \
    "ALTER DATABASE postgres SET quiver.audit = 'none'" "SET quiver.audit_exclude_roles = 'postgres'" \
    "SET quiver.audit_text = 'off'" "CREATE FUNCTION quiet() RETURNS int LANGUAGE sql SET quiver.audit = 'none' AS 'SELECT 1'"; do
    refused "$statement"
done
PGOPTIONS='-c quiver.audit=none' psql -XqAtc 'SHOW quiver.audit' >"$scratch/begun" 2>&1 || :
check 'lock: nor at the beginning of a session, which is refused' 1 "$(grep -c 'FATAL:  invalid value for parameter "quiver.audit"' "$scratch/begun")"
check 'lock: the audit is what it was' 'read,failed' "$(q 'SHOW quiver.audit' | tr -d ' ')"
check 'lock: the application may still name its context, and other settings change' 'mine' \
    "$(q "SET quiver.audit_context = 'mine'" "SET work_mem = '1MB'" 'SHOW quiver.audit_context')"
sed -i "s/^quiver.audit = .*/quiver.audit = 'write'/" "$data/postgresql.conf"
q 'SELECT pg_reload_conf()' 'SELECT pg_sleep(0.2)' >/dev/null
check 'lock: the configuration file says' 'write' "$(q 'SHOW quiver.audit')"
sed -i "s/^quiver.audit = .*/quiver.audit = 'read,failed'/" "$data/postgresql.conf"
q 'SELECT pg_reload_conf()' 'SELECT pg_sleep(0.2)' >/dev/null
stop

# Who turns the audit off has said so in a place that is not the server's own before anything else happens.
anchors=$scratch/lock_anchors
mkdir "$anchors" && pgtree_give "$anchors"
new_cluster anchored shared_preload_libraries=quiver quiver.audit=all "quiver.audit_anchor_directory=$anchors" quiver.audit_anchor_interval=86400
ask 'SELECT quiver.audit_checkpoint()' >/dev/null
q "SET quiver.audit = 'none'" 'SELECT 1' >/dev/null
leaf=$(ask "SELECT leaf_index FROM (SELECT DISTINCT shard, sequence FROM quiver.audit_events() WHERE detail = 'quiver.audit = none') e, quiver.audit_proof(e.shard, e.sequence)")
holds 'turning the audit off is anchored outside, whatever the interval' wait_for 20 bash -c "[ \"\$(printf '%d' 0x\$(ls '$anchors' | sort | tail -n 1 | cut -d . -f 1))\" -gt '${leaf:-999999}' ]"
verify --key "$data/quiver_audit/sign.pub" --anchors "$anchors" "$data/quiver_audit" >"$scratch/verdict" || :
check 'and the anchors fit the log' yes "$(verdict_has '[1-9][0-9]* anchors, 0 events lost: 0 errors')"
stop
