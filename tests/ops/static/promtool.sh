#!/usr/bin/env bash
# promtool, without installing the service that its package brings: taken out of the package once, and kept.
# usage: tests/ops/static/promtool.sh ARGUMENT...
set -euo pipefail
if ! tool=$(command -v promtool); then
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/quiver/promtool
    tool=$cache/usr/bin/promtool
    if [ ! -x "$tool" ]; then
        mkdir -p "$cache"
        download=$(mktemp -d)
        trap 'rm -rf "$download"' EXIT
        (cd "$download" && apt-get -q download prometheus >/dev/null 2>&1)
        dpkg-deb --fsys-tarfile "$download"/prometheus_*.deb | tar -C "$cache" -xf - ./usr/bin/promtool
    fi
fi
exec "$tool" "$@"
