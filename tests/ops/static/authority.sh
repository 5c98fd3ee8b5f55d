#!/usr/bin/env bash
# The steps of a rotation of the authority: each is stopped before every command it runs, and is then finished, or taken back; what signs is always a pair.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
. "$here/tests/ops/static/is.sh"
script=$here/ops/roles/tls/files/authority.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
authority() { # authority NAME FOLDER
    mkdir -p "$2"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -days 2 -keyout "$2/ca.key" -out "$2/ca.crt" 2>/dev/null
    echo "request of $1" >"$2/ca.csr"
    echo "revoked by $1" >"$2/ca.crl"
}
authority first "$work/kept/first"
authority second "$work/kept/second"
# begin: an authority at rest, and a new one that is whole.
begin() {
    rm -rf "$work/pki"
    cp -rp "$work/kept/first" "$work/pki"
    cp -rp "$work/kept/second" "$work/pki/next.making"
}
step() { sh "$script" "$work/pki" "$@"; }
# signer: whose files are in the authority's place, when all four are of one.
signer() {
    local name
    for name in first second; do
        for file in key csr crl crt; do cmp -s "$work/pki/ca.$file" "$work/kept/$name/ca.$file" || continue 2; done
        echo "$name signs, $(step state)"
        return
    done
    echo "a mixture signs, $(step state)"
}
begin
is "at rest" "first signs, at rest" "$(signer)"
for name in sign drop back forget; do step $name 2>/dev/null && is "$name at rest" refused accepted; done
step trust
is "trust" "first signs, trust" "$(signer)"
step sign
is "sign" "second signs, sign" "$(signer)"
is "the old one is kept" "" "$(diff -r "$work/pki/old" "$work/kept/first")"
step back
is "back" "first signs, trust" "$(signer)"
step forget
is "forget" "first signs, at rest" "$(signer)"
begin
step trust && step sign && step drop
is "drop" "second signs, at rest" "$(signer)"
is "its files are in retired/" "" "$(diff -r "$work/pki/retired/"* "$work/kept/first")"
is "and nothing else is left" "ca.crl ca.crt ca.csr ca.key retired" "$(cd "$work/pki" && echo *)"

# Each step once more, stopped before its first, second, ... command that changes a file: as a power cut would, between two of them.
mkdir "$work/bin"
for command in mv cp rm mkdir; do
    cat >"$work/bin/$command" <<END
#!/bin/sh
left=\$(cat "$work/left")
[ "\$left" -gt 0 ] || { kill -9 \$PPID; exit 1; }
echo \$((left - 1)) >"$work/left"
exec /bin/$command "\$@"
END
    chmod +x "$work/bin/$command"
done
stops=0
# stopped STEP FINISH EXPECTED: STEP from where the folder is, stopped at each of its commands; then FINISH, a list of steps.
stopped() {
    local before=$work/before left=0 name
    rm -rf "$before"
    cp -rp "$work/pki" "$before"
    while :; do
        rm -rf "$work/pki"
        cp -rp "$before" "$work/pki"
        echo $left >"$work/left"
        # In a shell of its own, which says "Killed" to nobody.
        ! (PATH=$work/bin:$PATH; sh "$script" "$work/pki" "$1"; exit $?) 2>/dev/null || break
        stops=$((stops + 1))
        [ "$(step state)" = between ] || case $(signer) in "a mixture"*) is "$1, stopped after $left commands" "a pair signs, or it says that it is between" "$(signer)" ;; esac
        for name in $2; do step "$name" 2>/dev/null; done
        is "$1, stopped after $left commands, then $2" "$3" "$(signer)"
        left=$((left + 1))
    done
}
begin
step trust
stopped sign "sign" "second signs, sign"
begin
step trust
# What did not begin cannot be taken back, and need not: it is where it was.
stopped sign "back" "first signs, trust"
begin
step trust && step sign
stopped back "back" "first signs, trust"
begin
step trust && step sign
stopped back "sign" "second signs, sign"
begin
step trust && step sign
stopped drop "drop" "second signs, at rest"
[ $stops -ge 40 ] || is "stops that were tried" "40 or more" "$stops"
exit $failed
