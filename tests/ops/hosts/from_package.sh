#!/usr/bin/env bash
# A file of a Debian package, without installing it: taken out of the package once, and kept. Prints its path.
# usage: tests/ops/hosts/from_package.sh PACKAGE PATTERN     such as libfaketime '*/libfaketime.so.1'
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/quiver/packages/$1
if [ ! -d "$cache" ]; then
    download=$(mktemp -d)
    trap 'rm -rf "$download"' EXIT
    (cd "$download" && apt-get -q download "$1" >/dev/null 2>&1)
    dpkg-deb -x "$download/$1"_*.deb "$download/all"
    mkdir -p "${cache%/*}"
    mv "$download/all" "$cache"
fi
find "$cache" -path "$2" | grep -m 1 .
