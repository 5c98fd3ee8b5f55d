# A cache on a host of its own: who may do what, what is forgotten when rows change, and that nothing is missed when worker, Redis or leader go. Sourced after drills.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# caches: on a cluster that runs. Boots cache1, and takes it down again.
caches() {
    local log=$site/cache.log first address serial out
    "$hosts" up cache1 || { check "a host for the cache boots" yes no; return 1; }
    address=$("$hosts" address cache1)
    inventory "${site_groups[@]}" cache=cache1
    # Secrets that this site has already: an inventory made before there was a cache has none of its own.
    cat >"$site/group_vars/all/zz_cache.yml" <<'END'
redis_secret: "{{ quiver_secrets.keepalived }}"
redis_app_password: "{{ quiver_secrets.app }}"
cache_password: "{{ quiver_secrets.pgbouncer }}"
database_users:
  - {name: app, password: "{{ quiver_secrets.app }}", databases: [app], connections: 80}
  - {name: cache, password: "{{ quiver_secrets.pgbouncer }}", databases: [app], connections: 5, owner: false}
cache_tables:
  - {database: app, table: public.cached, key: [id], name: cached}
END
    database=app sql "$(leader)" "SET ROLE app_owner; CREATE TABLE cached (id bigint PRIMARY KEY, version bigint NOT NULL); INSERT INTO cached SELECT n, 1 FROM generate_series(1, 100) AS n" >/dev/null
    play site --limit database:cache --tags base,tls,nftables,chrony,patroni,database,redis,cache >"$log" 2>&1 || tail -n 30 "$log"
    check "a cache is added: no task failed" 0 "$(recap "$log" failed)"
    play cache >"$log.second" 2>&1 || tail -n 30 "$log.second"
    check "again, nothing changes" "0 changed, 0 failed" "$(recap "$log.second" changed) changed, $(recap "$log.second" failed) failed"
    check "no secret was logged" "" "$(secrets_in "$log" "$log.second")"
    check "no unit of the cache's host has failed" "" "$("$hosts" run cache1 'systemctl --failed --no-legend --plain')"

    check "the site's networks see ssh and Redis there" "22 6379" "$("$hosts" ctl /usr/bin/python3 "$here/tests/ops/ports.py" "$address" | cut -d' ' -f2-)"
    check "a stranger sees nothing" "" "$("$hosts" outside /usr/bin/python3 "$here/tests/ops/ports.py" "$address" | cut -d' ' -f2- -s)"
    check "without a password Redis says nothing" NOAUTH "$(redis_cli '' PING | grep -o NOAUTH)"
    check "without TLS it says nothing" "" "$("$hosts" ctl timeout 3 bash -c "exec 3<>/dev/tcp/$address/6379; printf 'PING\r\n' >&3; head -c 20 <&3" 2>/dev/null | grep -ao PONG)"
    check "applications get and set keys of the cache" "OK 1" "$(redis_cli app SET cache:v:probe 1) $(redis_cli app GET cache:v:probe)"
    check "no other keys, and nothing that rules" "NOPERM NOPERM NOPERM NOPERM" \
        "$({ redis_cli app SET other 1; redis_cli app FLUSHALL; redis_cli app CONFIG GET maxmemory; redis_cli app KEYS cache; } | grep -o NOPERM | xargs)"

    check "a row is read from the database, then from the cache" "database cache" "$(aside 7 7)"
    client 5010 'UPDATE cached SET version = 2 WHERE id = 7' >/dev/null
    check "a change is forgotten" '2' "$(within 10 is_forgotten 7 && aside_version 7)"

    # The worker is killed over and over while rows change.
    aside $(seq 100) >/dev/null
    for _ in $(seq 8); do
        client 5010 'UPDATE cached SET version = version + 1' >/dev/null
        "$hosts" run cache1 'systemctl kill -s KILL quiver-cache-worker@app'
        sleep 0.$((RANDOM % 9))
    done
    within 30 outbox_empty
    check "the worker was killed eight times, and no key was missed" "0 old" "$(stale) old"

    # Redis goes with its host, and rows change meanwhile.
    aside $(seq 100) >/dev/null
    "$hosts" poweroff cache1
    client 5010 'UPDATE cached SET version = version + 1' >/dev/null
    check "the outbox waits while the cache is away" 100 "$(database=app sql "$(leader)" 'SELECT count(*) FROM quiver_cache.outbox')"
    "$hosts" poweron cache1
    "$hosts" wait cache1
    within 60 outbox_empty
    check "the host of the cache lost its power, and no key was missed" "0 old, empty" "$(stale) old, $(outbox_empty && echo empty)"

    # Another leader: the worker finds it, and forgets what the old one may have said last.
    aside 1 2 3 >/dev/null
    first=$(leader)
    L=$first fault_switchover >"$site/op.log" 2>&1
    ready "$standbys" 120
    check "after a switchover the cache was emptied" yes "$(within 30 is_forgotten 2 && echo yes)"
    client 5010 'UPDATE cached SET version = version + 1' >/dev/null
    within 30 outbox_empty
    check "and changes are forgotten as before" "0 old" "$(stale) old"

    # New certificates without a restart: what is cached stays.
    aside 5 >/dev/null
    serial=$("$hosts" run cache1 'openssl x509 -in /etc/quiver/tls/host.crt -noout -serial')
    play rotate_certificates --limit cache1 >"$log" 2>&1 || tail -n 30 "$log"
    check "Redis shows a new certificate, and has what it had" "0 another cache" "$(recap "$log" failed) $(
        [ "$("$hosts" run cache1 'openssl x509 -in /etc/quiver/tls/host.crt -noout -serial')" != "$serial" ] && echo another) $(aside 5)"

    play uncache --check >"$log" 2>&1 || tail -n 30 "$log"
    check "uncache.yml --check takes nothing away" "t active" "$(database=app sql "$(leader)" "SELECT to_regclass('quiver_cache.outbox') IS NOT NULL") $("$hosts" run cache1 'systemctl is-active redis-server')"
    play uncache >"$log" 2>&1 || tail -n 30 "$log"
    check "uncache.yml takes it away, and no row" "t 100 inactive" "$(database=app sql "$(leader)" "SELECT to_regclass('quiver_cache.outbox') IS NULL") $(client 5010 'SELECT count(*) FROM cached') $("$hosts" run cache1 'systemctl is-active redis-server')"
    "$hosts" destroy cache1
    rm "$site/group_vars/all/zz_cache.yml"
    inventory "${site_groups[@]}"
    database=app sql "$(leader)" 'DROP TABLE cached' >/dev/null
    play site --limit database --tags base,nftables,patroni >"$log" 2>&1 || tail -n 30 "$log"
    database=app sql "$(leader)" 'DROP OWNED BY cache' >/dev/null
    sql "$(leader)" 'DROP OWNED BY cache; DROP ROLE cache' >/dev/null
}
# redis_cli USER COMMAND...: as an account of the cache, from the controller's network.
redis_cli() {
    local user=$1
    shift
    "$hosts" ctl env REDISCLI_AUTH="$([ -z "$user" ] || secret app)" redis-cli -h "$("$hosts" address cache1)" -p 6379 --tls --cacert "$site/pki/trust.crt" \
        ${user:+--user "$user"} --no-auth-warning "$@" 2>&1
}
# aside ID...: rows through the cache; where each came from.
aside() { aside_rows "$@" | cut -d: -f1 | xargs; }
aside_version() { aside_rows "$1" | grep -o '"version": [0-9]*' | grep -o '[0-9]*$'; }
aside_rows() {
    "$hosts" ctl env PGPASSWORD="$(secret app)" /usr/bin/python3 "$here/ops/roles/cache/files/cache_aside.py" \
        "host=$drill_address port=5010 dbname=app user=app sslmode=verify-full sslrootcert=$site/pki/trust.crt" \
        "rediss://app:$(secret app)@$("$hosts" address cache1):6379?ssl_ca_certs=$site/pki/trust.crt&ssl_cert_reqs=required" cached id "$@"
}
is_forgotten() { [ -z "$(redis_cli app GET "cache:v:cached:$1")" ]; }
outbox_empty() { [ "$(database=app sql "$(leader)" 'SELECT count(*) FROM quiver_cache.outbox')" = 0 ]; }
# stale: how many cached rows are not those of the database.
stale() {
    local id keys=()
    for id in $(seq 100); do keys+=("cache:v:cached:$id"); done
    comm -13 <(client 5010 "SELECT id || ' ' || version FROM cached" | sort) \
        <(redis_cli app MGET "${keys[@]}" | sed -n 's/.*"id": \([0-9]*\), "version": \([0-9]*\).*/\1 \2/p' | sort) | wc -l
}
