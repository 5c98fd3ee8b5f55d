# Causes of alerts: hosts and backups. Groups of alert_causes.sh. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names of tests/ops/lib.sh
alerts_of_host() {
    if "$hosts" disk backup1 64 /srv/small; then
        on backup1 'rm -rf /srv/small/*'
        provoke "a file system fills" "on backup1 head -c 20M /dev/zero >/srv/small/a; sleep 12; dd if=/dev/zero of=/srv/small/b bs=1M; true" \
            "on backup1 umount /srv/small" QuiverDisk80@backup1 QuiverDisk95@backup1 QuiverDiskFills@backup1
    else
        say "left out: this machine has no loop device for a file system of a host's own (3 alerts)"
    fi
    # Hosts share their kernel's load, of which this alert has the mean of five minutes.
    if calm QuiverLoad@backup1; then
        provoke "thirty processes for each processor wait as for a disk" "cause backup1 load $((30 * $(nproc)))" load_ends QuiverLoad@backup1~
        check "and then the load of the last minute falls" yes "$(within 60 load_falls && echo yes)"
    else
        say "left out: this machine has too much to do by itself (1 alert)"
    fi
    provoke "a twentieth of the memory is left" "little_memory backup1" "exporter_mounts backup1 umount /proc/meminfo" QuiverMemory@backup1
    provoke "a process is killed for want of memory" killed_for_memory : QuiverOutOfMemory@backup1~
    provoke "a certificate that ends in ten days" "short_certificate backup1" "old_certificate backup1" QuiverCertificateEnds@backup1
    if command -v strace >/dev/null; then
        provoke "the kernel says that its clock is 0.2 s off" "clock_says backup1 0 200000" clock_is_asked QuiverClockOff@backup1
        provoke "the kernel says that nothing keeps its clock right" "clock_says backup1 5 0" clock_is_asked QuiverClockOff@backup1
    else
        say "left out: this machine has no strace to answer for a host's clock with (1 alert)"
    fi
}
# clock_says HOST RETURN MICROSECONDS: what adjtimex(2) answers a host's exporter, in the place of the kernel: hosts share its clock, and systemd-nspawn keeps
# them from asking. RETURN 5 is TIME_ERROR; at byte 8 of struct timex is the offset.
clock_says() {
    local offset
    offset=$(perl -e 'print unpack "H*", pack "q<", shift' "$3")
    strace -qq -f -o /dev/null -e trace=adjtimex,clock_adjtime -e "inject=adjtimex,clock_adjtime:retval=$2:poke_exit=@arg1=0000000000000000$offset" \
        -p "$("$hosts" pids "$1" prometheus-node)" &
    clock_tracer=$!
}
clock_is_asked() { kill "$clock_tracer"; wait "$clock_tracer"; true; }
# The memory of a host, as a container's is shown to it: by a file in the place of the machine's. The exporter has a /proc of its own.
little_memory() {
    on "$1" "awk '/^MemTotal/ {total = \$2} /^MemAvailable/ {\$2 = int(total / 20)} {print}' /proc/meminfo >/run/cause.meminfo"
    exporter_mounts "$1" mount --bind /run/cause.meminfo /proc/meminfo
}
exporter_mounts() {
    local host=$1
    shift
    on "$host" "nsenter -m -t \$(systemctl show -P MainPID prometheus-node-exporter) $*"
}
load_of_minute() { ask 'node_load1{instance="backup1"}' | jq -r '.[0].value[1]'; }
load_ends() { load_before=$(load_of_minute); over backup1 load; }
load_falls() { awk -v now="$(load_of_minute)" -v before="$load_before" 'BEGIN {exit !(now < 0.9 * before)}'; }
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
