#!/bin/sh
# The source distribution for PGXN: dist/quiver-VERSION.zip, made from the commit that is checked out.
# usage: sh packaging/dist.sh
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" extension/quiver.control)
mkdir -p dist
git archive --format=zip --prefix="quiver-$version/" -o "dist/quiver-$version.zip" HEAD
echo "dist/quiver-$version.zip"
