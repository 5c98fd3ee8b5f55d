#!/usr/bin/env bash
# The disk that test hosts start from: a minimal Debian with systemd, ssh and Python, and beside it a
# package archive with what the roles install, so that hosts need no network. Made once per suite.
#
# usage: tests/ops/hosts/image.sh make|path SUITE    path: overlayfs lower directories, topmost first
#        tests/ops/hosts/image.sh cache              where it is kept
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../../.." && pwd)
roots=${QUIVER_ROOTS:-${XDG_CACHE_HOME:-/var/cache}/quiver/roots}

# A part of the image's name, so that another list makes another image.
system='systemd systemd-sysv dbus openssh-server python3 python3-apt iproute2 ca-certificates nftables sudo procps
    iputils-ping netbase locales'
services='postgresql patroni etcd-server etcd-client python3-etcd python3-psycopg2 python3-cryptography haproxy keepalived
    pgbouncer pgbackrest chrony ssl-cert acl curl jq logrotate prometheus prometheus-alertmanager prometheus-node-exporter
    prometheus-postgres-exporter redis-server python3-redis postgresql-VERSION-pgaudit postgresql-VERSION-hypopg'

# Fixes come by an archive of their own. The package of the extension is built against them and needs a server that has them.
security=${QUIVER_SECURITY_MIRROR:-http://deb.debian.org/debian-security}

layer() { echo "ops-hosts.$(echo "$system $services $security" | cksum | awk '{printf "%x", $1}')"; }

make_image() {
    local suite=$1 upper
    upper=$roots/layers/$suite.$(layer)/upper
    [ ! -e "$upper/srv/packages/Packages" ] || return 0
    exec 8>"/var/lock/quiver-ops-image"
    flock 8
    [ ! -e "$upper/srv/packages/Packages" ] || return 0
    local old
    for old in "$roots/layers/$suite.ops-hosts."*; do
        # Another set of hosts may still stand on it.
        [ ! -d "$old" ] || grep -qF "$old/" /proc/mounts || rm -rf "$old"
    done
    echo "making the image of the $suite test hosts ..." >&2
    # Expanded inside the root.
    "$top/tests/tools/roots.sh" enter -l "$(layer)" "$suite" sh -euc '
        export DEBIAN_FRONTEND=noninteractive
        exec >/tmp/image.log 2>&1 || exit 1
        trap "tail -n 20 /tmp/image.log >&3" EXIT
        printf "%s\n" "APT::Install-Recommends \"0\";" >/etc/apt/apt.conf.d/91quiver-ops
        echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/quiver-ops
        . /etc/os-release
        echo "deb $3 $VERSION_CODENAME-security main" >>/etc/apt/sources.list
        apt-get -q update
        apt-get -q -y upgrade
        apt-get -q -y install $1
        version=$(apt-cache depends postgresql | sed -n "s/.*Depends: postgresql-\([0-9]*\)$/\1/p")
        apt-get clean
        apt-get -q -y --download-only install $(echo "$2" | sed "s/VERSION/$version/g")
        mkdir -p /srv/packages
        mv /var/cache/apt/archives/*.deb /srv/packages/
        sed -i "s/^# *en_US.UTF-8/en_US.UTF-8/" /etc/locale.gen
        locale-gen
        rm -rf /var/lib/apt/lists/* /etc/apt/sources.list.d/* /usr/sbin/policy-rc.d /etc/apt/apt.conf.d/90quiver-host
        echo "deb [trusted=yes] file:/srv/packages ./" >/etc/apt/sources.list
        : >/etc/machine-id
        : >/etc/resolv.conf
        rm -f /etc/ssh/ssh_host_*
        ssh-keygen -A
        trap - EXIT
    ' sh "$system" "$services" "$security" 3>&2
    (cd "$upper/srv/packages" && dpkg-scanpackages -m . >Packages.new 2>/dev/null && mv Packages.new Packages)
}

case ${1:-} in
    make) make_image "$2" ;;
    path) echo "$roots/layers/$2.$(layer)/upper:$roots/$2" ;;
    cache) echo "$roots" ;;
    *)
        sed -n '5,6s/^# //p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
esac
