# Prometheus sees everything, and an alert goes all the way. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
monitor=${monitor:-monitor1}
# watcher: somebody with a certificate, made when there is none yet.
watcher() {
    [ -e "$site/pki/tester.crt" ] || play client_certificate -e client_certificate_name=tester >"$site/certificate.log" 2>&1 || tail "$site/certificate.log"
}
# watched PORT PATH [CURL-OPTION...]: what the monitor answers to somebody with a certificate.
watched() {
    local port=$1 path=$2
    shift 2
    "$hosts" ctl curl -sS -m 20 --cacert "$site/pki/ca.crt" --cert "$site/pki/tester.crt" --key "$site/pki/tester.key" \
        --connect-to "$monitor:$port:$("$hosts" address "$monitor"):$port" "$@" "https://$monitor:$port$path"
}
# ask QUERY: its result as JSON.
ask() { watched 9090 /api/v1/query -G --data-urlencode "query=$1" | jq -c '.data.result'; }
# firing ALERT INSTANCE: Alertmanager has it.
firing() { watched 9093 "/api/v2/alerts?active=true" | jq -e --arg a "$1" --arg i "$2" 'any(.[]; .labels.alertname == $a and .labels.instance == $i)' >/dev/null; }
not_firing() { ! firing "$@"; }
all_up() { [ "$(ask 'count(up == 1) or vector(0)' | jq -r '.[0].value[1]')" = "$targets" ]; }
answers() { [ "$(ask "$1" | jq length)" -gt 0 ]; }

# watches: on a cluster with monitor1 and backup1.
watches() {
    local first kind query empty standby began names
    names=$(wc -w <<<"$("$hosts" names)")
    targets=$((names + 4 * $(wc -w <<<"$database_hosts") + 2))
    watcher
    first=$(leader)
    database=app sql "$first" "CREATE TABLE watched AS SELECT n, format('[%s,%s]', n % 97, n % 89)::vector(2) AS v FROM generate_series(1, 3000) AS n;
        CREATE INDEX ON watched USING hnsw (v vector_l2_ops); ANALYZE watched" >/dev/null
    "$hosts" run "$first" 'systemctl start quiver-metrics-database' || check "the script of the databases runs" yes no
    within 90 all_up || ask 'up == 0' | jq -r '.[].metric | "# down: \(.job) \(.instance)"'
    check "every target is read, by TLS with certificates" "$targets" "$(ask 'count(up == 1)' | jq -r '.[0].value[1]')"
    check "without a certificate nobody opens Prometheus" refused "$("$hosts" ctl curl -sk -m 5 "https://$("$hosts" address monitor1):9090/" >/dev/null && echo let in || echo refused)"
    check "all alert rules are loaded" "$(cat "$here"/ops/alerts/*.yml | grep -c 'alert: ')" "$(watched 9090 /api/v1/rules | jq '[.data.groups[].rules[] | select(.type == "alerting")] | length')"
    check "no rule fails" 0 "$(watched 9090 /api/v1/rules | jq '[.data.groups[].rules[] | select(.health == "err")] | length')"
    within 90 answers quiver_index_recall_ratio
    empty=
    while IFS=$'\t' read -r kind query; do
        [ "$kind" = sparse ] || within 40 answers "$query" || empty="$empty; $query"
    done < <(/usr/bin/python3 "$here/ops/dashboards/make.py" --queries)
    check "each panel of the boards has something to show" "" "$empty"
    check "console pages are served" 6 "$(for kind in cluster server access data backup host; do watched 9090 "/consoles/$kind.html"; done | grep -c '<main>')"
    say "recall of the index, as probed: $(ask quiver_index_recall_ratio | jq -r '.[0].value[1]'); audit: $(ask quiver_audit_running | jq -c '[.[].value[1]]')"
    say "alerts of a healthy cluster: $(watched 9093 '/api/v2/alerts?active=true' | jq -c '[.[].labels | "\(.alertname) \(.instance // "")"]')"
    check "no critical alert on a healthy cluster" 0 "$(ask 'ALERTS{alertstate="firing", severity="critical"}' | jq length)"

    standby=$(other "$first")
    began=$SECONDS
    "$hosts" run "$standby" 'systemctl stop patroni'
    within 180 firing QuiverServerDown "$standby"
    check "a server that stops is an alert in Alertmanager" yes "$(firing QuiverServerDown "$standby" && echo yes || echo no)"
    say "after $((SECONDS - began)) s"
    "$hosts" run "$standby" 'systemctl start patroni'
    within 240 not_firing QuiverServerDown "$standby"
    check "and it ends when the server is back" yes "$(not_firing QuiverServerDown "$standby" && echo yes || echo no)"
    ready $(($(wc -w <<<"$database_hosts") - 1)) 120 || check "the standby streams again" yes no
}
