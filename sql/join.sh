#!/bin/sh
# Join the modules named in sql/modules.list into one install script on standard output.
# usage: sh sql/join.sh VERSION
set -eu
cd "$(dirname "$0")"
printf '%s\n' "-- quiver $1; made from sql/modules by sql/join.sh" \
    '\echo Use "CREATE EXTENSION quiver" to load this file. \quit'
sed 's/#.*//' modules.list | while read -r part; do
    [ -n "$part" ] || continue
    printf '\n-- from %s\n' "$part"
    cat "modules/$part"
done
