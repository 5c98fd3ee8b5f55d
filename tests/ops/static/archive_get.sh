#!/usr/bin/env bash
# What a standby asks its archive for: from pgBackRest's own server by TLS, at once from nobody when the repository's host is silent. Needs no host.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
. "$here/tests/ops/static/is.sh"
command -v pgbackrest >/dev/null || { echo "skipped: there is no pgbackrest"; exit 0; }
. "$here/tests/tools/pgtree.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/quiver.XXXXXX")
chmod 755 "$work"
silent=
stop_server() { pkill -f -- "--config=$work/server.conf" || :; }
# shellcheck disable=SC2317  # it runs at the end
stop() {
    stop_server
    [ -z "$silent" ] || kill "$silent"
    # What fetches ahead outlives who asked, and would make its folder again.
    for _ in $(seq 100); do grep -qsz "^PGBACKREST_SPOOL_PATH=$work" /proc/[0-9]*/environ || break; sleep 0.1; done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM
mkdir "$work"/{tls,repository,log,lock,spool,data}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 \
    -keyout "$work/tls/key" -out "$work/tls/crt" 2>/dev/null
port=$(free_port)
printf '%s\n' '[global]' "log-path=$work/log" "lock-path=$work/lock" log-level-file=off log-level-console=warn archive-async=y \
    tls-server-address=localhost "tls-server-port=$port" "tls-server-ca-file=$work/tls/crt" "tls-server-cert-file=$work/tls/crt" "tls-server-key-file=$work/tls/key" \
    tls-server-auth=localhost=quiver '[quiver]' "pg1-path=$work/data" | tee "$work/both" >"$work/server.conf"
{ cat "$work/both" && echo '[global:archive-get]' && printf 'repo1-host%s\n' =localhost -type=tls "-port=$port" "-ca-file=$work/tls/crt" "-cert-file=$work/tls/crt" \
    "-key-file=$work/tls/key" "-config=$work/server.conf"; } >"$work/standby.conf"
sed -i "/^tls-server-auth/a repo1-path=$work/repository" "$work/server.conf"
chmod 600 "$work/tls/key"
pgtree_give "$work"/{tls,repository,log,lock,spool,data} "$work/tls/key"
bin=$(pgtree_config --bindir)
pgtree_as_server "$bin/initdb" -D "$work/data" -U postgres -A trust --no-sync >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log"; exit 1; }
# by CONFIGURATION COMMAND...: as the server's account
by() {
    local config=$1
    shift
    pgtree_as_server env PGBACKREST_CONFIG="$work/$config.conf" PGBACKREST_SPOOL_PATH="$work/spool" "$@"
}
by server pgbackrest --stanza=quiver --no-online stanza-create || exit 1
printf '1\t0/3000000\tno recovery target specified\n' >"$work/00000002.history"
by server pgbackrest --stanza=quiver --no-archive-async archive-push "$work/00000002.history" || exit 1
by server pgbackrest --config="$work/server.conf" server >"$work/server.log" 2>&1 &
# get FILE [HOST]: its status and what was got; how long it took is in $took, in ms
get() {
    local began
    rm -f "$work/data/got"
    began=$(date +%s%3N)
    by standby sh "$here/ops/roles/patroni/files/archive_get.sh" quiver "$1" "$work/data/got" "${@:2}" >"$work/out" 2>&1
    echo "$? $(cat "$work/data/got" 2>/dev/null)" >"$work/result"
    took=$(($(date +%s%3N) - began))
}
for _ in $(seq 50); do
    get 00000002.history localhost
    ! grep -q '^0' "$work/result" || break
    sleep 0.1
done
is "a file of the archive comes by TLS" "0 $(cat "$work/00000002.history")" "$(cat "$work/result")"
echo "# a file of the archive: $took ms"
get 00000003.history localhost
is "one that is not there is no error of the connection" "1 " "$(cat "$work/result")$(grep 'does not answer' "$work/out")"
# A host that takes the connection and says nothing, as one whose programs hang; without the ping pgBackRest waits for it again and again.
stop_server
wait
/usr/bin/python3 -c 'import socket, sys, time; s = socket.create_server(("localhost", int(sys.argv[1]))); print("ready", flush=True); time.sleep(300)' "$port" >"$work/silent" &
silent=$!
for _ in $(seq 50); do ! grep -q ready "$work/silent" || break; sleep 0.1; done
get 00000002.history localhost
is "a silent host has nothing" "1 the repository on localhost does not answer: 00000002.history is looked for at the leader alone" "$(cut -d' ' -f1 "$work/result") $(tail -n 1 "$work/out")"
is "which is known within three seconds" yes "$([ "$took" -lt 3000 ] && echo yes || echo "$took ms")"
echo "# a silent host: $took ms"
pgtree_as_server mkdir -p "$work/spool/archive/quiver/in"
pgtree_as_server cp "$work/00000002.history" "$work/spool/archive/quiver/in/000000010000000000000007"
get 000000010000000000000007 localhost
is "what was fetched ahead is there also then" "0 $(cat "$work/00000002.history")" "$(cat "$work/result")"
exit $failed
