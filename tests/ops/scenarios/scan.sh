# The security scan: everything passes on a fresh cluster, and what is broken is found, that and nothing else. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
# scans: on a cluster that runs.
scans() {
    local report=$site/security_scan/report.json
    play security_scan -e security_scan_floor=100 >"$site/scan.log" 2>&1 || grep -E 'applicable|msg' "$site/scan.log"
    check "a fresh cluster scores 100 % of applicable checks" "100 0" "$(jq -r '"\(.total.score) \(.total.failed)"' "$report")"
    check "86 checks are asked of each host" "86" "$(jq -r '[.hosts[].checks] | unique | map(tostring) | join(" ")' "$report")"
    check "what does not apply says why" 0 "$(jq '[.findings[][] | select(.result == "not applicable" and (.evidence | length) < 10)] | length' "$report")"
    say "$(jq -rc '.total' "$report")"
    check "the SARIF names each check" 86 "$(jq '.runs[0].tool.driver.rules | length' "$site/security_scan/report.sarif")"

    local first
    first=$(leader)
    database=app sql "$first" "$(cat "$here/tests/ops/scenarios/scan_break.sql")" >"$site/break.log" 2>&1
    ! grep ERROR "$site/break.log"
    found "roles, rights and objects" 'A06 A07 C19 C20 D02 D04 D05 D06 D07 D08 D09 D10 D11 D12 D13 D14 D15 D16 D17 D18 D19 D20 E08 G01'
    check "the floor makes a gate of it" refused "$(play security_scan -e security_scan_floor=100 >/dev/null 2>&1 && echo passed || echo refused)"
    play security_scan -e '{"security_scan_waivers": [{"id": "D02", "reason": "a test", "until": "2099-01-01"}, {"id": "D04", "reason": "a test", "until": "2001-01-01"}]}' >/dev/null 2>&1
    check "a waiver holds until its day and no longer" "waived fail" "$(jq -r --arg host "$first" '[.findings[$host][] | select(.id == "D02" or .id == "D04") | .result] | join(" ")' "$report")"
    database=app sql "$first" "$(cat "$here/tests/ops/scenarios/scan_mend.sql")" >/dev/null

    local name value data
    while read -r name value; do
        [ "$name" = '#' ] || echo "ALTER SYSTEM SET $name = '$value';"
    done <"$here/tests/ops/scenarios/scan_settings.txt" >"$site/settings.sql"
    sql "$first" "$(cat "$site/settings.sql")" >"$site/break.log" 2>&1
    data=$(sql "$first" 'SHOW data_directory')
    # The audit's settings are taken from this file alone.
    "$hosts" run "$first" "cp -p $data/postgresql.conf /root/; echo \"quiver.audit = 'read'\" >>$data/postgresql.conf"
    "$hosts" run "$first" "cp -p $data/pg_hba.conf /root/; cat >>$data/pg_hba.conf" <<'END'
local all nobody trust
host all nobody 10.1.1.1/32 md5
hostssl app nobody all scram-sha-256
hostssl all all 10.1.1.1/32 scram-sha-256
hostssl app postgres 10.1.1.1/32 scram-sha-256
END
    sql "$first" "SELECT pg_reload_conf(); SELECT pg_sleep(1)" >/dev/null
    found "settings and rules of access" 'C01 C03 C04 C05 C06 C07 C08 C09 C10 C11 C12 C13 C14 C15 C16 C18 C21 C22 E02 E03 E04 E05 E06 E07 E10 E11 E12 F01 F02 F03 F05 F06 F07'
    # One by one: RESET ALL would reset the audit, too, and its lock refuses that.
    sql "$first" "$(sed -E 's/^ALTER SYSTEM SET ([^ ]+) = .*/ALTER SYSTEM RESET \1;/' "$site/settings.sql")" | grep ERROR
    "$hosts" run "$first" "cp -p /root/pg_hba.conf /root/postgresql.conf $data/; rm /root/pg_hba.conf /root/postgresql.conf"
    sql "$first" "SELECT pg_reload_conf(); SELECT pg_sleep(1)" >/dev/null
    "$hosts" run "$first" "rm -rf $data/log"

    "$hosts" run "$first" 'cat /etc/quiver/tls/host.csr' >"$site/broken.csr"
    openssl x509 -req -in "$site/broken.csr" -copy_extensions copy -days 10 -CA "$site/pki/ca.crt" -CAkey "$site/pki/ca.key" -passin "pass:$(secret ca)" \
        -out "$site/broken.crt" 2>/dev/null
    "$hosts" run "$first" 'cat >/root/broken.crt' <"$site/broken.crt"
    "$hosts" run "$first" 'bash -s break' <"$here/tests/ops/scenarios/scan_files.sh"
    sql "$first" "SELECT pg_switch_wal()" >/dev/null
    within 40 archive_fails "$first"
    found "files and services" 'A02 A05 B01 B03 B05 B06 D01 F08 G02 G03'
    "$hosts" run "$first" 'bash -s mend' <"$here/tests/ops/scenarios/scan_files.sh"
    within 120 archive_works "$first"
    play security_scan -e security_scan_floor=100 >"$site/scan.log" 2>&1
    check "mended, it scores 100 % again" "100 0" "$(jq -r '"\(.total.score) \(.total.failed)"' "$report")"
    check "checks that were broken and found, of 60 or more" true "$([ $broken -ge 60 ] && echo true || echo "$broken")"
    say "$broken checks were broken and found"
}
broken=0
# found WHAT CHECKS: the scan of the leader finds these checks and no other.
found() {
    play security_scan >"$site/scan.log" 2>&1 || tail -n 20 "$site/scan.log"
    local actual
    actual=$(jq -r --arg host "$first" '[.findings[$host][] | select(.result == "fail") | .id] | sort | join(" ")' "$site/security_scan/report.json")
    check "$1: $(wc -w <<<"$2") broken checks are found, and no other" "$2" "$actual"
    [ "$actual" != "$2" ] || broken=$((broken + $(wc -w <<<"$2")))
}
archive_fails() { [ "$(sql "$1" "SELECT last_failed_time > coalesce(last_archived_time, '-infinity') FROM pg_stat_archiver")" = t ]; }
archive_works() { [ "$(sql "$1" "SELECT last_failed_time < last_archived_time FROM pg_stat_archiver")" = t ]; }
