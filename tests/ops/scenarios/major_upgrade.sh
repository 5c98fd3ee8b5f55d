# Three hosts of Debian 12 with PostgreSQL 15 go to a cluster of Debian 13 with 17, and back, and there again, under a client that writes all the while; then the old hosts go.
# Sourced by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
database_hosts='db1 db2 db3'
next_hosts=${QUIVER_OPS_NEXT:-new1}
drill_address=10.77.0.100
. "$here/tests/ops/scenarios/converge.sh"

major_upgrade_up() {
    local name
    build_package bookworm && build_package trixie
    # shellcheck disable=SC2086  # names
    if "$hosts" up $database_hosts && QUIVER_HOSTS_SUITE=trixie "$hosts" up $next_hosts; then check "hosts of two Debians boot" yes yes; else check "hosts of two Debians boot" yes no; return 1; fi
    inventory database=db1,db2,db3 etcd=db1,db2,db3 "next=$(tr ' ' , <<<"$next_hosts")"
    echo "postgresql_quiver_deb: $(package_of trixie)" >"$site/group_vars/next.yml"
    founded 1200
}
# upgrade NAME [ARG...]: the playbook, its output to a file; what failed is shown.
upgrade() {
    local name=$1
    shift
    play "$name" -e major_upgrade_identity_full=true "$@" >"$site/$name.log" 2>&1 || tail -n 40 "$site/$name.log"
}
version() { client 5010 'SHOW server_version_num' | cut -c1-2; }
# Data with all that is odd; the tables of the writers are there beforehand, because the schema must not change.
upgrade_data() {
    sql "$(leader)" 'CREATE ROLE client' >/dev/null
    sed '/^CREATE EXTENSION quiver/d' "$here/tests/ops/static/major_upgrade.sql" >"$site/major_upgrade.sql"
    database=app sql "$(leader)" "$(cat "$site/major_upgrade.sql")" >"$site/major_upgrade.out"
    check "data are there" "" "$(grep ERROR "$site/major_upgrade.out")"
    database=app sql "$(leader)" "SET ROLE app_owner; $(for n in 1 2 3 4 5 6; do echo "CREATE TABLE written_$n (n bigint PRIMARY KEY, at timestamptz DEFAULT clock_timestamp());"; done)" >/dev/null
}

# while_writing NUMBER WHAT BAR COMMAND...: a client writes meanwhile, by the address that it always had.
while_writing() {
    local number=$1 what=$2 bar=$3 writer result
    shift 3
    rm -f "$site/writer.json"
    "$hosts" ctl env PGPASSWORD="$(secret app)" /usr/bin/python3 "$here/tests/ops/writer.py" \
        "host=$drill_address port=5010 dbname=app user=app sslmode=verify-full sslrootcert=$site/pki/ca.crt connect_timeout=2 tcp_user_timeout=2000" \
        3600 "written_$number" >"$site/writer.json" 2>"$site/writer.err" &
    writer=$!
    check "$what: a client writes" yes "$(within 60 grep -qs running "$site/writer.json" && echo yes)"
    "$@"
    sleep 4
    kill -TERM $writer
    wait $writer || cat "$site/writer.err"
    result=$(grep -v running "$site/writer.json")
    say "$what: $(jq -r '"\(.acknowledged) rows acknowledged, \(.lost) lost, \(.doubtful) unanswered, gaps \(.gaps) s, errors \(.errors)"' <<<"$result")"
    check "$what: no acknowledged row is lost" 0 "$(jq -r '.lost' <<<"$result")"
    check "$what: it got through" true "$(jq -r '.acknowledged > 100' <<<"$result")"
    at_most "$what: write gap" "$bar" "$(jq -r .gap <<<"$result")" s
}

upgrade_rows="SELECT string_agg(t || ' ' || (xpath('//m/text()', query_to_xml(format('SELECT md5(coalesce(string_agg(t::text, '','' ORDER BY t::text), '''')) AS m FROM %s AS t', t), false, true, '')))[1]::text, ' ')
FROM unnest(ARRAY['item', 'total', 'account', 'keyless', 'part', 'written_1', 'written_2', 'written_3', 'written_4', 'written_5', 'written_6', 'quiver.history_table', 'quiver.history_column',
    'quiver_history.account_1', 'quiver_history.transactions', 'quiver.feature_entity', 'quiver.feature_view', 'quiver.feature_view_version']) AS t"
