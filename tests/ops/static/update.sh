#!/usr/bin/env bash
# What an update finds, fetches, installs and takes back, by dpkg and apt in a root of their own. Needs no host.
# usage: tests/ops/static/update.sh
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
. "$here/tests/ops/static/is.sh"
program=$here/ops/roles/update/files/packages.py
work=$(mktemp -d "${TMPDIR:-/tmp}/quiver.XXXXXX") || exit
trap 'rm -rf "$work"' EXIT

mkdir -p "${work:?}"/{archive,bin,apt/lists/partial,apt/cache/archives/partial,apt/etc/apt.conf.d,apt/etc/preferences.d,root/var/lib/dpkg/{info,updates},root/usr/sbin}
touch "$work/root/var/lib/dpkg/status" "$work/dpkg.log"
cat >"$work/apt.conf" <<END
Dir::State "$work/apt";
Dir::State::status "$work/root/var/lib/dpkg/status";
Dir::Cache "$work/apt/cache";
Dir::Etc "$work/apt/etc";
Dir::Log "$work/apt";
APT::Sandbox::User "";
DPkg::Options { "--root=$work/root"; "--log=$work/dpkg.log"; "--force-not-root"; "--force-bad-path"; };
END
echo "deb [trusted=yes] file:$work/archive ./" >"$work/apt/etc/sources.list"
# Services that are enabled, and were started at the time that a file says.
printf '#!/bin/sh\ncase $3 in UnitFileState) echo enabled ;; ActiveEnterTimestamp) cat "%s" ;; esac\n' "$work/started" >"$work/bin/systemctl"
echo @4000000000 >"$work/started"
chmod +x "$work/bin/systemctl"
export APT_CONFIG=$work/apt.conf DPKG_ROOT=$work/root PATH=$work/bin:$PATH
# package NAME VERSION [FIELD]: into the archive; one file, no scripts.
package() {
    local folder=$work/made
    mkdir -p "$folder/DEBIAN" "$folder/usr/share/$1"
    echo "$2" >"$folder/usr/share/$1/version"
    printf '%s\n' "Package: $1" "Version: $2" "Architecture: all" "Maintainer: nobody <nobody@localhost>" "Description: $1" ${3:+"$3"} >"$folder/DEBIAN/control"
    dpkg-deb -b "$folder" "$work/archive/$1_${2}_all.deb" >/dev/null
    rm -rf "$folder"
}
lists() {
    if (cd "$work/archive" && dpkg-scanpackages -m . >Packages 2>/dev/null) && apt-get -q update >"$work/out" 2>&1; then return; fi
    cat "$work/out"
    failed=1
}
# ask WHAT JSON: the program, with what all questions have.
ask() {
    jq -nc --argjson more "$2" --arg folder "$work/kept" '{folder: $folder, back: false, wanted: {}, given: [], same: {"etcd-server": 2, haproxy: 2},
        parts: {patroni: ["postgresql-15", "postgresql-15-*", "patroni"], etcd: ["etcd-server"], haproxy: ["haproxy"], "": ["postgresql-client-15"]}} + $more' |
        /usr/bin/python3 "$program" "$1" 2>"$work/err" || cat "$work/err" >&2
}
steps() { jq -r '[.steps | to_entries[] | "\(.key) \(.value.from) \(.value.to)"] | join(", ")' <<<"$1"; }
has() { dpkg-query --admindir="$work/root/var/lib/dpkg" -W -f '${Package} ${Version}, ' | sed 's/, $//'; }

# The extension of each version needs the server of its own: neither direction works one package after the other.
package postgresql-15 15.1-1
package postgresql-15-quiver 0.1.0 'Depends: postgresql-15 (= 15.1-1)'
package postgresql-client-15 15.1-1
package patroni 3.0.2-1
package etcd-server 3.4.23-4
package haproxy 2.6.12-1
lists
apt-get -q -y install postgresql-15-quiver postgresql-client-15 patroni etcd-server haproxy >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
first=$(has)
is "packages as they are" "etcd-server 3.4.23-4, haproxy 2.6.12-1, patroni 3.0.2-1, postgresql-15 15.1-1, postgresql-15-quiver 0.1.0, postgresql-client-15 15.1-1" "$first"
plan=$(ask plan '{}')
is "nothing is newer" ' ["patroni","etcd","haproxy"] []' "$(steps "$plan") $(jq -c .services <<<"$plan") $(jq -c .stale <<<"$plan")"
echo @1000000000 >"$work/started"
is "a Patroni that was started before its package was unpacked" '["patroni"]' "$(ask plan '{}' | jq -c .stale)"
echo @4000000000 >"$work/started"

