# Functions to lay out a private copy of an installed PostgreSQL with quiver in it; sourced by
# server.sh and by suites that make their own clusters. Sourcing script sets $here to the checkout.
# shellcheck shell=bash disable=SC2154  # here

PG_CONFIG=${PG_CONFIG:-pg_config}

pgtree_config() { "$PG_CONFIG" "$1"; }

# pgtree_create ROOT [OVERLAY...]: ROOT/usr/lib/postgresql/N/bin etc. as the server's own layout.
pgtree_create() {
    local root=$1 bindir pkglibdir sharedir overlay
    shift
    bindir=$(pgtree_config --bindir) pkglibdir=$(pgtree_config --pkglibdir) sharedir=$(pgtree_config --sharedir)
    mkdir -p "$root$bindir" "$root$pkglibdir" "$root$sharedir/extension"
    # A server finds its directories from where its program is, following links: programs are copied.
    cp "$bindir"/{postgres,initdb,pg_ctl,pg_config,psql,pg_dump,pg_restore,pg_basebackup,pgbench,pg_isready,createdb,pg_checksums,pg_controldata} \
        "$root$bindir/" 2>/dev/null || cp "$bindir"/* "$root$bindir/"
    cp -rs "$pkglibdir/." "$root$pkglibdir/" 2>/dev/null || :
    cp -rs "$sharedir/." "$root$sharedir/"
    for overlay in "$@"; do
        cp -rf --remove-destination "$overlay/." "$root/"
    done
    mkdir -p "$here/build"
    { # Servers may be started side by side: one builds at a time.
        flock 7
        make -s -C "$here" PG_CONFIG="$PG_CONFIG" all >&2 7>&-
        make -s -C "$here" PG_CONFIG="$PG_CONFIG" install DESTDIR="$root" INSTALL="install" >&2 7>&-
    } 7>"$here/build/lock"
}

# The account a server runs as when the caller is root.
pgtree_account() { getent passwd postgres >/dev/null && echo postgres || echo nobody; }

# pgtree_as_server COMMAND...: run as an account that PostgreSQL accepts.
pgtree_as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && setpriv --reuid="$(pgtree_account)" --regid="$(id -g "$(pgtree_account)")" --clear-groups -- "$@")
    else
        "$@"
    fi
}

# pgtree_give DIR...: let that account own DIR.
pgtree_give() {
    [ "$(id -u)" -ne 0 ] || chown "$(pgtree_account):" "$@"
}
