#!/bin/sh
# Install with apt what a task needs, and only what is missing.
#
# usage: sh tests/tools/deps.sh build|demo|check|lint|bench|bench-hnsw|arm64|deb|dist|matrix|ops
#
# When nothing is missing it needs no privilege and no network and prints nothing. The server is the
# distribution's own (Debian 12: PostgreSQL 15, 13: 17, testing: 18) unless PG_CONFIG names another.
set -eu

task=${1:-}
PG_CONFIG=${PG_CONFIG:-pg_config}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
has_command() { command -v "$1" >/dev/null 2>&1; }

if ! has_command dpkg-query; then
    echo "deps.sh: this is not a Debian system; see README.md for what has to be installed" >&2
    exit 1
fi

# The major version in use: that of a working pg_config, else the newest server-dev package, else
# what the distribution's "postgresql" depends on (nothing is known before the lists are fetched).
pgxs_works() { [ -e "$("$PG_CONFIG" --pgxs 2>/dev/null)" ]; }
server_version() {
    if pgxs_works; then
        "$PG_CONFIG" --version | sed -n 's/^PostgreSQL \([0-9]*\).*/\1/p'
        return
    fi
    version=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'postgresql-server-dev-*' 2>/dev/null |
        sed -n 's/^installed postgresql-server-dev-\([0-9]*\)$/\1/p' | sort -n | tail -n 1)
    [ -n "$version" ] || version=$(apt-cache depends postgresql 2>/dev/null |
        sed -n 's/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1)
    printf '%s\n' "$version"
}

# A server from elsewhere (PG_CONFIG of a source build) comes with its own files.
foreign_server() { pgxs_works && case $("$PG_CONFIG" --bindir) in /usr/lib/postgresql/*) false ;; esac; }

wanted() {
    version=$(server_version)
    case $task in
        build | demo | check | bench | bench-hnsw | dist | ops)
            echo g++ make libsimde-dev libssl-dev zlib1g-dev
            if ! foreign_server; then
                [ -n "$version" ] || { echo unknown-postgresql; return; }
                echo "postgresql-server-dev-$version" "postgresql-$version"
            fi
            ;;
    esac
    case $task in
        check)
            # The peer that tests/moving moves from, where the distribution has it.
            foreign_server || ! apt-cache show "postgresql-$version-pgvector" >/dev/null 2>&1 || echo "postgresql-$version-pgvector"
            foreign_server || echo "postgresql-$version-pgtap" "postgresql-$version-pgaudit"
            # Its hypothetical indexes beside ours (tests/pgtap/hnsw/hnsw_hypopg.sql).
            foreign_server || ! apt-cache show "postgresql-$version-hypopg" >/dev/null 2>&1 || echo "postgresql-$version-hypopg"
            # The unit tests, the fuzzers, TAP's harness, what an fsync has covered, and the clients of tests/compat.
            echo git libgtest-dev clang libclang-rt-dev perl openssl strace
            has_command node && has_command npm || echo nodejs npm ca-certificates
            ;;
        bench)
            has_command python3 || echo python3
            has_command node && has_command npm || echo nodejs npm ca-certificates
            ;;
        bench-hnsw)
            # Peers in process, the client, exact answers; the two sets that Debian packages.
            echo libhnswlib-dev libfaiss-dev liblapack-dev libblas-dev libpq-dev python3 python3-numpy
            echo dataset-fashion-mnist wordnet-base
            has_command node && has_command npm || echo nodejs npm ca-certificates
            ;;
        lint)
            echo clang-format clang-tidy shellcheck g++ make libsimde-dev libssl-dev zlib1g-dev libgtest-dev
            foreign_server || echo "postgresql-server-dev-${version:-unknown}"
            ;;
        arm64) echo g++-aarch64-linux-gnu qemu-user ;;
        deb) echo build-essential debhelper fakeroot libsimde-dev libssl-dev zlib1g-dev postgresql-server-dev-all git ;;
        dist) echo pgxnclient git unzip ;;
        matrix) echo debootstrap git ;;
        ops)
            # The toolkit's own, then what boots the hosts it is tested on.
            echo ansible ansible-lint yamllint python3-psycopg2 python3-redis python3-yaml python3-cryptography jq git
            echo systemd-container debootstrap cryptsetup e2fsprogs python3-apt iproute2 iputils-ping openssh-client openssl curl dpkg-dev
            # redis-tools has the server's program too, and starts none; pgbackrest reads what a role writes for it.
            echo redis-tools pgbackrest
            # Index advice is tried on a server of this machine.
            foreign_server || ! apt-cache show "postgresql-$version-hypopg" >/dev/null 2>&1 || echo "postgresql-$version-hypopg"
            ;;
        build | demo) ;;
        *)
            echo "usage: sh tests/tools/deps.sh build|demo|check|lint|bench|bench-hnsw|arm64|deb|dist|matrix|ops" >&2
            exit 2
            ;;
    esac
}

missing() {
    for package in $(wanted); do
        installed "$package" || printf '%s ' "$package"
    done
}

list=$(missing)
[ -n "$list" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    if has_command sudo && sudo -n true 2>/dev/null; then
        exec sudo -n PG_CONFIG="$PG_CONFIG" sh "$0" "$@"
    fi
    case $list in *unknown*) list="postgresql $(echo "$list" | sed 's/[^ ]*unknown[^ ]*//')" ;; esac
    printf '%s\n' "Packages are missing and this account may not install them. As root, run:" \
        "    apt-get update && apt-get install --no-install-recommends $list" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
# apt speaks only when it fails.
quietly() {
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
apt_install() { quietly apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends install "$@"; }

echo "installing with apt what \"$task\" needs ..." >&2
quietly apt-get -q update
list=$(missing)
case $list in
    *unknown*)
        echo "deps.sh: apt knows no package \"postgresql\" here" >&2
        exit 1
        ;;
esac
echo "    $list" >&2

# Nobody asked for a database cluster that starts with the machine, so Debian's package is told not
# to make one; the setting is put back at once.
conf=/etc/postgresql-common/createcluster.conf
case " $list" in
    *" postgresql-"[0-9]*)
        apt_install postgresql-common
        saved=$(mktemp)
        cp -p "$conf" "$saved"
        trap 'cp -p "$saved" "$conf"; rm -f "$saved"' EXIT
        trap 'exit 130' INT TERM
        echo 'create_main_cluster = false' >>"$conf"
        ;;
esac
# shellcheck disable=SC2086  # a list of package names
apt_install $list
