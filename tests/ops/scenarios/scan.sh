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

    local first expected
    first=$(leader)
    expected='A06 C19 D02 D04 D05 D07 D08 D09 D10 D12 D13 D14 D16 D17 D18 D19 E08'
    database=app sql "$first" "$(cat "$here/tests/ops/scenarios/scan_break.sql")" >"$site/break.log" 2>&1 || cat "$site/break.log"
    play security_scan >"$site/scan.log" 2>&1 || tail -n 20 "$site/scan.log"
    check "17 broken checks are found, and no other" "$expected" "$(jq -r --arg host "$first" '[.findings[$host][] | select(.result == "fail") | .id] | sort | join(" ")' "$report")"
    check "the floor makes a gate of it" refused "$(play security_scan -e security_scan_floor=100 >/dev/null 2>&1 && echo passed || echo refused)"
    play security_scan -e '{"security_scan_waivers": [{"id": "D02", "reason": "a test", "until": "2099-01-01"}, {"id": "D04", "reason": "a test", "until": "2001-01-01"}]}' >/dev/null 2>&1
    check "a waiver holds until its day and no longer" "waived fail" "$(jq -r --arg host "$first" '[.findings[$host][] | select(.id == "D02" or .id == "D04") | .result] | join(" ")' "$report")"
    database=app sql "$first" "$(cat "$here/tests/ops/scenarios/scan_mend.sql")" >/dev/null
}
