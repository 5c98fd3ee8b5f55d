# A second site that follows; the first loses its power under a writer, the second leads, the first comes back, follows, and leads again. Sourced after drills.sh.
# It is 20 ms away each way (hosts.sh far): the kernel of test machines has no netem, so a program carries the frames.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# second_site: on a cluster with backup1. Boots dr1, and takes it down again.
second_site() {
    second_site_up || return 1
    [ ! -e "$site/pki/tester.crt" ] || second_site_alerts
    second_site_lost
    second_site_back
    second_site_down
}

second_site_up() {
    local log=$site/second_site.log began out
    # As far away as another part of the continent.
    "$hosts" names | grep -qx dr1 || { "$hosts" up dr1 && "$hosts" far dr1 20; } || { check "a host of the second site boots, 20 ms away" yes no; return 1; }
    out=$("$hosts" run db1 "ping -c 5 -q $("$hosts" address dr1)" | sed -n 's|.*= \([0-9.]*\)/.*|\1|p')
    check "from the first site to the second and back it is 40 ms or more ($out)" yes "$(awk -v t="$out" 'BEGIN { if (t >= 40) print "yes" }')"
    inventory "${site_groups[@]}" dr=dr1
    began=$SECONDS
    # The first site lets it in: names, firewall, and Patroni that asks before it starts.
    play site --limit 'database:backup:monitor' --tags base,nftables,second_site,prometheus >"$log" 2>&1 || tail -n 30 "$log"
    check "the first site lets the second in: no task failed" 0 "$(recap "$log" failed)"
    play site --limit dr >"$log.dr" 2>&1 || tail -n 30 "$log.dr"
    check "site.yml on the second site: no task failed" 0 "$(recap "$log.dr" failed)"
    say "a second site of one host: $((SECONDS - began)) s"
    # The repository's list of who archives to it, when they are there.
    play site --limit backup --tags pgbackrest >"$log" 2>&1 || tail -n 30 "$log"
    check "the repository takes it in: no task failed" 0 "$(recap "$log" failed)"
    check "it follows: two standbys and the second site stream" yes "$(ready 3 60 && echo yes)"
    check "its leader is one that follows" standby_leader "$(site_role dr1)"
    if [ -e "$site/pki/tester.crt" ]; then
        check "the monitor reads its Patroni and etcd, as another cluster's" "etcd quiver-dr 1 patroni quiver-dr 1" \
            "$(within 60 answers 'up{instance="dr1", job="patroni"} == 1'; ask 'up{instance="dr1", job=~"etcd|patroni"}' | jq -r '[sort_by(.metric.job)[] | .metric.job, .metric.cluster, .value[1]] | join(" ")')"
        check "it has a leader" 1 "$(within 60 answers 'quiver:leaders:count{cluster="quiver-dr"} == 1'; ask 'quiver:leaders:count{cluster="quiver-dr"}' | jq -r '.[0].value[1]')"
    fi
    [ -n "${fast:-}" ] || second_site_again
    play promote_dr >"$log" 2>&1 && out=accepted || out=$(tr -s ' \n' ' ' <"$log" | grep -o 'leads the first site. Hand over with failback.yml' | head -n 1)
    check "promote_dr.yml refuses while the first site leads" "leads the first site. Hand over with failback.yml" "$out"
    check "and does nothing" standby_leader "$(site_role dr1)"
    check "no secret was logged" "" "$(secrets_in "$log" "$log.dr")"
}
second_site_again() {
    local log=$site/second_site.log.dr
    play site --limit dr >"$log" 2>&1 || tail -n 30 "$log"
    check "a second run changes nothing there" "0 changed, 0 failed" "$(recap "$log" changed) changed, $(recap "$log" failed) failed"
}
site_role() { "$hosts" run "$1" "curl -s --cacert /etc/quiver/tls/ca.crt https://\$(hostname):8008/patroni" | jq -r '.role | if . == "master" then "primary" else . end'; }

