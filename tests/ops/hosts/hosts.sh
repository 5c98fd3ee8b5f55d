#!/usr/bin/env bash
# Real Debian hosts on this machine for the tests of ops/: own root, systemd as process 1, own network, ssh.
#
# usage: tests/ops/hosts/hosts.sh check              can this machine do it? prints why not
#        tests/ops/hosts/hosts.sh up NAME...         boot hosts (more may be added later)
#        tests/ops/hosts/hosts.sh run NAME COMMAND   as root on a host, by ssh
#        tests/ops/hosts/hosts.sh ctl COMMAND...     in the controller's network
#        tests/ops/hosts/hosts.sh outside COMMAND...  in a network that no firewall rule names
#        tests/ops/hosts/hosts.sh inside NAME COMMAND...   on this machine, in a host's network: also when it is cut off
#        tests/ops/hosts/hosts.sh pids NAME PROGRAM  this machine's numbers of its processes of that name
#        tests/ops/hosts/hosts.sh address NAME       its address;  suite NAME its Debian
#        tests/ops/hosts/hosts.sh poweroff NAME      pull the plug: every process of the host dies at once
#        tests/ops/hosts/hosts.sh poweron NAME       the same disk and address, booted again
#        tests/ops/hosts/hosts.sh isolate NAME       pull the network cable;  rejoin NAME plugs it in
#        tests/ops/hosts/hosts.sh far NAME MS        a cable on which every frame takes so long, each way (delay.py)
#        tests/ops/hosts/hosts.sh disk NAME MEGABYTES FOLDER [MKFS [OPTIONS]]   a file system of its own (mkfs.ext4), until it is unmounted or the power goes
#        tests/ops/hosts/hosts.sh destroy NAME       the host is gone, disk and all
#        tests/ops/hosts/hosts.sh replace NAME       ... and a bare machine stands in its place, with its name and address
#        tests/ops/hosts/hosts.sh save SNAPSHOT      keep the disks of all hosts (they are powered off)
#        tests/ops/hosts/hosts.sh restore SNAPSHOT   boot hosts from those disks
#        tests/ops/hosts/hosts.sh ssh-options        for an inventory
#        tests/ops/hosts/hosts.sh down               stop and remove everything but image and snapshots
#
#   QUIVER_HOSTS          folder of this set of hosts (default: /tmp/quiver-hosts); sets do not meet
#   QUIVER_HOSTS_SUITE    Debian of the hosts that `up` adds: bookworm (default) or trixie; one set may have both
#
# Hosts live in network namespaces around a bridge that is itself in the controller's namespace: no
# packet enters the machine's own network. What is odd about starting them:
#  * a cgroup per host, entered before nspawn starts: with --keep-unit it makes its groups below the
#    one it is in, and hosts started in one would share them;
#  * nspawn drops CAP_NET_ADMIN when it did not make the network; with it nftables, virtual addresses
#    and net.* settings are real per host;
#  * power is cut by killing the host's process 1, which takes its whole process namespace along;
#    killing nspawn would not stop the host.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=${QUIVER_HOSTS:-/tmp/quiver-hosts}
suite=${QUIVER_HOSTS_SUITE:-bookworm}
net=10.77.0
# Names of namespaces are the machine's; this keeps two sets apart.
id=qh$(printf '%s' "$state" | cksum | awk '{printf "%x", $1 % 1048576}')
ssh_options="-i $state/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=8"

