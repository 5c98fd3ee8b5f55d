# Causes of alerts: what clients, data and time do to a server. Groups of alert_causes.sh. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
alerts_of_server() {
    provoke "sessions that nobody closes" "cause $H sessions 184" "over $H sessions" "QuiverConnections75@$H" "QuiverConnections90@$H"
    provoke "sessions that wait for one lock" "cause $H waiting 12" "over $H waiting" "QuiverLocksWaiting@$H"
    provoke "a password that ends in five days" "role_ends $H" "sql $H DROP ROLE short_lived" "QuiverPasswordEnds@$H"
    # Before the others that read much.
    provoke "a table larger than shared buffers is read twenty times" "reads_much $H" "sql $H DROP TABLE large" "QuiverCacheMisses@$H~"
    provoke "replay is held on a standby while 80 MB are written" held released "QuiverStandbyLags@$H"
    provoke "somebody who copies from the leader has 64 MB more than that" is_ahead "over $S ahead" "QuiverReplicaAhead@$H"
    provoke "seven deadlocks" "cause $H deadlocks 7" "over $H deadlocks" "QuiverDeadlocks@$H~"
    provoke "checkpoints that are asked for" "checkpoints $H 25" : "QuiverCheckpointsForced@$H~"
    provoke "transactions that are rolled back" "cause $H rollbacks 20000" "over $H rollbacks" "QuiverRollbacks@$H~"
}
# A diverged standby: who it says it is, and how it gets in, a standby's own server says.
is_ahead() { cause "$S" ahead 64 "$(sql "$S" 'SHOW primary_conninfo') application_name=diverged"; }
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

# Transactions are not used up: a database of its own is written down as one that nobody has vacuumed for 1.7e9 of them. Autovacuum mends it, each time.
alerts_of_ages() {
    local name
    sql "$H" 'CREATE DATABASE causes' >/dev/null
    provoke "a database that was not vacuumed for 1.7e9 transactions" "cause $H ages 1700" "vacuumed $H" "QuiverWraparound50@$H" "QuiverWraparound75@$H"
    sql "$H" 'DROP DATABASE causes WITH (FORCE)' >/dev/null
    sql "$H" CHECKPOINT >/dev/null
    ready "$standbys" 60
    for name in $database_hosts; do sql "$name" CHECKPOINT >/dev/null; done
    check "no database is old any more, and none is by the control files" f \
        "$(for name in $database_hosts; do sql "$name" "SELECT bool_or(age(datfrozenxid) > 1e8) FROM pg_database UNION SELECT age(oldest_xid) > 1e8 FROM pg_control_checkpoint()"; done | sort -u | xargs)"
}
vacuumed() { over "$1" ages; database=causes sql "$1" 'VACUUM pg_class'; }

# 4.1 GiB of WAL, most of it zeros, which a file system that compresses has in 160 MB.
alerts_of_slots() {
    local mkfs
    if mkfs=$("$here/tests/ops/hosts/from_package.sh" btrfs-progs '*/mkfs.btrfs') && "$hosts" disk "$S" 512 "$aside" "$mkfs" compress=zstd:1; then
        provoke "nobody reads a slot while 4.1 GiB of WAL are written" "writes_much_wal $S" "writes_no_wal $S" "QuiverSlotKeepsWal@$S"
    else
        say "left out: this machine has no file system that compresses for a host (1 alert)"
    fi
}
writes_much_wal() {
    aside_up "$1" 'wal_init_zero = off' 'wal_recycle = off' 'fsync = off'
    aside_is_watched "$1"
    aside_sql "$1" "SELECT pg_create_physical_replication_slot('gone', true);
        $(for _ in $(seq 262); do echo "SELECT pg_logical_emit_message(false, 'quiver', 'written'), pg_switch_wal();"; done)"
}
writes_no_wal() { aside_sql "$1" "SELECT pg_drop_replication_slot('gone')"; aside_is_left "$1"; aside_down "$1"; }

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

# A damaged page on a standby's disk. Its alert stays for an hour, so this comes last.
alerts_of_damage() {
    sql "$H" 'CREATE TABLE hurt AS SELECT 1 AS n; CHECKPOINT' >/dev/null
    on "$H" "patronictl -c /etc/patroni/config.yml restart quiver $S --force" >/dev/null
    ready "$standbys" 120
    within 60 answers "pg_checksum_failures{instance=\"$S\"}"
    sleep 12
    provoke "a page of a standby is damaged" "damaged $S" "copied_anew $S" "QuiverChecksumFailures@$S~"
    check "copied anew, it has counted none" 0 "$(sql "$S" 'SELECT sum(checksum_failures) FROM pg_stat_database')"
}
damaged() {
    local file
    file=$(sql "$1" "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('hurt')")
    on "$1" "dd if=/dev/urandom of=$file bs=1 seek=4000 count=64 conv=notrunc"
    sql "$1" 'SELECT * FROM hurt' | grep -c 'invalid page'
}
copied_anew() {
    sql "$H" 'DROP TABLE hurt'
    on "$H" "patronictl -c /etc/patroni/config.yml reinit quiver $1 --force --wait"
    ready "$standbys" 240
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