# Its alerts from their causes, as alert_causes.sh has it. What a second leader writes does not belong into the archive: promoted behind the playbooks' back it keeps
# its WAL; once it may archive, as one that promote_dr.yml promoted out of the first site's sight, the way back takes it out.
second_site_alerts() {
    H=$(leader)
    alert_rules
    provoke "replay is held at the second site while 80 MB are written" site_held site_released QuiverSecondSiteBehind
    ready 3 60 || check "the second site has it all" yes no
    provoke "the second site is promoted beside the first" site_promoted site_follows QuiverTwoSitesLead
    check "a site that follows put nothing into the archive, promoted as it was" yes "$kept_out"
    check "one that does not follow did" yes "$got_in"
    check "it follows again, and what it wrote is gone" "yes standby_leader gone" \
        "$(ready 3 120 && echo yes) $(site_role dr1) $([ -z "$(sql dr1 "SELECT to_regclass('of_two_leaders')")" ] && echo gone)"
    check "from the archive as well" yes "$(in_archive "$beside" >/dev/null || echo yes)"
    on "$H" "patronictl -c /etc/patroni/config.yml restart quiver $(other "$H") --force" >/dev/null
    check "and servers of the first site start as ever" yes "$(ready 3 120 && echo yes)"
    alerts_told
}
site_held() {
    on dr1 'patronictl -c /etc/patroni/config.yml pause --wait' && sql dr1 'SELECT pg_wal_replay_pause()' &&
        sql "$H" "CREATE TABLE written AS SELECT n, repeat(md5(n::text), 30) AS t FROM generate_series(1, 80000) AS n"
}
site_released() { on dr1 'patronictl -c /etc/patroni/config.yml resume --wait; true' && sql dr1 'SELECT pg_wal_replay_resume()' && sql "$H" 'DROP TABLE written'; }
site_promoted() {
    on dr1 'patronictl -c /etc/patroni/config.yml edit-config --force -s standby_cluster=null'
    within 60 is_primary dr1
    sql dr1 'CREATE TABLE of_two_leaders (n int); CHECKPOINT; SELECT pg_switch_wal()'
    beside=$(sql dr1 "SELECT lpad(upper(to_hex(timeline_id)), 8, '0') FROM pg_control_checkpoint()")
    sleep 5
    kept_out=$(in_archive "$beside" >/dev/null || echo yes)
    on dr1 'rm /etc/quiver/follows'
    got_in=$(within 90 in_archive "$beside" >/dev/null && echo yes)
}
is_primary() { [ "$(site_role "$1")" = primary ]; }
in_archive() { on backup1 "ls /var/lib/pgbackrest/archive/quiver/*/$1.history 2>/dev/null"; }
site_follows() { play failback -e failback_to=second -e failback_hand_over=false -e failback_discard=true; }

# site_writer HOST: a client that knows both sites, and goes to the other where one fails; its table is made on HOST, which leads.
site_writer() {
    site_table=second_site_$(date +%s)
    database=app sql "$1" "SET ROLE app_owner; CREATE TABLE $site_table (n bigint PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())" >/dev/null
    within 30 table_on dr1
    rm -f "$site/second_site.json"
    local to="port=5010 dbname=app user=app sslmode=verify-full sslrootcert=$site/pki/trust.crt connect_timeout=2 tcp_user_timeout=2000 target_session_attrs=read-write"
    "$hosts" ctl env PGPASSWORD="$(secret app)" /usr/bin/python3 "$here/tests/ops/writer.py" \
        "host=$drill_address $to|host=$("$hosts" address dr1) $to" \
        3600 "$site_table" >"$site/second_site.json" 2>"$site/second_site.err" &
    site_writer=$!
    check "a client writes" yes "$(within 60 grep -qs running "$site/second_site.json" && echo yes)"
}
table_on() { [ "$(database=app sql "$1" "SELECT to_regclass('$site_table') IS NOT NULL")" = t ]; }
# site_written WHAT: the writer ends; what it saw is printed, and left in site_result.
site_written() {
    sleep 3
    kill -TERM "$site_writer"
    wait "$site_writer" || cat "$site/second_site.err"
    site_result=$(grep -v running "$site/second_site.json")
    say "$1: $(jq -r '"\(.acknowledged) rows acknowledged, \(.lost) lost, \(.doubtful) unanswered, gaps \(.gaps) s, errors \(.errors)"' <<<"$site_result")"
}