# On both sides, once nobody writes.
rows_equal() { local one; one=$(database=app sql "$(leader)" "$upgrade_rows"); grep -q 'item [0-9a-f]\{32\} ' <<<"$one" && [ "$one" = "$(database=app sql "$(next_leader)" "$upgrade_rows")" ]; }
next_leader() { database_hosts=$next_hosts leader; }

upgrade_refuses() {
    local log=$site/upgrade.log
    play upgrade --check >"$log" 2>&1
    check "upgrade.yml --check: refuses a table without a key, by name" refused "$(tr -s ' \n' ' ' <"$log" | grep -q 'cannot be told apart: public.keyless' && echo refused)"
    upgrade upgrade --check
    check "upgrade.yml --check: says what would be done, and changes nothing" "said 0 0" "$(grep -q 'PostgreSQL 15 to 17' "$log" && echo said) $(recap "$log" changed) $(recap "$log" failed)"
    upgrade upgrade_switch --check
    check "upgrade_switch.yml --check: nothing is prepared" said "$(grep -q 'Nothing is prepared' "$site/upgrade_switch.log" && echo said)"
}
upgrade_prepares() {
    local began=$SECONDS log=$site/upgrade.log
    while_writing 1 "upgrade.yml" 2 upgrade upgrade
    check "upgrade.yml: no task failed" 0 "$(recap "$log" failed)"
    say "upgrade.yml, and the writer's end: $((SECONDS - began)) s; $(jq -c . "$site/major_upgrade/prepare.json")"
    check "no secret was logged" "" "$(secrets_in "$log")"
    upgrade upgrade
    check "upgrade.yml again: no task failed" 0 "$(recap "$log" failed)"
    check "the new cluster has the rows" equal "$(within 20 rows_equal && echo equal)"
    check "and takes no client" "too many connections" "$(client_of "$(next_leader)" 5010 'SELECT 1' 2>&1 | grep -o 'too many connections')"
    upgrade upgrade_switch --check
    check "upgrade_switch.yml --check says how far it is, and changes nothing" "said 0 15" "$(grep -q 'The new cluster would lead' "$site/upgrade_switch.log" && echo said) $(recap "$site/upgrade_switch.log" changed) $(version)"
}
# client_of HOST PORT STATEMENT: as client, at the host's own balancer.
client_of() { local address; address=$("$hosts" address "$1"); shift; drill_address=$address client "$@"; }

