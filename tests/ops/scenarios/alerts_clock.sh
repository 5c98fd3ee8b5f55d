# Causes of alerts: time that passes. What is asked runs by a clock that is not the machine's (libfaketime). Groups of alert_causes.sh. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
alerts_of_clock() {
    local library name
    library=$("$here/tests/ops/hosts/from_package.sh" libfaketime '*/libfaketime.so.1') || { say "left out: no libfaketime (7 alerts)"; return; }
    on "$S" 'cat >/usr/local/lib/libfaketime.so.1' <"$library"
    on backup1 'cat >/usr/local/lib/libfaketime.so.1' <"$library"
    provoke "the databases were looked into two hours ago" "looked_long_ago $S database" "on $S systemctl start quiver-metrics-database.timer" "QuiverMetricsOld@$S"
    provoke "the repository was looked at two hours ago" "looked_long_ago backup1 backup" "on backup1 systemctl start quiver-metrics-backup.timer" \
        QuiverBackupMetricsOld@backup1
    provoke "a repository whose only backup was made nine days ago" backed_up_long_ago backups_are_new QuiverBackupStale QuiverBackupOld
    provoke "no restore was proved for nine days" drilled_long_ago "restored true 0" QuiverRestoreDrillOld@backup1
    # Not the host's own server, whose audit would rightly say that the clock was set back.
    provoke "a transaction for 65 minutes of its server's clock" "clock_goes $S" "clock_is_right $S" "QuiverLongTransaction@$S"
    provoke "a migration was cut off between two batches three hours ago" "cut_off_long_ago $S" "goes_on $S" "QuiverMigrationUnfinished@$S"
    aside_down "$S"
    drops "$S" quiver-metrics-database
    on "$S" 'rm -r /tmp/quiver_migrations /tmp/cause_migrations /run/cause.clock; systemctl start quiver-metrics-database'
    for name in "$S" backup1; do on "$name" 'rm /usr/local/lib/libfaketime.so.1'; done
}
# clocked HOST OFFSET COMMAND: as postgres, by a clock that is off by that much.
clocked() {
    local host=$1 offset=$2
    shift 2
    on "$host" "systemd-run --quiet --wait --collect --pipe --uid=postgres -E LD_PRELOAD=/usr/local/lib/libfaketime.so.1 -E FAKETIME=$offset -E FAKETIME_DONT_FAKE_MONOTONIC=1 $*"
}
looked_long_ago() { on "$1" "systemctl stop quiver-metrics-$2.timer"; clocked "$1" -2h "/usr/local/sbin/quiver-metrics $2"; }
# libfaketime 0.9.10 breaks the sleep of Python 3.11, which waits for a moment instead of so long: here it does the latter.
drilled_long_ago() {
    on backup1 'mkdir /tmp/cause_sleep; echo "import select, time; time.sleep = lambda seconds: select.select([], [], [], seconds) and None" >/tmp/cause_sleep/sitecustomize.py'
    clocked backup1 -9d "-E PYTHONPATH=/tmp/cause_sleep -E PYTHONDONTWRITEBYTECODE=1 /usr/local/sbin/quiver-restore-drill"
    on backup1 'rm -r /tmp/cause_sleep'
}

# The cluster's data as the newest backup has them, in a full backup by pgBackRest of nine days ago.
past=/var/lib/postgresql/past
backed_up_long_ago() {
    local pgbackrest="pgbackrest --config=/etc/quiver/restore_drill.conf --stanza=quiver --pg1-path=$past/data" command
    on backup1 "$as_postgres sh -euc 'mkdir -m 700 $past $past/data $past/repo; $pgbackrest --archive-mode=off restore'"
    for command in stanza-create '--type=full backup'; do clocked backup1 -9d "$pgbackrest --repo1-path=$past/repo --no-online $command"; done
    adds backup1 quiver-metrics-backup "Environment=PGBACKREST_REPO1_PATH=$past/repo"
    collect backup1 backup
}
backups_are_new() { drops backup1 quiver-metrics-backup; on backup1 "rm -r $past"; collect backup1 backup; }

# aside_at HOST OFFSET: a server beside the host's, whose clock is off by what is in a file.
aside_at() {
    local aside_environment=(LD_PRELOAD=/usr/local/lib/libfaketime.so.1 FAKETIME_TIMESTAMP_FILE=/run/cause.clock FAKETIME_CACHE_DURATION=1 FAKETIME_DONT_FAKE_MONOTONIC=1)
    on "$1" "echo $2 >/run/cause.clock"
    aside_up "$1"
}
clock_goes() {
    aside_at "$1" +0
    cause "$1" idle 1 'host=/var/run/postgresql port=5499 dbname=postgres'
    within 20 aside_has_one "$1"
    on "$1" 'echo +65m >/run/cause.clock'
    aside_is_watched "$1"
}
aside_has_one() { [ "$(aside_sql "$1" "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'")" = 1 ]; }
clock_is_right() {
    over "$1" idle
    aside_is_left "$1"
    aside_down "$1"
}

cut_off_long_ago() {
    aside_at "$1" -3h
    tar -C "$here/ops/roles/migrations/files" --exclude=__pycache__ -c quiver_migrations | on "$1" 'tar -C /tmp -x; mkdir -p /tmp/cause_migrations/001_filled; cd /tmp/cause_migrations/001_filled
        echo "CREATE TABLE filled (n bigint PRIMARY KEY, v int); INSERT INTO filled SELECT generate_series(1, 3000)" >up.sql
        printf "%s\n" "-- over filled by n" "UPDATE filled SET v = 1 WHERE n BETWEEN :from AND :to" >backfill.sql; chmod -R go+rX /tmp/quiver_migrations /tmp/cause_migrations'
    migrates_aside "$1" "" --expand
    migrates_aside "$1" "timeout -s KILL 5" "--backfill --rest 60s"
    adds "$1" quiver-metrics-database Environment=PGPORT=5499
    collect "$1" database
}
migrates_aside() {
    on "$1" "$as_postgres env PYTHONPATH=/tmp PYTHONDONTWRITEBYTECODE=1 $2 python3 -m quiver_migrations apply $3 /tmp/cause_migrations 'host=/var/run/postgresql port=5499 user=postgres dbname=postgres'"
}
goes_on() { migrates_aside "$1" "" --backfill; collect "$1" database; }