# The first site and its backup host are gone at once.
second_site_lost() {
    local log=$site/second_site.log name cut began
    site_writer "$(leader)"
    sleep 5
    cut=$(date +%s.%N)
    for name in $database_hosts; do "$hosts" poweroff "$name"; done
    "$hosts" isolate backup1
    play promote_dr --check >"$log" 2>&1 || tail -n 30 "$log"
    check "promote_dr.yml --check says what would be lost, and does nothing" "said standby_leader" "$(grep -q 'What the first site acknowledged after that is lost' "$log" && echo said) $(site_role dr1)"
    began=$(date +%s.%N)
    play promote_dr >"$log" 2>&1 || tail -n 30 "$log"
    check "promote_dr.yml: no task failed" 0 "$(recap "$log" failed)"
    say "$(grep -oE 'dr1 will lead[^"]*|Received to[^"]*|The first site.s leader[^"]*' "$log" | tr '\n' ' ')"
    within 60 writes_go_on "$began" || check "writes go on at the second site" yes no
    say "RTO: the second site acknowledged its first row $(database=app sql dr1 "SELECT round((extract(epoch FROM min(at)) - $cut)::numeric, 1) FROM $site_table WHERE at > to_timestamp($began)") s after the power cut, \
$(database=app sql dr1 "SELECT round((extract(epoch FROM min(at)) - $began)::numeric, 1) FROM $site_table WHERE at > to_timestamp($began)") s after promote_dr.yml began"
    say "RPO: the last row of the first site that the second has is $(database=app sql dr1 "SELECT round((extract(epoch FROM max(at)) - $cut)::numeric, 3) FROM $site_table WHERE at < to_timestamp($began)") s after its first host lost its power"
    site_written "the first site lost its power"
    # Asynchronous over the distance: what is lost is counted. A second of writes would be fifty rows.
    check "a second of writes or less was lost" true "$(jq -r '.lost != null and .lost <= 50' <<<"$site_result")"
    check "the second site leads" primary "$(site_role dr1)"
}
writes_go_on() { [ "$(database=app sql dr1 "SELECT count(*) > 20 FROM $site_table WHERE at > to_timestamp($1)")" = t ]; }

second_site_back() {
    local log=$site/second_site.log name began out sum
    "$hosts" rejoin backup1
    for name in $database_hosts; do "$hosts" poweron "$name"; done
    # shellcheck disable=SC2046,SC2086  # names
    "$hosts" wait $database_hosts
    # Longer than a leader needs to come back: etcd has its quorum, and nobody leads.
    sleep 30
    check "the first site is back, and does not lead beside the second" "off off off" "$(for name in $database_hosts; do
        etcd_on "$name" 'etcdctl endpoint health >/dev/null 2>&1 &&
            ! pgrep -x postgres >/dev/null && grep -q . /etc/quiver/other_site_leads && echo off'; done | xargs)"
    "$hosts" run db1 'journalctl -u patroni -b --no-pager | grep -m 1 -o "the other site leads.*"' | sed 's/^/# /'
    play failback --check >"$log" 2>&1 || tail -n 30 "$log"
    check "failback.yml --check says what it would do, and does nothing" "said primary" "$(grep -q 'what it has that dr1 never got is thrown away' "$log" && echo said) $(site_role dr1)"
    began=$SECONDS
    play failback -e failback_hand_over=false >"$log" 2>&1 || tail -n 40 "$log"
    check "failback.yml, to follow and no more: no task failed" 0 "$(recap "$log" failed)"
    say "the first site follows after $((SECONDS - began)) s"
    check "it follows" "standby_leader primary" "$(for name in $database_hosts; do site_role "$name"; done | grep -m 1 standby_leader) $(site_role dr1)"
    site_writer dr1
    sleep 3
    began=$SECONDS
    play failback >"$log" 2>&1 || tail -n 40 "$log"
    check "failback.yml hands over: no task failed" 0 "$(recap "$log" failed)"
    say "handed over in $((SECONDS - began)) s"
    within 60 leads_again || check "the first site takes writes" yes no
    site_written "failed back"
    check "no acknowledged row is lost, and there were some" "0 true" "$(jq -r '"\(.lost) \(.acknowledged > 100)"' <<<"$site_result")"
    at_most "failing back: write gap" 20 "$(jq -r .gap <<<"$site_result")" s
    check "the first site leads, with its standbys and the second site" "yes standby_leader" "$(ready 3 120 && echo yes) $(site_role dr1)"
    sum="SELECT count(*) || ' ' || sum(n) FROM $site_table"
    check "the second site has the same rows" "$(database=app sql "$(leader)" "$sum")" "$(sleep 2; database=app sql dr1 "$sum")"
    check "what failback.yml set for the handing over is gone" "off off" "$(sql "$(leader)" 'SHOW default_transaction_read_only') $(sql dr1 'SHOW default_transaction_read_only')"
    check "archiving works" yes "$(within 120 archives && echo yes)"
    check "no secret was logged" "" "$(secrets_in "$log")"
}
leads_again() { leader >/dev/null && [ "$(database=app sql "$(leader)" "SELECT max(at) > now() - interval '1 s' FROM $site_table")" = t ]; }

second_site_down() {
    local log=$site/second_site.log
    "$hosts" destroy dr1
    inventory "${site_groups[@]}"
    play site --limit 'database:backup:monitor' --tags base,nftables,pgbackrest,second_site,prometheus >"$log" 2>&1 || tail -n 30 "$log"
    check "without the second site in the inventory the first one forgets it" "0 failed, ready" "$(recap "$log" failed) failed, $(ready 2 120 && echo ready)"
}