# upgrade_turns NUMBER PLAYBOOK REPORT VERSION
upgrade_turns() {
    local log=$site/$2.log began
    began=$SECONDS
    while_writing "$1" "$2.yml" 5 upgrade "$2"
    check "$2.yml: no task failed" 0 "$(recap "$log" failed)"
    say "$2.yml, and the writer's end: $((SECONDS - began)) s; $(jq -c . "$site/major_upgrade/$3.json"); $(grep -o 'led to the [a-z]* cluster at [0-9.]*' "$log" | tr '\n' ',')"
    check "$2.yml: all rows were compared" "[]" "$(jq -c .unchecked "$site/major_upgrade/$3.json")"
    check "clients are led there by their own address, pooled, direct and to read" "$4 $4 $4 $4" "$(for port in 5000 5001 5010 5011; do client $port 'SHOW server_version_num' | cut -c1-2; done | xargs)"
    check "the other cluster has the same rows" equal "$(within 20 rows_equal && echo equal)"
    play site --limit database --tags haproxy >"$site/site_haproxy.log" 2>&1 || tail -n 20 "$site/site_haproxy.log"
    check "site.yml leaves balancers as they are" "0 changed, 0 failed" "$(recap "$site/site_haproxy.log" changed) changed, $(recap "$site/site_haproxy.log" failed) failed"
    for name in $database_hosts; do "$hosts" run "$name" 'systemctl reload haproxy'; done
    sleep 2
    check "a reload leads there, too" "$4 $4" "$(version) $(client 5000 'SHOW server_version_num' | cut -c1-2)"
    for name in $database_hosts; do "$hosts" run "$name" 'systemctl restart haproxy'; done
    check "and a restart" "$4" "$(within 20 version >/dev/null; version)"
    check "no secret was logged" "" "$(secrets_in "$log")"
}
upgrade_switch_fails() {
    database=app sql "$(leader)" 'CREATE TABLE meanwhile (id int PRIMARY KEY)' >/dev/null
    while_writing 5 "a switch that is refused" 1 upgrade upgrade_switch
    check "it says which table is new" said "$(grep -q 'table public.meanwhile' "$site/upgrade_switch.log" && echo said)"
    check "and the old cluster leads" 15 "$(version)"
    database=app sql "$(leader)" 'DROP TABLE meanwhile' >/dev/null
}
# The moment the old cluster is closed its leader and the new one hear nothing of each other any more.
upgrade_switch_cut() {
    local name far
    name=$(leader) far=$("$hosts" address "$next_hosts")
    "$hosts" run "$name" "cd /run/quiver_major_upgrade && python3 -c '
import subprocess, time
from quiver_upgrade.lead import asked, seen
connection, end = asked(\"host=/var/run/postgresql user=postgres\"), time.monotonic() + 120
while not seen(connection)[1] and time.monotonic() < end: time.sleep(0.002)
subprocess.run([\"ip\", \"route\", \"add\", \"blackhole\", \"$far/32\"])'" &
    while_writing 6 "a switch that is cut off" 10 upgrade upgrade_switch
    check "it was cut off in the moment, and failed" "1 failed" "$("$hosts" run "$name" 'ip route | grep -c blackhole') $([ "$(recap "$site/upgrade_switch.log" failed)" = 0 ] || echo failed)"
    "$hosts" run "$name" "ip route del blackhole $far/32"
    check "the old cluster leads on" 15 "$(version)"
}
upgrade_ends() {
    local log=$site/upgrade_finish.log
    upgrade upgrade_finish
    check "upgrade_finish.yml: no task failed" 0 "$(recap "$log" failed)"
    check "nothing of it is left on the new cluster" "0 0 0 0" "$(database=app sql "$(next_leader)" "SELECT (SELECT count(*) FROM pg_replication_slots) || ' ' || (SELECT count(*) FROM pg_publication) || ' '
        || (SELECT count(*) FROM pg_subscription) || ' ' || (SELECT count(*) FROM pg_roles WHERE rolname = 'quiver_upgrade')")"
    check "the old one is closed" "too many connections" "$("$hosts" run "$(leader)" "PGPASSWORD=$(secret app) psql -X 'host=/var/run/postgresql dbname=app user=app' -c 'SELECT 1'" 2>&1 | grep -o 'too many connections')"
}
# The old hosts go, the new ones are the cluster, with the address.
upgrade_moves_on() {
    local name before log=$site/moved.log
    before=$(database=app sql "$(next_leader)" "$upgrade_rows")
    for name in $database_hosts; do "$hosts" destroy "$name"; done
    inventory "database=$(tr ' ' , <<<"$next_hosts")" "etcd=$(tr ' ' , <<<"$next_hosts")"
    rm "$site/group_vars/next.yml"
    sed -i "s|^postgresql_quiver_deb: .*|postgresql_quiver_deb: $(package_of trixie)|" "$site/group_vars/all/main.yml"
    database_hosts=$next_hosts
    play site >"$log" 2>&1 || tail -n 40 "$log"
    check "site.yml, with the inventory moved on: no task failed" 0 "$(recap "$log" failed)"
    check "clients are there by the address" "17 17" "$(within 30 version >/dev/null; version) $(client 5000 'SHOW server_version_num' | cut -c1-2)"
    check "with all rows" same "$([ "$before" = "$(database=app sql "$(leader)" "$upgrade_rows")" ] && echo same)"
    play site >"$log" 2>&1 || tail -n 40 "$log"
    check "a second run changes nothing" "0 changed, 0 failed" "$(recap "$log" changed) changed, $(recap "$log" failed) failed"
}

# Here it begins.
if major_upgrade_up; then
    upgrade_data
    upgrade_refuses
    upgrade_prepares
    upgrade_turns 2 upgrade_switch switch 17
    upgrade_turns 3 upgrade_back back 15
    upgrade_switch_fails
    upgrade_switch_cut
    upgrade_turns 4 upgrade_switch switch 17
    upgrade_ends
    upgrade_moves_on
fi
"$hosts" down
