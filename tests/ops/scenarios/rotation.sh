# Certificates and the authority are rotated while clients write, one on one connection and one that comes anew for each row. Sourced after drills.sh and probes.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# rotations: on a cluster with monitor1 and backup1.
rotations() { rotates_certificates; goes_back; rotates_authority; }

# clients_begin SECONDS: both clients write through the pool, with what clients are given to trust.
clients_begin() {
    local kind
    client_table=rotation_$(date +%s)
    database=app sql "$(leader)" "SET ROLE app_owner; CREATE TABLE ${client_table}_kept (n bigint PRIMARY KEY); CREATE TABLE ${client_table}_anew (n bigint PRIMARY KEY)" >/dev/null
    sleep 1
    for kind in kept anew; do
        "$hosts" ctl env PGPASSWORD="$(secret app)" /usr/bin/python3 "$here/tests/ops/writer.py" \
            "host=$drill_address port=5000 dbname=app user=app sslmode=verify-full sslrootcert=$site/pki/trust.crt connect_timeout=5" \
            "$1" "${client_table}_$kind" "${kind/kept/}" >"$site/rotation.$kind.json" 2>&1 &
        clients+=($!)
    done
    for kind in kept anew; do within 60 grep -qs running "$site/rotation.$kind.json"; done
}
# clients_saw WHAT: they are stopped when they are done; no error, nothing lost, no failover.
clients_saw() {
    local kind result
    wait "${clients[@]}"
    clients=()
    for kind in kept anew; do
        result=$(grep -v running "$site/rotation.$kind.json")
        say "$1, client $kind: $(jq -c . <<<"$result" || cat "$site/rotation.$kind.json")"
        check "$1: client $kind sees no error and loses nothing" "{} 0" "$(jq -rc '"\(.errors) \(.lost)"' <<<"$result")"
        at_most "$1: client $kind, longest write gap" 2 "$(jq -r .gap <<<"$result")" s
    done
}
clients=()

# serials: of each host's certificate.
serials() { local name; for name in $("$hosts" names); do "$hosts" run "$name" 'openssl x509 -in /etc/quiver/tls/host.crt -noout -serial'; done; }
# on_each COMMAND: what the hosts of the cluster say.
on_each() { local name; for name in $("$hosts" names); do echo "$name $("$hosts" run "$name" "$1" | tr '\n' ' ')"; done; }
started='systemctl show -P ActiveEnterTimestampMonotonic patroni haproxy pgbouncer pgbackrest prometheus prometheus-alertmanager'
timeline() { sql "$(leader)" 'SELECT timeline_id FROM pg_control_checkpoint()'; }

rotates_certificates() {
    local before keys began log=$site/rotation.log units
    before=$(serials)
    units=$(on_each "$started")
    keys=$(on_each 'cksum </etc/quiver/tls/host.key')
    play rotate_certificates --check >"$log" 2>&1 || tail -n 20 "$log"
    check "rotate_certificates.yml --check says what would go and changes nothing" "$(wc -w <<<"$("$hosts" names)") $before" \
        "$(grep -c 'a new key, and a certificate in the place of' "$log") $(serials)"
    first=$(leader) line=$(timeline)
    clients_begin 3600
    began=$SECONDS
    play rotate_certificates >"$log" 2>&1 || tail -n 30 "$log"
    check "rotate_certificates.yml: no task failed" 0 "$(recap "$log" failed)"
    say "certificates of $(wc -w <<<"$("$hosts" names)") hosts, one host after the other: $((SECONDS - began)) s"
    clients_end
    clients_saw "certificates rotated"
    check "the same leader, on the same timeline" "$first $line" "$(leader) $(timeline)"
    check "every host has another certificate" 0 "$(comm -12 <(sort <<<"$before") <(serials | sort) | wc -l)"
    check "and another key" 0 "$(comm -12 <(sort <<<"$keys") <(on_each 'cksum </etc/quiver/tls/host.key' | sort) | wc -l)"
    check "no service was restarted for it" "$units" "$(on_each "$started")"
    check "no secret was logged" "" "$(secrets_in "$log")"
}
# clients_end: they stop at their next row.
clients_end() { kill -TERM "${clients[@]}"; }

# step WHAT-IT-SAYS-FIRST: one run of rotate_authority.yml.
step() {
    local began=$SECONDS log=$site/rotation.log
    play rotate_authority >"$log" 2>&1 || tail -n 30 "$log"
    check "rotate_authority.yml, $1: no task failed, and it said so first" "0 said" "$(recap "$log" failed) $(grep -q "$1" "$log" && echo said)"
    say "$1: $((SECONDS - began)) s"
    check "no secret was logged" "" "$(secrets_in "$log")"
}