package postgresql-15 15.2-1
package postgresql-15-quiver 0.1.1 'Depends: postgresql-15 (= 15.2-1)'
package postgresql-client-15 15.2-1
package patroni 4.0.1-1
package etcd-server 3.5.1-1
package haproxy 2.6.13-1
lists
dpkg --admindir="$work/root/var/lib/dpkg" --set-selections <<<'haproxy hold'
plan=$(ask plan '{}')
is "what is newer, and is a minor update" "postgresql-15 15.1-1 15.2-1, postgresql-15-quiver 0.1.0 0.1.1, postgresql-client-15 15.1-1 15.2-1" "$(steps "$plan")"
is "what is another major version, or branch, is refused" '["etcd-server 3.4.23-4 to 3.5.1-1","patroni 3.0.2-1 to 4.0.1-1"]' "$(jq -c .refused <<<"$plan")"
is "what is held stays" '["haproxy"]' "$(jq -c .held <<<"$plan")"
is "it can be done, and takes nothing else away" '"" [] []' "$(jq -c '.error, .removes, .brings' <<<"$plan" | paste -sd' ')"
is "one that no archive has is an error" yes "$(ask plan '{"wanted": {"postgresql-15": "15.9-1"}}' | jq -r 'if .error | test("15.9-1") then "yes" else .error end')"
is "one that comes as a file is not asked for" '"postgresql-15-quiver 0.1.0 0.1.9" ""' "$(ask plan '{"wanted": {"postgresql-15-quiver": "0.1.9", "postgresql-15": "15.1-1"},
    "given": ["postgresql-15-quiver"]}' | jq -c '"postgresql-15-quiver " + .steps["postgresql-15-quiver"].from + " " + .steps["postgresql-15-quiver"].to, .error' | paste -sd' ')"
package patroni 3.0.3-1
lists
is "a version other than the newest" "patroni 3.0.2-1 3.0.3-1" "$(ask plan '{"wanted": {"patroni": "3.0.3-1"}}' | jq -r '"patroni " + .steps.patroni.from + " " + .steps.patroni.to')"
rm "$work"/archive/patroni_3.0.3* "$work"/archive/patroni_4* "$work"/archive/etcd-server_3.5*
package postgresql-15 15.3-1 'Conflicts: patroni'
lists
is "what would take another package away is seen" '["patroni"]' "$(ask plan '{"wanted": {"postgresql-15-quiver": "0.1.9"}, "given": ["postgresql-15-quiver"]}' | jq -c '.removes | map(select(. == "patroni"))')"
rm "$work"/archive/postgresql-15_15.3-1_all.deb
lists

# The archive forgets what is installed, except for the extension, of which there is a file.
plan=$(ask plan '{}')
mv "$work/archive/postgresql-15-quiver_0.1.0_all.deb" "$work/quiver.deb"
rm "$work/archive/postgresql-client-15_15.1-1_all.deb"
lists
kept() { ask keep "$(jq -c --arg run "$1" --arg file "$work/quiver.deb" '{steps, run: $run, copies: [$file], extension: {app: "0.1.0"}}' <<<"$plan")"; }
is "what cannot be had any more is said" '["postgresql-client-15 15.1-1"]' "$(kept one | jq -c .lacking)"
package postgresql-client-15 15.1-1
lists
is "and nothing where it can" '[]' "$(kept two | jq -c .lacking)"
is "a run that goes on keeps what the first one found" one "$(jq -r .run "$work/kept/record.json")"
ask install "$(jq -c '{steps}' <<<"$plan")" >"$work/out" || { cat "$work/out" "$work/err"; failed=1; }
second="etcd-server 3.4.23-4, haproxy 2.6.12-1, patroni 3.0.2-1, postgresql-15 15.2-1, postgresql-15-quiver 0.1.1, postgresql-client-15 15.2-1"
is "installed, all at once" "$second" "$(has)"
is "nobody keeps services from starting any more" gone "$([ -e "$work/root/usr/sbin/policy-rc.d" ] && echo there || echo gone)"
is "again, nothing is newer" "" "$(steps "$(ask plan '{}')")"

# The way back needs no archive.
rm "$work"/archive/*.deb
lists
plan=$(ask plan '{"back": true}')
is "the way back" "postgresql-15 15.2-1 15.1-1, postgresql-15-quiver 0.1.1 0.1.0, postgresql-client-15 15.2-1 15.1-1" "$(steps "$plan")"
is "it can be gone" '"" []' "$(jq -c '.error, .removes' <<<"$plan" | paste -sd' ')"
ask install "$(jq -c '{steps, back: true}' <<<"$plan")" >"$work/out" || { cat "$work/out" "$work/err"; failed=1; }
is "back" "$first" "$(has)"
is "and no further" "" "$(steps "$(ask plan '{"back": true}')")"

# A package whose installation was cut off.
sed -i '/^Package: patroni$/,/^$/s/^Status: .*/Status: install ok half-configured/' "$work/root/var/lib/dpkg/status"
is "what was interrupted half way is seen" '{"patroni":"patroni"}' "$(ask plan '{}' | jq -c .torn)"
ask install '{"steps": {}}' >"$work/out" || { cat "$work/out" "$work/err"; failed=1; }
is "and finished" '{}' "$(ask plan '{}' | jq -c .torn)"

# A newer target is another run: what was there before is what is there now.
package patroni 3.0.3-1
lists
plan=$(ask plan '{}')
package patroni 3.0.2-1
lists
ask keep "$(jq -c '{steps, run: "three", copies: [], extension: {}}' <<<"$plan")" >"$work/out" || cat "$work/err"
is "another run has a record of its own" 'three {"patroni":"3.0.2-1"} 0' "$(jq -r '.run + " " + (.before | tojson)' "$work/kept/record.json") $(find "$work/kept/before" -name 'postgresql*' | wc -l)"
exit $failed
