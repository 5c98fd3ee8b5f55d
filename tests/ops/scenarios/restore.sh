# Backups are of use: on another host restore the newest state, and what was just before a DROP TABLE by time, position, transaction and name; compare. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
repository=${repository:-backup1}
# restores: on a cluster that runs, with a backup host.
restores() {
    local first before position transaction name rows sum whole timer
    first=$(leader)
    timer=$("$hosts" run "$repository" 'systemctl is-active quiver-restore-drill.timer; cat /etc/quiver/restore_drill.json')
    check "site.yml has a restore made each week" active "$(head -n 1 <<<"$timer")"
    database=app sql "$first" "DROP TABLE IF EXISTS account, kept; CREATE TABLE account AS SELECT n, md5(n::text) AS note FROM generate_series(1, 20000) AS n;
        CREATE TABLE kept AS SELECT n, format('[%s,1]', n)::vector(2) AS v FROM generate_series(1, 500) AS n" >/dev/null
    rows=$(database=app sql "$first" "SELECT count(*) || ' ' || md5(string_agg(note, ',' ORDER BY n)) FROM account")
    sum=$(database=app sql "$first" "SELECT md5(string_agg(v::text, ',' ORDER BY n)) FROM kept")
    before=$(sql "$first" "SELECT pg_sleep(1.2); SELECT clock_timestamp(); SELECT pg_sleep(1.2)" | grep 20)
    position=$(sql "$first" 'SELECT pg_current_wal_lsn()')
    transaction=$(sql "$first" 'SELECT pg_current_xact_id()')
    name=before_the_drop_$(date +%s)
    sql "$first" "SELECT pg_create_restore_point('$name')" >/dev/null
    database=app sql "$first" "DROP TABLE account" >/dev/null
    sql "$first" "SELECT pg_switch_wal()" >/dev/null
    "$hosts" run "$first" 'cd /; setpriv --reuid=postgres --regid=postgres --init-groups pgbackrest --stanza=quiver check'

    drill_restore latest "" "[{database: app, name: the dropped table is gone, sql: \"SELECT to_regclass('account') IS NULL\"},
        {database: app, name: the vectors are those of the cluster, sql: \"SELECT md5(string_agg(v::text, ',' ORDER BY n)) = '$sum' FROM kept\"}]"
    whole="[{database: app, name: the table is there again row for row, sql: \"SELECT count(*) || ' ' || md5(string_agg(note, ',' ORDER BY n)) = '$rows' FROM account\"}]"
    drill_restore time "$before" "$whole"
    drill_restore lsn "$position" "$whole"
    drill_restore xid "$transaction" "$whole"
    drill_restore name "$name" "$whole"
    drill_restore time "$before" "[{database: app, name: what does not hold, sql: \"SELECT count(*) = 1 FROM account\"}]" refused
    check "what was asked by hand is not what the timer asks from then on" "$timer" "$("$hosts" run "$repository" 'systemctl is-active quiver-restore-drill.timer; cat /etc/quiver/restore_drill.json')"
    check "every file of the repository is encrypted, the list of backups as well" "Salted__" "$("$hosts" run "$repository" "find /var/lib/pgbackrest/archive /var/lib/pgbackrest/backup -type f ! -name '*.tmp' \
        -exec sh -c 'for file; do head -c 8 \"\$file\" | tr -d \"\\0\"; echo; done' sh {} + | sort -u")"
}

# drill_restore TYPE TARGET CHECKS [refused]
drill_restore() {
    local log=$site/restore.log status=0 out
    printf '{"restore_drill_type": "%s", "restore_drill_target": "%s"}' "$1" "$2" >"$site/restore.vars"
    echo "restore_drill_checks: $3" >"$site/restore_checks.yml"
    play restore_drill -e "@$site/restore.vars" -e "@$site/restore_checks.yml" >"$log" 2>&1 || status=$?
    if [ "${4:-}" = refused ]; then
        check "a restore whose data do not check fails the drill" "failed, and says so" \
            "$([ $status -ne 0 ] && grep -q 'does not hold' "$log" && echo 'failed, and says so')"
        return
    fi
    check "restore to ${1} ${2:+$2 }on the backup host, verified" 0 $status
    [ $status -eq 0 ] || tail -n 30 "$log"
    say "$(grep -E '"(rto|rpo|restore)_seconds"|"recovered_to"|"seconds"' "$log" | tr -d ' \n')"
    at_most "restore to $1: time until the data answer" 60 "$(grep -o '"rto_seconds": [0-9.]*' "$log" | grep -o '[0-9.]*$')" s
}
