# From bare hosts to a cluster, and again. Sourced by the scenarios.
# shellcheck shell=bash disable=SC2154,SC2034  # names of tests/ops/lib.sh
# build_package [SUITE]: quiver's Debian package for the hosts, once for a commit; for another Debian than this machine's it is made in a root of that one.
build_package() {
    local commit suite=${1:-${QUIVER_HOSTS_SUITE:-bookworm}} to=$here/dist
    commit=$(git -C "$here" log -1 --format=%H -- extension sql packaging Makefile 2>/dev/null)
    [ "$suite" = "$(. /etc/os-release && echo "$VERSION_CODENAME")" ] || to=$here/dist/$suite
    if [ "$(cat "$to/.commit" 2>/dev/null)" != "$commit" ] || ! ls "$to/postgresql-$(server_major "$suite")"-quiver_*.deb >/dev/null 2>&1; then
        mkdir -p "$to"
        if [ "$to" = "$here/dist" ]; then
            sh "$here/packaging/deb.sh" >/dev/null
        else
            "$here/tests/tools/roots.sh" enter -l deb -s "$suite" sh -c 'sh packaging/deb.sh >/dev/null && tar -C dist -cf - .' | tar -C "$to" -xf -
        fi && echo "$commit" >"$to/.commit"
    fi
}

# converges SECONDS: site.yml on what is up; then again; then --check. What the cluster must then be. Fails when there is no
# cluster to go on with.
converges() { founded "$1" && changes_nothing; }
founded() {
    local began log=$site/site.log first
    began=$SECONDS
    if play site >"$log" 2>&1; then
        check "site.yml: no task failed" 0 "$(recap "$log" failed)"
    else
        tail -n 40 "$log"
        check "site.yml: runs to its end" yes no
        return 1
    fi
    at_most "bare hosts to a cluster" "$1" $((SECONDS - began)) s
    if ready $(($(wc -w <<<"$database_hosts") - 1)); then check "one leader, all standbys replay" yes yes; else check "one leader, all standbys replay" yes no; fi
    first=$(leader)
    check "CREATE EXTENSION quiver was done and answers" 5 "$(database=app sql "$first" "SELECT '[0,0]'::vector <-> '[3,4]'")"
    [ -z "$(other "$first")" ] || check "a standby answers it too" 5 "$(database=app sql "$(other "$first")" "SELECT '[0,0]'::vector <-> '[3,4]'")"
    check "no unit has failed" "" "$(for name in $("$hosts" names); do "$hosts" run "$name" 'systemctl --failed --no-legend --plain'; done)"
    check "clients get in by the virtual address, pooled, verified" app "$(client 5000 'SELECT current_user')"
    check "and to a standby for reading, where there is one" "$([ -n "$(other "$first")" ] && echo t || echo f)" "$(client 5001 'SELECT pg_is_in_recovery()')"
    check "without TLS nobody gets in" refused "$(PGSSLMODE=disable client 5010 'SELECT 1' >/dev/null 2>&1 && echo let in || echo refused)"
    check "an unknown authority is refused by the client" refused "$(PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt client 5010 'SELECT 1' >/dev/null 2>&1 && echo let in || echo refused)"
    check "the superuser cannot come over the network" refused "$(PGUSER=postgres client 5010 'SELECT 1' >/dev/null 2>&1 && echo let in || echo refused)"
    check "a port that no rule names is closed" closed "$("$hosts" ctl timeout 3 bash -c "exec 3<>/dev/tcp/$("$hosts" address "$first")/5432" 2>/dev/null && echo open || echo closed)"
    check "no secret was logged" "" "$(secrets_in "$log")"
}
changes_nothing() {
    local began log=$site/site.log
    began=$SECONDS
    play site -v >"$log.second" 2>&1 || tail -n 40 "$log.second"
    check "a second run changes nothing" "0 changed, 0 failed" "$(recap "$log.second" changed) changed, $(recap "$log.second" failed) failed"
    say "second run: $((SECONDS - began)) s"
    grep -B 3 '^changed: ' "$log.second" | head -n 20
    began=$SECONDS
    play site --check >"$log.check" 2>&1 || tail -n 40 "$log.check"
    check "--check finds nothing to change" "0 changed, 0 failed" "$(recap "$log.check" changed) changed, $(recap "$log.check" failed) failed"
    say "--check: $((SECONDS - began)) s"
    grep -B 3 '^changed: ' "$log.check" | head -n 20
    check "no secret was logged in either" "" "$(secrets_in "$log.second" "$log.check")"
}

# other HOST: another database host.
other() { for name in $database_hosts; do [ "$name" = "$1" ] || { echo "$name"; return; }; done; }

# client PORT STATEMENT: as an application does.
client() {
    "$hosts" ctl env PGPASSWORD="$(secret app)" PGCONNECT_TIMEOUT=5 PGSSLMODE="${PGSSLMODE:-verify-full}" PGUSER="${PGUSER:-app}" \
        PGSSLROOTCERT="${PGSSLROOTCERT:-$site/pki/ca.crt}" psql -XqAt -h "$drill_address" -p "$1" -d app -c "$2" 2>&1
}

# secrets_in LOG...: names of secrets whose value is in a log.
secrets_in() {
    local name
    for name in ca superuser replication rewind patroni_api pgbouncer exporter backup_cipher keepalived app luks redis redis_app cache; do
        [ -z "$(secret $name)" ] || ! grep -qF -e "$(secret $name)" "$@" || echo "$name"
    done
}
