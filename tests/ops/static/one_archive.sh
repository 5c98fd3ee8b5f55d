#!/usr/bin/env bash
# Two sites have one archive: a site that follows adds nothing to it, and timelines that were thrown away leave it, with nothing else. Needs no host.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
. "$here/tests/ops/static/is.sh"
files=$here/ops/roles/second_site/files
tmp=$(mktemp -d "${TMPDIR:-/tmp}/quiver.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# pgBackRest is what comes after it: here, what it is called with.
mkdir "$tmp/bin" "$tmp/site"
cat >"$tmp/bin/pgbackrest" <<'END'
#!/bin/sh
echo "$0 $*"
exit 7
END
chmod +x "$tmp/bin/pgbackrest"
archives() { PATH=$tmp/bin:$PATH QUIVER_SITE=$tmp/site "$files/archive.sh" --stanza=quiver archive-push pg_wal/00000002.history 2>&1; echo "$?"; }
is "a site that leads archives, and its archiver hears how it went" "$tmp/bin/pgbackrest --stanza=quiver archive-push pg_wal/00000002.history 7" "$(archives | xargs)"
touch "$tmp/site/follows"
is "one that follows does not, and it is told why" \
    "this site follows the other: nothing of it goes into the archive (playbooks/promote_dr.yml, or failback.yml) 1" "$(archives | xargs)"

# Timelines 1 and 0x1A stay; 0x1B and 0x1C go, the second with a segment and no history; a name that only begins alike is none.
archive=$tmp/repo/archive/quiver
mkdir -p "$archive/15-1"/{0000000100000000,0000001A00000000,0000001B00000000,0000001C00000001,0000001BX}
touch "$archive"/archive.info "$archive/15-1"/0000001{A,B}.history "$archive/15-1/0000001B00000000/0000001B0000000000000081-aa.zst"
is "nothing to throw away" "" "$("$files/forget.sh" "$archive" "$tmp/aside" && ls -d "$tmp"/aside* 2>/dev/null)"
said=$("$files/forget.sh" "$archive" "$tmp/aside" 27 28 29) || failed=1
is "what goes is said" "0000001B.history 0000001B00000000 0000001C00000001" "$(printf '%s\n' "$said" | sed 's|.*/||' | xargs)"
is "and is kept aside" "0000001B.history 0000001B00000000 0000001B0000000000000081-aa.zst 0000001C00000001" "$(find "$tmp"/aside_* -mindepth 1 -printf '%f\n' | sort | xargs)"
is "nothing else goes" "0000000100000000 0000001A.history 0000001A00000000 0000001BX archive.info" "$(find "$archive" -mindepth 1 ! -name 15-1 -printf '%f\n' | sort | xargs)"
is "again, there is nothing" "" "$("$files/forget.sh" "$archive" "$tmp/again" 27 28)"
exit $failed