# A rotation that is interrupted, finished, and taken back.
goes_back() {
    local before log=$site/rotation.log pid out
    before=$(cksum <"$site/pki/ca.crt")
    play rotate_authority --check >"$log" 2>&1 || tail -n 20 "$log"
    check "rotate_authority.yml --check says what is next and does nothing" "said at rest" \
        "$(grep -q 'Next, trust: a new authority is made' "$log" && echo said) $(sh "$here/ops/roles/tls/files/authority.sh" "$site/pki" state)"
    play rotate_authority_back >"$log" 2>&1 && out=accepted || out=refused
    check "rotate_authority_back.yml refuses when there is nothing to go back from" refused "$out"
    clients_begin 3600
    # In a process group of its own, which ends at once.
    set -m
    play rotate_authority >"$log" 2>&1 &
    pid=$!
    set +m
    # Its first hosts are done, the others are not.
    within 240 grep -q 'TASK .*They show it' "$log"
    kill -9 -- "-$pid"
    wait "$pid" 2>/dev/null
    step "Not finished on"
    check "both are trusted everywhere" 2 "$(on_each 'grep -c BEGIN /etc/quiver/tls/ca.crt' | cut -d' ' -f2 | sort -u)"
    play rotate_authority_back >"$log" 2>&1 || tail -n 30 "$log"
    check "rotate_authority_back.yml: no task failed" 0 "$(recap "$log" failed)"
    clients_end
    clients_saw "a new authority, and back"
    check "the authority is the one of before" "$before at rest" "$(cksum <"$site/pki/ca.crt") $(sh "$here/ops/roles/tls/files/authority.sh" "$site/pki" state)"
    check "and alone trusted" 1 "$(on_each 'grep -c BEGIN /etc/quiver/tls/ca.crt' | cut -d' ' -f2 | sort -u)"
}

rotates_authority() {
    local first line name ports log=$site/rotation.log
    cp "$site/pki/ca.crt" "$site/before.crt"
    play client_certificate -e client_certificate_name=before >"$log" 2>&1 || tail "$log"
    first=$(leader) line=$(timeline)
    clients_begin 3600
    step "Next, trust"
    step "Next, sign"
    check "before the old one goes, who trusts the new one alone gets in" app "$(PGSSLROOTCERT=$site/pki/ca.crt client 5000 'SELECT current_user')"
    step "Next, drop"
    clients_end
    clients_saw "authority replaced"
    check "the same leader, on the same timeline" "$first $line" "$(leader) $(timeline)"
    check "who trusts the old one alone does not get in" refused "$(PGSSLROOTCERT=$site/before.crt client 5000 'SELECT 1' >/dev/null 2>&1 && echo let in || echo refused)"
    check "a certificate of the old one opens nothing" refused "$("$hosts" ctl curl -s -m 5 --cacert "$site/pki/ca.crt" --cert "$site/pki/before.crt" --key "$site/pki/before.key" \
        --connect-to "monitor1:9090:$("$hosts" address monitor1):9090" https://monitor1:9090/ >/dev/null && echo let in || echo refused)"
    play client_certificate -e client_certificate_name=tester >"$log" 2>&1 || tail "$log"
    targets=$(($(wc -w <<<"$("$hosts" names)") + 4 * $(wc -w <<<"$database_hosts") + 2))
    within 90 all_up
    check "a new one opens Prometheus, which reads every target" "$targets" "$(ask 'count(up == 1)' | jq -r '.[0].value[1]')"
    check "backups and their archive work" yes "$(within 60 archives && echo yes)"
    while read -r name ports; do
        "$hosts" run "$name" 'cat >/tmp/before.crt' <"$site/before.crt"
        check "no port of $name verifies with the old authority" "" "$(tr ',' '\n' <<<"$ports" | tr ':' ' ' | "$hosts" run "$name" "while read -r port service start; do
            ! timeout 8 openssl s_client -connect $name:\$port \$start -no-CApath -no-CAstore -CAfile /tmp/before.crt -cert /etc/quiver/tls/host.crt -key /etc/quiver/tls/host.key \
                </dev/null 2>&1 | grep -q 'Verify return code: 0 (ok)' || echo \$port; done; rm /tmp/before.crt")"
    done < <(tls_ports)
    # With the new one each verifies, and takes nothing that it did not take before.
    probes
}
