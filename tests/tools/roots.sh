#!/usr/bin/env bash
# Clean Debian systems to build and test in: made once by debootstrap, entered in a namespace.
#
# usage: tests/tools/roots.sh path SUITE
#        tests/tools/roots.sh enter [-l LAYER] [-s] [-f FILE]... SUITE COMMAND [ARG...]
#
# SUITE is bookworm, trixie or testing. `path` makes the root if it is not there and prints where it
# is; `enter` runs COMMAND in it as root. The root itself stays untouched: what COMMAND writes goes
# to an overlay that is thrown away, or with -l to a layer kept under that name (installed packages).
# -s puts a copy of this checkout (tracked files as they are now) at /src, where COMMAND starts.
# -f copies FILE there. Mounts and processes live in namespaces of their own, so nothing
# outlives COMMAND. Needs root.
#
#   QUIVER_ROOTS    where roots are kept (default: ${XDG_CACHE_HOME:-/var/cache}/quiver/roots)
#   QUIVER_MIRROR   Debian mirror (default: debootstrap's own)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
roots=${QUIVER_ROOTS:-${XDG_CACHE_HOME:-/var/cache}/quiver/roots}

usage() {
    sed -n '4,5s/^# //p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

need_root() {
    [ "$(id -u)" -eq 0 ] || {
        echo "roots.sh: making and entering a Debian root needs root" >&2
        exit 1
    }
}

# make_root SUITE: debootstrap beside the final name and rename, so that a broken run leaves none.
make_root() {
    local suite=$1 log=$roots/$1.log
    [ ! -e "$roots/$suite/etc/debian_version" ] || return 0
    sh "$here/tests/tools/deps.sh" matrix
    mkdir -p "$roots"
    rm -rf "$roots/$suite.new"
    echo "making a $suite root in $roots ..." >&2
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$roots/$suite.new" \
        ${QUIVER_MIRROR:+"$QUIVER_MIRROR"} >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        exit 1
    }
    mv "$roots/$suite.new" "$roots/$suite"
}

# settle ROOT: how this machine reaches the archive, and no daemon started by a package.
settle() {
    cp -f /etc/resolv.conf "$1/etc/resolv.conf"
    apt-config dump 2>/dev/null | grep -E '^Acquire::(Check-Valid-Until|Check-Date|https?::Proxy) ' \
        >"$1/etc/apt/apt.conf.d/90quiver-host" || :
    # A certificate authority that npm is told to trust here is trusted there.
    [ -z "${NODE_EXTRA_CA_CERTS:-}" ] || cp -f "$NODE_EXTRA_CA_CERTS" "$1/etc/quiver-host-ca.pem"
    printf '%s\n' '#!/bin/sh' 'exit 101' >"$1/usr/sbin/policy-rc.d"
    chmod 755 "$1/usr/sbin/policy-rc.d"
}

# Runs inside the new namespaces as process 1.
# shellcheck disable=SC2016  # expanded by the inner shell
inside='
set -eu
lower=$1 upper=$2 work=$3 root=$4 source=$5
shift 5
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mkdir -p "$root/src"
mount --bind "$source" "$root/src"
exec chroot "$root" sh -c "cd /src; status=0; \"\$@\" || status=\$?; exit \$status" sh "$@"
'

enter() {
    local layer='' with_source='' files=() suite top status=0
    OPTIND=1
    while getopts 'l:sf:' option; do
        case $option in
            l) layer=$OPTARG ;;
            s) with_source=yes ;;
            f) files+=("$OPTARG") ;;
            *) usage ;;
        esac
    done
    shift $((OPTIND - 1))
    [ $# -ge 2 ] || usage
    suite=$1
    shift
    need_root
    make_root "$suite"

    mkdir -p "$roots/layers"
    scratch=$(mktemp -d "$roots/layers/tmp.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT TERM
    top=$scratch/layer
    [ -z "$layer" ] || top=$roots/layers/$suite.$layer
    mkdir -p "$top/upper" "$scratch/work" "$scratch/root" "$top/upper/etc/apt/apt.conf.d" "$top/upper/usr/sbin"
    # overlayfs wants its work directory empty and beside the upper one.
    rm -rf "$top/work"
    mkdir "$top/work"
    settle "$top/upper"
    mkdir "$scratch/src"
    [ ${#files[@]} -eq 0 ] || cp "${files[@]}" "$scratch/src/"
    if [ -n "$with_source" ]; then
        # A repository, because dist and the build rules ask git what is tracked.
        git -C "$here" ls-files -z --cached --others --exclude-standard | (cd "$here" && xargs -0 ls -d 2>/dev/null) |
            tar -C "$here" -cf - --verbatim-files-from -T - | tar -C "$scratch/src" --no-same-owner -xf -
        git -C "$scratch/src" init -q
        git -C "$scratch/src" add -A
        git -C "$scratch/src" -c user.name=roots -c user.email=roots@localhost commit -qm 'the checkout under test'
    fi
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        TERM="${TERM:-dumb}" ${QUIVER_SUITES+"QUIVER_SUITES=$QUIVER_SUITES"} \
        ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS=/etc/quiver-host-ca.pem} \
        ${http_proxy+"http_proxy=$http_proxy"} ${https_proxy+"https_proxy=$https_proxy"} \
        unshare --mount --pid --fork --kill-child \
        sh -c "$inside" sh "$roots/$suite" "$top/upper" "$top/work" "$scratch/root" "$scratch/src" "$@" ||
        status=$?
    return "$status"
}

case ${1:-} in
    path)
        [ $# -eq 2 ] || usage
        [ -e "$roots/$2/etc/debian_version" ] || need_root
        make_root "$2"
        printf '%s\n' "$roots/$2"
        ;;
    enter)
        shift
        enter "$@"
        ;;
    *) usage ;;
esac
