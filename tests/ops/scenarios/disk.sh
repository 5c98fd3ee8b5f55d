# The leader's disk is full. Sourced after drills.sh.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
# A standby gets a small disk of its own and the leadership. With space again it is rewound: what it has, and as much WAL of the new leader beside it, have room.
small_disk() {
    local name
    name=$(other "$(leader)")
    "$hosts" run "$name" 'set -e; systemctl stop patroni; cd /var/lib/postgresql; version=$(ls | grep -E "^[0-9]+$"); mv $version disk.old
        install -d -m 700 -o postgres -g postgres $version; size=$(du -sm disk.old | cut -f1); mount -t tmpfs -o size=$((2 * size + 200))m,mode=700 small $version
        chown postgres: $version; chmod 700 $version; cp -a disk.old/. $version; rm -rf disk.old; systemctl start patroni'
    ready "$standbys" 180 || return 1
    [ "$(leader)" = "$name" ] || play switchover -e "switchover_to=$name" >"$site/switchover.log" 2>&1 || { tail -n 20 "$site/switchover.log"; return 1; }
    ready "$standbys" 120
}
# The disk that it had before: what is on it is copied anew, as on any host whose disk was replaced.
large_disk() {
    "$hosts" run "$1" 'systemctl stop patroni; umount /var/lib/postgresql/[0-9]* && systemctl start patroni' && ready "$standbys" 240
}
# No byte is left. As long as files of WAL can be written over, the server lives on, refuses what makes a table larger, and goes on leading: the guard hands over.
fault_disk() {
    "$hosts" run "$L" 'dd if=/dev/zero of=$(echo /var/lib/postgresql/[0-9]*)/ballast bs=1M 2>/dev/null; df -h /var/lib/postgresql/[0-9]*'
}
# Without the guard, and WAL is written until it wants another file: the server stops under who writes it. The disk stays full until the writer is done.
fault_disk_stops() {
    "$hosts" run "$L" 'systemctl stop quiver-disk-guard'
    fault_disk
    ! timeout 30 "$hosts" run "$L" "cd /; setpriv --reuid=postgres --regid=postgres --init-groups psql -XqAt -d postgres" <<<'DO $$ BEGIN
        FOR file IN 1..200 LOOP PERFORM pg_logical_emit_message(false, $a$drill$a$, $a$full$a$), pg_switch_wal(); END LOOP; END $$' >/dev/null 2>&1
}
# full_disk_drill VICTIM WHAT FAULT
full_disk_drill() {
    drill "$2" 15 40 "$3"
    say "$(grep -m 1 small "$site/drill.log")"
    check "another leads, while the disk is still full" yes "$(another_leads "$1" && echo yes)"
    "$hosts" run "$1" 'rm -f /var/lib/postgresql/[0-9]*/ballast'
    if ready "$standbys" 240; then check "with space again it is a standby" yes yes; else check "with space again it is a standby" yes no; fi
}

disk_drill() {
    local victim
    small_disk || check "a leader on a small disk" yes no
    victim=$(leader)
    full_disk_drill "$victim" "disk of the leader full" fault_disk
    check "the guard handed over" 1 "$("$hosts" run "$victim" 'journalctl -q -u quiver-disk-guard | grep -c "is nearly full. Handing over: 200"')"
    play switchover -e "switchover_to=$victim" >"$site/switchover.log" 2>&1 || { tail -n 20 "$site/switchover.log"; check "it leads again" yes no; }
    ready "$standbys" 120
    full_disk_drill "$victim" "disk of the leader full, without the guard" fault_disk_stops
    large_disk "$victim" || check "its data come back on another disk" yes no
}
