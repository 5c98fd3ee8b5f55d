#!/bin/sh
# One version: META.json and CHANGELOG.md say what quiver.control says; and differences between
# servers are known to pg/compat.hpp alone.
# usage: sh tests/build/versions.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/../..}"
status=0
version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" extension/quiver.control)

differs() { # differs WHERE VALUE
    [ "$2" = "$version" ] || {
        echo "$1 says \"$2\", extension/quiver.control says \"$version\""
        status=1
    }
}
meta() { perl -MJSON::PP -0777 -ne 'my $m = decode_json($_); print '"$1" META.json; }
differs 'META.json, version,' "$(meta '$m->{version}')"
differs 'META.json, provides.quiver.version,' "$(meta '$m->{provides}{quiver}{version}')"
differs 'CHANGELOG.md, newest heading,' "$(sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)"
for path in $(meta '$m->{provides}{quiver}{file}') $(meta '$m->{provides}{quiver}{docfile}'); do
    case $path in
        *--"$version".sql) ;; # made by make
        *) [ -e "$path" ] || {
            echo "META.json names $path, which is not there"
            status=1
        } ;;
    esac
done

if grep -rn 'PG_VERSION_NUM' extension --include='*.cpp' --include='*.hpp' --include='*.inl' |
    grep -v '^extension/pg/compat.hpp:'; then
    echo "PG_VERSION_NUM belongs in extension/pg/compat.hpp"
    status=1
fi
exit "$status"
