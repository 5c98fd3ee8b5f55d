#!/bin/sh
# Which of the ports that listen on this host show another certificate than host.crt: a line for each, and a status that says whether there is one.
# usage: served.sh FOLDER ADDRESS PORT...
set -u
cd "$1" || exit 2
address=$2
shift 2
status=0
print() { openssl x509 -noout -fingerprint -sha256 2>/dev/null; }
wanted=$(print <host.crt)
for port; do
    ss -Hltn "sport = :$port" | grep -q . || continue
    start=
    case $port in 5432 | 6432) start='-starttls postgres' ;; esac
    # shellcheck disable=SC2086  # no word, or two
    shown=$(timeout 5 openssl s_client -connect "$address:$port" $start -cert host.crt -key host.key </dev/null 2>/dev/null | print)
    [ "$shown" = "$wanted" ] || { echo "port $port shows ${shown:-nothing}"; status=1; }
done
exit $status
