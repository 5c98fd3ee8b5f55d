#!/usr/bin/env bash
# What the TLS of each service of this host is: run on the host. Prints a line per port: "PORT NAME good", or what is wrong.
# usage: bash tls_probe.sh HOSTNAME
set -u
name=$1 tls=/etc/quiver/tls
# say PORT NAME PROBLEMS
say() { echo "$1 $2 ${3:-good}"; }
hello() { # hello PORT STARTTLS OPTION...: a handshake, with this host's certificate to show
    local port=$1 start=$2
    shift 2
    # shellcheck disable=SC2086  # no word, or two
    timeout 8 openssl s_client -connect "$name:$port" $start -CAfile $tls/ca.crt -cert $tls/host.crt -key $tls/host.key "$@" </dev/null 2>&1
}
probe() {
    local port=$1 service=$2 start=$3 bad='' expected=$name cbc=:ECDHE-ECDSA-AES128-SHA
    # The balancer passes TLS through to a pool on any host; all of their certificates have this name.
    [ "$service" != haproxy ] || expected=localhost
    # pgBackRest of Debian 12 has no setting for ciphers, and takes this one beside the better ones.
    [ "$service" != pgbackrest ] || cbc=
    hello "$port" "$start" -tls1_2 -verify_hostname "$expected" -verify_return_error | grep -q 'Verify return code: 0 (ok)' || bad="$bad no-verified-1.2"
    hello "$port" "$start" -tls1_3 -verify_hostname "$expected" -verify_return_error | grep -q 'Verify return code: 0 (ok)' || bad="$bad no-verified-1.3"
    for old in -tls1 -tls1_1; do
        ! hello "$port" "$start" $old -cipher DEFAULT@SECLEVEL=0 | grep -qE 'Cipher is (ECDHE|AES|DHE|CAMELLIA)' || bad="$bad takes$old"
    done
    # Ciphers without forward secrecy or authentication of what they carry.
    ! hello "$port" "$start" -tls1_2 -cipher "AES128-SHA:AES256-SHA$cbc:aNULL:eNULL:@SECLEVEL=0" | grep -qE 'Cipher is (ECDHE|AES|ADH|NULL)' || bad="$bad weak-cipher"
    ! hello "$port" "$start" -verify_hostname other.example -verify_return_error | grep -q 'Verify return code: 0 (ok)' || bad="$bad any-name"
    if [ -z "$start" ]; then
        printf 'GET / HTTP/1.0\r\n\r\n' | timeout 4 bash -c "exec 3<>/dev/tcp/$name/$port; cat >&3; head -c 200 <&3" 2>/dev/null | grep -qE '^HTTP/1.. 2' && bad="$bad plain"
    else
        ! PGSSLMODE=disable PGCONNECT_TIMEOUT=4 psql -h "$name" -p "$port" -U quiver_exporter -d postgres -w -c 'SELECT 1' 2>&1 |
            grep -qE 'password|1 row' || bad="$bad plain"
    fi
    say "$port" "$service" "$bad"
}
while read -r port service start; do
    ss -ltn | grep -q ":$port " || { echo "$port $service nobody listens"; continue; }
    probe "$port" "$service" "$start"
done
