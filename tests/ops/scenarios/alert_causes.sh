# Alerts from their real causes: the cause is there, and the alert's own expression, as Prometheus has it, gives its series; the cause is taken away, and
# it gives none. The time that an alert must have been so (its `for:`) is not waited out: tests/ops/alerts has that, and watch.sh follows one alert to
# Alertmanager. Sourced after watch.sh and drills.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# alerts_on_hosts [GROUP...]: on a cluster with monitor1 and backup1.
alerts_on_hosts() {
    local group
    [ $# -gt 0 ] || set -- services cluster slow_begins server data host backup slow_ends damage
    watcher
    watched 9090 '/api/v1/rules?type=alert' >"$site/rules.json"
    for group in "$@"; do
        ready "$standbys" 240 || check "before the causes of $group: the cluster is ready" yes no
        H=$(leader)
        S=$(other "$H")
        "alerts_of_$group"
    done
    say "cause | alert | its series after, s | and gone after, s"
    printf '# %s\n' "${alert_table[@]}"
    say "$(printf '%s\n' "${alert_table[@]}" | grep -vc '| never |') alerts were seen to come with their causes and to go with them"
}
alert_table=()

# expression ALERT: what Prometheus asks.
expression() { jq -r --arg a "$1" '.data.groups[].rules[] | select(.name == $a) | .query' "$site/rules.json"; }
# stirs ALERT[@INSTANCE]: its expression gives a series, of that instance.
stirs() {
    local name=${1%%@*} instance=
    [ "$name" = "$1" ] || instance=${1#*@}
    ask "$(expression "$name")" | jq -e --arg i "$instance" 'any(.[]; $i == "" or .metric.instance == $i)' >/dev/null
}
calm() { ! stirs "$1"; }
# provoke CAUSE COMMAND TAKE-AWAY ALERT[@INSTANCE][~]...: with ~ it goes when its window has passed, which is not waited for.
provoke() {
    local what=$1 cause=$2 away=$3 alert name began seen gone
    local -A after=()
    shift 3
    # What began earlier was looked at then.
    for alert; do
        name=${alert%\~}
        [ -n "${since:-}" ] || calm "$name" || check "before ${what}: $name is quiet" yes "no: $(ask "$(expression "${name%%@*}")" | jq -c '[.[].metric.instance]')"
    done
    began=${since:-$SECONDS}
    $cause >"$site/cause.log" 2>&1 || say "the cause itself failed: $(tail -n 2 "$site/cause.log")"
    for alert; do
        name=${alert%\~}
        if within "${patience:-90}" stirs "$name"; then after[$alert]=$((SECONDS - began)); fi
    done
    $away >"$site/cause.log" 2>&1 || say "the cause does not go: $(tail -n 2 "$site/cause.log")"
    began=$SECONDS
    for alert; do
        name=${alert%\~}
        seen=${after[$alert]:-never} gone=later
        if [ "$alert" = "$name" ]; then
            gone=never
            if within 120 calm "$name"; then gone=$((SECONDS - began)); fi
        fi
        check "$name: $what, and no longer when that is over" "seen, gone" "$([ "$seen" != never ] && echo seen || echo never), $([ "$gone" != never ] && echo gone || echo stays)"
        alert_table+=("$what | ${name%%@*} | $seen | $gone |")
    done
}
# cause HOST KIND NUMBER: tests/ops/causes.py on a host, as a unit that can be stopped.
cause() {
    "$hosts" run "$1" 'cat >/tmp/causes.py' <"$here/tests/ops/causes.py"
    "$hosts" run "$1" "systemd-run --quiet --collect --unit=cause-$2 --uid=postgres /usr/bin/python3 /tmp/causes.py $2 'host=/var/run/postgresql dbname=postgres' $3"
}
over() { "$hosts" run "$1" "systemctl stop cause-$2; rm -f /tmp/causes.py"; }
# on HOST COMMAND
on() { "$hosts" run "$@"; }
collect() { on "$1" "systemctl start quiver-metrics-$2"; }

alerts_of_services() {
    local name others=()
    for name in $database_hosts; do [ "$name" = "$H" ] || others+=("$name"); done
    provoke "PgBouncer is stopped" "on $S systemctl stop pgbouncer" "on $S systemctl start pgbouncer" "QuiverPoolDown@$S"
    provoke "HAProxy is stopped" "on $S systemctl stop haproxy" "on $S systemctl start haproxy" "QuiverBalancerDown@$S"
    provoke "more clients than the pool has sessions" pool_is_small pool_is_free "QuiverPoolQueue@$H"
    provoke "the leader of etcd is restarted six times" etcd_elects : "QuiverEtcdElections@$H~"
    provoke "two of three members of etcd are stopped" "etcd_on_others stop" "etcd_on_others start --no-block" \
        "QuiverEtcdMemberDown@$S" "QuiverEtcdNoLeader@$H" "QuiverFailsafe@$H" "QuiverConsensusNotSeen@$H"
    provoke "a service fails" "fails backup1" "on backup1 systemctl reset-failed broken" QuiverUnitFailed@backup1
}
etcd_on_others() { local name; for name in "${others[@]}"; do on "$name" "systemctl $* etcd"; done; }
# Not on the host that is looked at: its counter would begin anew.
etcd_elects() {
    local name
    for _ in 1 2 3 4 5 6; do
        for name in "${others[@]}"; do ! etcd_leads "$name" || on "$name" 'systemctl restart etcd'; done
        ! etcd_leads "$H" || etcd_hands_over
        within 20 etcd_is_well
        sleep 6
    done
}
etcd_well='cd /etc/quiver/tls; export ETCDCTL_API=3 ETCDCTL_CACERT=ca.crt ETCDCTL_CERT=host.crt ETCDCTL_KEY=host.key ETCDCTL_ENDPOINTS=https://127.0.0.1:2379;'
etcd_hands_over() {
    on "$H" "$etcd_well"' etcdctl move-leader "$(etcdctl member list | cut -d, -f1,3 | grep -v " $(hostname)$" | head -n 1 | cut -d, -f1)"'
}
etcd_is_well() { on "$H" "$etcd_well etcdctl endpoint health --cluster" >/dev/null 2>&1; }
fails() { on "$1" 'systemd-run --quiet --unit=broken false; sleep 1; systemctl is-failed broken'; }
pool_is_small() {
    "$hosts" ctl env PGPASSWORD="$(secret app)" /usr/bin/python3 "$here/tests/ops/causes.py" clients \
        "host=$drill_address port=5000 dbname=app user=app sslmode=verify-full sslrootcert=$site/pki/ca.crt" 65 &
    pool_clients=$!
}
pool_is_free() { kill "$pool_clients"; }

alerts_of_cluster() {
    local first=$H
    provoke "both standbys are stopped" "patroni_on_others stop" "patroni_on_others start" \
        "QuiverPatroniDown@$S" "QuiverServerDown@$S" "QuiverExporterFails@$S" QuiverStandbyMissing QuiverNoSynchronousStandby
    ready "$standbys" 120
    provoke "a setting that wants a restart" "dynamic postgresql.parameters.track_activity_query_size=4096" \
        restarted_without "QuiverPendingRestart@$H"
    provoke "a slot that nobody reads" "dynamic slots.forgotten.type=physical" "dynamic slots.forgotten=null" "QuiverSlotInactive@$H"
    provoke "the leader's power is cut while Patroni is paused" paused_and_dead resumed_and_back QuiverPatroniPaused QuiverNoLeader "QuiverNoWriteTarget@$S" \
        "QuiverHostDown@$H"
    ready "$standbys" 240
    check "another leads" yes "$([ "$(leader)" != "$first" ] && echo yes)"
    since=$SECONDS provoke "and after that another leads" : : QuiverFailover~
    ready "$standbys" 120
    H=$(leader)
    S=$(other "$H")
    provoke "a standby is promoted by hand while Patroni is paused" promoted_by_hand copied_over QuiverTwoLeaders QuiverTimelinesDiffer
}
patroni_on_others() { local name; for name in $database_hosts; do [ "$name" = "$H" ] || on "$name" "systemctl $1 patroni"; done; }
# What is taken out of its settings Patroni 3.0.2 calls pending as well, so the runbook's restart is due.
restarted_without() {
    dynamic postgresql.parameters.track_activity_query_size=null
    sleep 6
    on "$S" 'for role in replica leader; do patronictl -c /etc/patroni/config.yml restart quiver --role $role --pending --force; done'
    ready "$standbys" 120
}
paused_and_dead() { on "$H" 'patronictl -c /etc/patroni/config.yml pause --wait' && "$hosts" poweroff "$H"; }
# One that is back before its key has ended leads on.
resumed_and_back() {
    on "$S" 'patronictl -c /etc/patroni/config.yml resume'
    within 60 another_leads "$H"
    "$hosts" poweron "$H"
    ready "$standbys" 240
}

# What a second leader writes does not belong into the archive.
promoted_by_hand() {
    on "$S" 'mv /etc/pgbackrest.conf /root/'
    on "$H" 'patronictl -c /etc/patroni/config.yml pause --wait' && sql "$S" 'SELECT pg_promote()'
}
copied_over() {
    on "$H" "patronictl -c /etc/patroni/config.yml reinit quiver $S --force --wait; patronictl -c /etc/patroni/config.yml resume --wait"
    on "$S" 'mv /root/pgbackrest.conf /etc/'
    ready "$standbys" 240
}

alerts_of_server() {
    provoke "sessions that nobody closes" "cause $H sessions 184" "over $H sessions" "QuiverConnections75@$H" "QuiverConnections90@$H"
    provoke "sessions that wait for one lock" "cause $H waiting 12" "over $H waiting" "QuiverLocksWaiting@$H"
    provoke "a password that ends in five days" "role_ends $H" "sql $H DROP ROLE short_lived" "QuiverPasswordEnds@$H"
    # Before the others that read much.
    provoke "a table larger than shared buffers is read twenty times" "reads_much $H" "sql $H DROP TABLE large" "QuiverCacheMisses@$H~"
    provoke "replay is held on a standby while 80 MB are written" held released "QuiverStandbyLags@$H"
    provoke "seven deadlocks" "cause $H deadlocks 7" "over $H deadlocks" "QuiverDeadlocks@$H~"
    provoke "checkpoints that are asked for" "checkpoints $H 25" : "QuiverCheckpointsForced@$H~"
    provoke "transactions that are rolled back" "cause $H rollbacks 20000" "over $H rollbacks" "QuiverRollbacks@$H~"
}
role_ends() { sql "$1" "CREATE ROLE short_lived LOGIN; DO \$\$ BEGIN EXECUTE format('ALTER ROLE short_lived VALID UNTIL %L', now() + interval '5 days'); END \$\$"; }
reads_much() {
    sql "$1" "CREATE TABLE large AS SELECT n, repeat(md5(n::text), 30) AS t FROM generate_series(1, 110000) AS n;
        DO \$\$ BEGIN FOR i IN 1..20 LOOP PERFORM count(*) FROM large; END LOOP; END \$\$"
}
checkpoints() { local number; for number in $(seq "$2"); do sql "$1" "SELECT pg_current_xact_id(); CHECKPOINT"; done; }
# Patroni resumes a replay that is paused, unless it is paused itself.
held() {
    on "$H" 'patronictl -c /etc/patroni/config.yml pause --wait' && sql "$S" 'SELECT pg_wal_replay_pause()' &&
        sql "$H" "CREATE TABLE written AS SELECT n, repeat(md5(n::text), 30) AS t FROM generate_series(1, 80000) AS n"
}
released() { on "$H" 'patronictl -c /etc/patroni/config.yml resume --wait' && sql "$H" 'DROP TABLE written'; }

# A database of its own, which goes with all that is in it.
alerts_of_data() {
    sql "$H" 'CREATE DATABASE causes' >/dev/null
    database=causes sql "$H" 'CREATE EXTENSION quiver' >/dev/null
    provoke "a sequence near its end" "numbers_end $H" "collected_without $H DROP SEQUENCE ending" "QuiverSequenceFull@$H"
    provoke "a feature that nobody pushes" "feature_ages $H" "collected_without $H SELECT quiver.feature_push('aged', jsonb_build_object('id', 1, 'event_ts', now(), 'v', 2))" \
        "QuiverFeatureStale@$H"
    provoke "a feature whose values move" "feature_drifts $H" "collected_without $H SELECT quiver.feature_drop_view('drifting', drop_history => true)" \
        "QuiverFeatureDrift@$H"
    provoke "hnsw.ef_search is set to 1" "searches_badly $H" "collected_without $H DROP TABLE searched" "QuiverRecallLow@$H"
    sql "$H" 'DROP DATABASE causes WITH (FORCE)' >/dev/null
    collect "$H" database
}
collected_without() { local host=$1; shift; database=causes sql "$host" "$*" && collect "$host" database; }
numbers_end() { collected_without "$1" "CREATE SEQUENCE ending MAXVALUE 100; SELECT setval('ending', 93)"; }
feature_ages() {
    database=causes sql "$1" "SELECT quiver.feature_create_entity('thing', '{\"id\": \"bigint\"}');
        SELECT quiver.feature_create_view('aged', 'thing', managed => true, online => true, features => '{\"v\": \"int\"}', ttl => '1 hour');
        SELECT quiver.feature_push('aged', jsonb_build_object('id', 1, 'event_ts', now() - interval '90 minutes', 'v', 1))" && collect "$1" database
}
feature_drifts() {
    collected_without "$1" "SELECT quiver.feature_create_view('drifting', 'thing', managed => true, online => true, features => '{\"v\": \"int\"}', ttl => '9 days');
        SELECT quiver.feature_push('drifting', jsonb_agg(jsonb_build_object('id', n, 'event_ts', now() - age, 'v', low + n % 10)))
        FROM generate_series(1, 300) AS n, (VALUES (interval '36 hours', 0), ('12 hours', 50)) AS day(age, low)"
}
searches_badly() {
    collected_without "$1" "CREATE TABLE searched AS SELECT n, ARRAY(SELECT sin(n * 7.1 + d * 13.7 + n * d * 0.9) FROM generate_series(1, 24) AS d)::vector(24) AS v
        FROM generate_series(1, 4000) AS n; CREATE INDEX ON searched USING hnsw (v vector_l2_ops); ANALYZE searched; ALTER DATABASE causes SET hnsw.ef_search = 1"
}

alerts_of_host() {
    if "$hosts" disk backup1 64 /srv/small; then
        on backup1 'rm -rf /srv/small/*'
        provoke "a file system fills" "on backup1 head -c 20M /dev/zero >/srv/small/a; sleep 12; dd if=/dev/zero of=/srv/small/b bs=1M; true" \
            "on backup1 umount /srv/small" QuiverDisk80@backup1 QuiverDisk95@backup1 QuiverDiskFills@backup1
    else
        say "left out: this machine has no loop device for a file system of a host's own (3 alerts)"
    fi
    provoke "a process is killed for want of memory" killed_for_memory : QuiverOutOfMemory@backup1~
    provoke "a certificate that ends in ten days" "short_certificate backup1" "old_certificate backup1" QuiverCertificateEnds@backup1
}
# In a group of this machine: hosts share its kernel, and each shows what that has counted.
killed_for_memory() {
    local group=/sys/fs/cgroup/memory/quiver_cause limit=memory.limit_in_bytes
    [ -d /sys/fs/cgroup/memory ] || group=/sys/fs/cgroup/quiver_cause limit=memory.max
    mkdir "$group" && echo $((32 << 20)) >"$group/$limit" || return 1
    sh -c "echo \$\$ >$group/cgroup.procs && exec tail /dev/zero"
    rmdir "$group"
}
short_certificate() {
    on "$1" 'cp -p /etc/quiver/tls/host.crt /root/; cat /etc/quiver/tls/host.csr' >"$site/short.csr"
    openssl x509 -req -in "$site/short.csr" -copy_extensions copy -days 10 -CA "$site/pki/ca.crt" -CAkey "$site/pki/ca.key" -passin "pass:$(secret ca)" -out "$site/short.crt"
    on "$1" 'cat >/etc/quiver/tls/host.crt; systemctl start quiver-metrics-host' <"$site/short.crt"
}
old_certificate() { on "$1" 'mv /root/host.crt /etc/quiver/tls/; systemctl start quiver-metrics-host'; }

alerts_of_backup() {
    provoke "the repository has lost its list of backups" "without_list backup1" "with_list backup1" QuiverBackupBroken@backup1
    provoke "a restore whose data do not check" "restored false 2" "restored true 0" QuiverRestoreDrillFailed@backup1
}
without_list() { on "$1" 'cd /var/lib/pgbackrest/backup/quiver && mkdir kept && mv backup.info* kept/ && systemctl start quiver-metrics-backup'; }
with_list() { on "$1" 'cd /var/lib/pgbackrest/backup/quiver && mv kept/* . && rmdir kept && systemctl start quiver-metrics-backup'; }
restored() {
    local status=0
    play restore_drill -e "{restore_drill_checks: [{database: postgres, name: asked, sql: SELECT $1}]}" || status=$?
    [ $status = "$2" ]
}

# A damaged page on a standby's disk. Its alert stays for an hour, so this comes last.
alerts_of_damage() {
    sql "$H" 'CREATE TABLE hurt AS SELECT 1 AS n; CHECKPOINT' >/dev/null
    on "$H" "patronictl -c /etc/patroni/config.yml restart quiver $S --force" >/dev/null
    ready "$standbys" 120
    within 60 answers "pg_checksum_failures{instance=\"$S\"}"
    sleep 12
    provoke "a page of a standby is damaged" "damaged $S" "sql $H DROP TABLE hurt" "QuiverChecksumFailures@$S~"
}
damaged() {
    local file
    file=$(sql "$1" "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('hurt')")
    on "$1" "dd if=/dev/urandom of=$file bs=1 seek=4000 count=64 conv=notrunc"
    sql "$1" 'SELECT * FROM hurt' | grep -c 'invalid page'
}

# What needs ten minutes to be told from a pause; all else happens meanwhile.
alerts_of_slow_begins() {
    local name
    slow_host=$H slow_since=$SECONDS
    for name in QuiverIdleInTransaction QuiverArchiveFails QuiverArchiveOld; do
        calm "$name@$H" || check "before the slow causes: $name is quiet" yes no
    done
    cause "$H" idle 1
    on "$H" 'mv /etc/pgbackrest.conf /root/'
    sql "$H" 'SELECT pg_switch_wal()' >/dev/null
}
alerts_of_slow_ends() {
    since=$slow_since patience=700 provoke "a transaction that is left open" : "over $slow_host idle" "QuiverIdleInTransaction@$slow_host"
    since=$slow_since patience=700 provoke "the archive cannot be reached" "sql $slow_host SELECT pg_switch_wal()" archive_is_back "QuiverArchiveFails@$slow_host" "QuiverArchiveOld@$slow_host"
    say "the last two were under way for $((SECONDS - slow_since)) s"
}
archive_is_back() { on "$slow_host" 'mv /root/pgbackrest.conf /etc/'; sql "$slow_host" 'SELECT pg_switch_wal()'; within 120 archive_works "$slow_host"; }