# Everything that the hosts need of the machine, tried in a second.
check() {
    local missing=() root probe
    [ "$(id -u)" -eq 0 ] || { echo "not root"; return 1; }
    for tool in systemd-nspawn debootstrap ip ssh ssh-keygen dpkg-scanpackages; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    [ ${#missing[@]} -eq 0 ] || { echo "missing: ${missing[*]}"; return 1; }
    root=$(mktemp -d)
    probe=qhprobe$$
    if ! ip netns add $probe 2>/dev/null; then
        rm -rf "$root"
        echo "network namespaces cannot be made"
        return 1
    fi
    ip netns del $probe
    mkdir "$root"/{a,b,c,d}
    if ! mount -t overlay overlay -o "lowerdir=$root/a,upperdir=$root/b,workdir=$root/c" "$root/d" 2>/dev/null; then
        rm -rf "$root"
        echo "overlay file systems cannot be mounted"
        return 1
    fi
    umount "$root/d"
    rm -rf "$root"
    [ -n "$(cgroup_trees)" ] || { echo "no writable cgroup tree"; return 1; }
}

ctl() { ip netns exec "$id-ctl" "$@"; }
# A stranger: on the same wires, in a network that no firewall rule names.
outside() {
    if [ ! -e "/run/netns/$id-out" ]; then
        ip netns add "$id-out"
        ip -n "$id-ctl" link add vout type veth peer name eth0 netns "$id-out"
        ip -n "$id-ctl" link set vout master br0 up
        ip -n "$id-ctl" addr add 10.78.0.1/24 dev br0
        ip -n "$id-out" link set lo up
        ip -n "$id-out" addr add 10.78.0.2/24 dev eth0
        ip -n "$id-out" link set eth0 up
        ip -n "$id-out" route add $net.0/24 dev eth0 src 10.78.0.2
        ctl sysctl -qw net.ipv4.ip_forward=1
    fi
    ip netns exec "$id-out" "$@"
}
names() { [ ! -d "$state/hosts" ] || (cd "$state/hosts" && ls); }
address() { cat "$state/hosts/$1/address"; }
suite() { cat "$state/hosts/$1/suite"; }
run() {
    local name=$1
    shift
    # shellcheck disable=SC2086  # a list of options
    ctl ssh $ssh_options "root@$(address "$name")" "$@"
}

cgroup_trees() {
    local tree
    for tree in /sys/fs/cgroup /sys/fs/cgroup/{unified,systemd,memory,pids,cpu}; do
        [ ! -w "$tree/cgroup.procs" ] || echo "$tree"
    done
}

# The machine's number of the process that is process 1 of host $1.
process_one() {
    local file pid
    for file in /sys/fs/cgroup/{unified/,}"$id/$1/payload/init.scope/cgroup.procs"; do
        [ -r "$file" ] || continue
        while read -r pid; do
            if [ "$(awk '/^NSpid/ {print $NF}' "/proc/$pid/status" 2>/dev/null)" = 1 ]; then
                echo "$pid"
                return
            fi
        done <"$file"
    done
}

network_up() {
    [ ! -e "/run/netns/$id-ctl" ] || return 0
    ip netns add "$id-ctl"
    ip -n "$id-ctl" link set lo up
    ip -n "$id-ctl" link add br0 type bridge
    ip -n "$id-ctl" addr add $net.1/24 dev br0
    ip -n "$id-ctl" link set br0 up
}

disk() {
    local image=$state/hosts/$1/disk mkfs=${4:-mkfs.ext4} device
    rm -f "$image"
    truncate -s "$2M" "$image"
    "$mkfs" -q "$image" >/dev/null
    device=$(losetup --find --show "$image") || return 1
    # shellcheck disable=SC2016  # expanded by the shell there
    nsenter --mount --target "$(process_one "$1")" sh -euc 'mkdir -p "$1"; mknod "$1.device" b $2; mount -t $3 -o "${4:-defaults}" "$1.device" "$1"; rm "$1.device"' \
        mount "$3" "$(stat -c '%Hr %Lr' "$device")" "${mkfs##*mkfs.}" "${5:-}" || { losetup --detach "$device"; return 1; }
    # Let go: it stays for as long as it is mounted.
    losetup --detach "$device"
}

plug() { # plug NAME: a cable from the host to the bridge
    local name=$1 address
    address=$(address "$name")
    ip netns add "$id-$name"
    ip -n "$id-ctl" link add "v${address##*.}" type veth peer name eth0 netns "$id-$name"
    ip -n "$id-ctl" link set "v${address##*.}" master br0 up
    ip -n "$id-$name" link set lo up
    ip -n "$id-$name" addr add "$address/24" dev eth0
    ip -n "$id-$name" link set eth0 up
    ip -n "$id-$name" route add default via $net.1 # leads nowhere, but Ansible asks which it is
}
# Between the host's cable and the bridge another one, and a program that carries frames from one to the other.
far() {
    local a
    a=$(address "$1")
    a=${a##*.}
    ip -n "$id-ctl" link set "v$a" nomaster
    ip -n "$id-ctl" link add "w$a" type veth peer name "x$a"
    ip -n "$id-ctl" link set "w$a" up
    ip -n "$id-ctl" link set "x$a" master br0 up
    ip netns exec "$id-ctl" setsid /usr/bin/python3 "$here/delay.py" "v$a" "w$a" "$2" </dev/null >"$state/hosts/$1/far.log" 2>&1 &
    for _ in $(seq 50); do
        ! ctl ping -c 1 -W 1 -q "$(address "$1")" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    echo "hosts.sh: $1 does not answer over $2 ms" >&2
    return 1
}
isolate() { local a; a=$(address "$1"); ip -n "$id-ctl" link set "v${a##*.}" down; }
rejoin() { local a; a=$(address "$1"); ip -n "$id-ctl" link set "v${a##*.}" up; }

poweron() {
    local name=$1 tree groups='' unified=''
    for tree in $(cgroup_trees); do
        mkdir -p "$tree/$id/$name"
        groups="$groups $tree/$id/$name"
        # On a busy machine a set gets the time of as many processes as it has hosts, not that of one.
        [ ! -w "$tree/$id/cpu.shares" ] || names | awk -v to="$tree/$id/cpu.shares" 'END {print 1024 * NR >to}'
    done
    # systemd from 256 on refuses the first version of cgroups; the second is there beside it.
    [ "$(suite "$name")" = bookworm ] || unified=SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
    # A host outlives who boots it and must hold none of its files: one may be a lock.
    setsid bash -c "for file in /proc/self/fd/*; do file=\${file##*/}; [ \$file -le 2 ] || eval \"exec \$file>&-\"; done
        for group in $groups; do echo \$\$ >\$group/cgroup.procs; done
        exec env $unified SYSTEMD_NSPAWN_API_VFS_WRITABLE=network systemd-nspawn --quiet --boot \
            --directory='$state/hosts/$name/root' --machine=$id-$name --hostname=$name --register=no --keep-unit \
            --network-namespace-path=/run/netns/$id-$name --capability=CAP_NET_ADMIN,CAP_NET_RAW --resolv-conf=off \
            --timezone=off --link-journal=no --console=read-only" </dev/null >"$state/hosts/$name/console" 2>&1 &
    echo $! >"$state/hosts/$name/pid"
}

poweroff() {
    local name=$1 pid
    pid=$(process_one "$name")
    [ -z "$pid" ] || kill -9 "$pid"
    sleep 0.3
    if [ -f "$state/hosts/$name/pid" ]; then
        kill -9 "$(cat "$state/hosts/$name/pid")" 2>/dev/null || :
        rm -f "$state/hosts/$name/pid"
    fi
}

wait_for_ssh() {
    local name
    for name in "$@"; do
        for _ in $(seq 150); do
            if run "$name" true 2>/dev/null; then continue 2; fi
            sleep 0.2
        done
        echo "hosts.sh: $name does not answer" >&2
        tail -n 20 "$state/hosts/$name/console" >&2
        return 1
    done
}

mount_root() { # mount_root NAME [SNAPSHOT_UPPER]
    local host=$state/hosts/$1 lower
    lower=$("$here/image.sh" path "$(suite "$1")")
    [ -z "${2:-}" ] || lower=$2:$lower
    mkdir -p "$host"/{upper,work,root}
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=$host/upper,workdir=$host/work" "$host/root"
}

prepare() { # the folder of the set, on memory where there is plenty: the disk's own pace is not under test
    "$here/image.sh" make "$suite"
    [ ! -d "$state/hosts" ] || return 0
    mkdir -p "$state"
    if [ "$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)" -ge 10 ]; then
        mount -t tmpfs -o size=6g,mode=700 quiver-hosts "$state"
    fi
    mkdir "$state/hosts"
    ssh-keygen -q -t ed25519 -N '' -f "$state/key"
}

add_host() { # add_host NAME ADDRESS SUITE [SNAPSHOT_UPPER]
    local name=$1 host=$state/hosts/$1
    mkdir -p "$host"
    echo "$2" >"$host/address"
    echo "$3" >"$host/suite"
    mount_root "$name" "${4:-}"
    echo "$name" >"$host/root/etc/hostname"
    printf '127.0.0.1 localhost\n%s %s\n' "$2" "$name" >"$host/root/etc/hosts"
    # The image's package lists are empty; without a date Ansible would think them fresh.
    [ -n "${4:-}" ] || touch -d @0 "$host/root/var/lib/apt/lists"
    install -d -m 700 "$host/root/root/.ssh"
    install -m 600 "$state/key.pub" "$host/root/root/.ssh/authorized_keys"
    plug "$name"
    poweron "$name"
}

up() {
    local name last
    prepare
    network_up
    for name in "$@"; do
        [ ! -d "$state/hosts/$name" ] || { echo "hosts.sh: $name is there already" >&2; return 1; }
        last=$({ echo $net.10; cat "$state"/hosts/*/address 2>/dev/null || :; } | sed 's/.*\.//' | sort -n | tail -n 1)
        add_host "$name" "$net.$((last + 1))" "$suite"
    done
    wait_for_ssh "$@"
}

destroy() {
    local name=$1 tree address
    address=$(address "$name" 2>/dev/null || :)
    poweroff "$name" || :
    if mountpoint -q "$state/hosts/$name/root"; then umount "$state/hosts/$name/root" || umount -l "$state/hosts/$name/root"; fi
    ip netns del "$id-$name" 2>/dev/null || :
    ip -n "$id-ctl" link del "w${address##*.}" 2>/dev/null || :
    rm -rf "${state:?}/hosts/$name"
    rmdir "/run/systemd/nspawn/propagate/$id-$name" 2>/dev/null || :
    for tree in $(cgroup_trees); do
        [ ! -d "$tree/$id/$name" ] || find "$tree/$id/$name" -depth -type d -exec rmdir {} \; 2>/dev/null || :
    done
}

replace() {
    local name=$1 address suite
    address=$(address "$name")
    suite=$(suite "$name")
    destroy "$name"
    add_host "$name" "$address" "$suite"
    wait_for_ssh "$name"
}

snapshot_folder() { echo "$("$here/image.sh" cache)/snapshots/$suite.$1"; }
save() {
    local name to
    to=$(snapshot_folder "$1")
    rm -rf "$to"
    mkdir -p "$to"
    for name in $(names); do
        run "$name" 'systemctl poweroff' 2>/dev/null || :
    done
    for name in $(names); do
        for _ in $(seq 100); do
            [ -n "$(process_one "$name")" ] || break
            sleep 0.2
        done
        poweroff "$name"
        mkdir "$to/$name"
        cp "$state/hosts/$name/"{address,suite} "$to/$name/"
        cp -a "$state/hosts/$name/upper" "$to/$name/"
    done
}
restore() {
    local from name
    from=$(snapshot_folder "$1")
    [ -d "$from" ] || { echo "hosts.sh: no snapshot $1" >&2; return 1; }
    prepare
    network_up
    local restored=()
    for name in "$from"/*/; do
        name=$(basename "$name")
        add_host "$name" "$(cat "$from/$name/address")" "$(cat "$from/$name/suite")" "$from/$name/upper"
        restored+=("$name")
    done
    wait_for_ssh "${restored[@]}"
}

down() {
    local name tree
    for name in $(names); do destroy "$name"; done
    ip netns del "$id-ctl" 2>/dev/null || :
    ip netns del "$id-out" 2>/dev/null || :
    for tree in $(cgroup_trees); do
        [ ! -d "$tree/$id" ] || find "$tree/$id" -depth -type d -exec rmdir {} \; 2>/dev/null || :
    done
    if mountpoint -q "$state"; then umount "$state" || umount -l "$state"; fi
    rm -rf "$state"
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
    # In this process's place, so that who ends it ends the command.
    ctl) exec ip netns exec "$id-ctl" "$@" ;;
    inside) exec ip netns exec "$id-$1" "${@:2}" ;;
    pids) ip netns pids "$id-$1" | grep -Fxf <(pgrep -x "$2") ;;
    check | up | run | outside | replace | address | suite | poweroff | poweron | isolate | rejoin | far | disk | destroy | save | restore | down) "$command" "$@" ;;
    names) names ;;
    ssh-options) echo "$ssh_options" ;;
    wait) wait_for_ssh "$@" ;;
    *)
        sed -n '4,25s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
esac
