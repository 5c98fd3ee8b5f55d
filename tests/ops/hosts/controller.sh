#!/usr/bin/env bash
# A controller for hosts of Debian 13 on a machine whose Ansible is too old for their Python: runs a command in a root of Debian 13 that has Ansible,
# with this machine's folders, network and processes. The root is made once.
#
# usage: tests/ops/hosts/controller.sh make                makes the root, from a network that has Debian's archive
#        tests/ops/hosts/controller.sh COMMAND [ARG...]    in the folder it is called from
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
roots=${QUIVER_ROOTS:-${XDG_CACHE_HOME:-/var/cache}/quiver/roots}
packages='ansible openssh-client openssl jq python3-cryptography python3-psycopg2 python3-yaml libpq5'
layer=controller.$(echo "$packages" | cksum | awk '{printf "%x", $1}')
upper=$roots/layers/trixie.$layer/upper
[ $# -gt 0 ] || { sed -n '5,6s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }

make_root() {
    [ ! -e "$upper/.made" ] || return 0
    exec 8>/var/lock/quiver-ops-controller
    flock 8
    [ ! -e "$upper/.made" ] || return 0
    echo "making a controller's root ..." >&2
    "$top/tests/tools/roots.sh" enter -l "$layer" trixie \
        sh -euc 'export DEBIAN_FRONTEND=noninteractive; exec >/tmp/controller.log 2>&1 || exit 1
            apt-get -q update; apt-get -q -y install --no-install-recommends $1; apt-get clean' sh "$packages" 8>&-
    touch "$upper/.made"
    exec 8>&-
}
if [ "$1" = make ]; then
    make_root
    exit
fi
[ -e "$upper/.made" ] || { echo "controller.sh: there is no root yet: tests/ops/hosts/controller.sh make" >&2; exit 1; }

# In this process's place, so that who ends it ends the command. Its mounts are its own, and gone with it.
mkdir -p "$upper/../mount"
# shellcheck disable=SC2016  # expanded by the inner shell
exec unshare --mount sh -euc '
    place=$1 lower=$2 folder=$3 folders=$4
    shift 4
    mount -t tmpfs tmpfs "$place"
    mkdir "$place/upper" "$place/work" "$place/root"
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=$place/upper,workdir=$place/work" "$place/root"
    for mount in /proc /dev /sys /tmp /var/tmp /root $folders; do
        mkdir -p "$place/root$mount"
        mount --rbind "$mount" "$place/root$mount"
    done
    cd "$place/root$folder"
    exec env -u LC_ALL LANG=C.UTF-8 chroot "$place/root" sh -c "cd \"\$1\"; shift; exec \"\$@\"" sh "$folder" "$@"
' sh "$upper/../mount" "$upper:$roots/trixie" "$PWD" "$top ${QUIVER_HOSTS:-}" "$@"
