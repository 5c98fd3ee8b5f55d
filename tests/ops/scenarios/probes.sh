# What the hosts show to the outside: open ports, and the TLS behind them. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
# probes: on a cluster with monitor1 and backup1.
probes() {
    local name ports out bad
    # From a network of applications and administrators (the controller's), and from one that no rule names.
    ports=$("$hosts" ctl /usr/bin/python3 "$here/tests/ops/ports.py" "$("$hosts" address db1)" "$("$hosts" address backup1)" "$("$hosts" address monitor1)")
    check "from the site's networks a database host shows what docs/ops.md says" "22 5000 5001 5010 5011 8008" "$(sed -n '1s/^[^ ]* //p' <<<"$ports")"
    check "a backup host shows ssh" 22 "$(sed -n '2s/^[^ ]* //p' <<<"$ports")"
    check "the monitor shows ssh and its pages" "22 9090 9093" "$(sed -n '3s/^[^ ]* //p' <<<"$ports")"
    check "a stranger reaches the host at all (ping)" yes "$("$hosts" outside ping -c 1 -W 3 "$("$hosts" address db1)" >/dev/null && echo yes || echo no)"
    out=$("$hosts" outside /usr/bin/python3 "$here/tests/ops/ports.py" "$("$hosts" address db1)" "$("$hosts" address backup1)" "$("$hosts" address monitor1)")
    check "and finds no port open" "" "$(cut -d' ' -f2- -s <<<"$out" | tr -d '\n')"

    while read -r name ports; do
        tr ',' '\n' <<<"$ports" | tr ':' ' ' | "$hosts" run "$name" "cat >/tmp/ports"
        "$hosts" run "$name" "cat >/tmp/tls_probe.sh" <"$here/tests/ops/tls_probe.sh"
        out=$("$hosts" run "$name" "bash /tmp/tls_probe.sh $name </tmp/ports; rm /tmp/tls_probe.sh /tmp/ports" </dev/null)
        bad=$(grep -v ' good$' <<<"$out")
        check "TLS of $name: $(wc -l <<<"$out") ports verify, take 1.2 and 1.3 and nothing older, weaker or plain" "" "$bad"
    done < <(tls_ports)
}
# tls_ports: each host with its ports that speak TLS, what they are, and how TLS is begun there.
tls_ports() {
    cat <<'END'
db1 5432:postgresql:-starttls postgres,6432:pgbouncer:-starttls postgres,5000:haproxy:-starttls postgres,8008:patroni,2379:etcd,2380:etcd-peers,9100:node,9187:postgres-exporter,8404:haproxy-metrics,8432:pgbackrest
backup1 8432:pgbackrest,9100:node
monitor1 9090:prometheus,9093:alertmanager,9100:node
END
}
