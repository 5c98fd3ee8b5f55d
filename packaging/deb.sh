#!/bin/sh
# Debian packages for the server versions of this system, into dist/: postgresql-N-quiver and
# postgresql-N-quiver-vector-alias. Made from the commit that is checked out.
# usage: sh packaging/deb.sh
set -eu
cd "$(dirname "$0")/.."
sh tests/tools/deps.sh deb
version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" extension/quiver.control)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/quiver-deb.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

source=$tmp/quiver-$version
mkdir -p "$source" dist
git archive HEAD | tar -C "$source" -xf -
cp -r "$source/packaging/debian" "$source/debian"
# The date is that of the commit, so that the same commit gives the same package.
cat >"$source/debian/changelog" <<END
quiver ($version) unstable; urgency=medium

  * See CHANGELOG.md.

 -- the quiver contributors <quiver@localhost>  $(git log -1 --format=%cD)
END
log=$tmp/log
if ! (cd "$source" && pg_buildext updatecontrol && dpkg-buildpackage -b -us -uc) >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
rm -f dist/postgresql-*-quiver*_*.deb
for package in "$tmp"/*.deb; do
    case $package in
        *-dbgsym_*) ;;
        *) cp "$package" dist/ && echo "dist/${package##*/}" ;;
    esac
done
