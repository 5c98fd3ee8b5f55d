#!/bin/sh
# The restore_command of a standby. It asks the archive before it asks its leader, and when it is promoted three times more: a repository's host that is gone
# would hold it up a quarter of a minute each time. One that answers no ping within two seconds has nothing, and what was fetched ahead needs nobody.
# usage: quiver-archive-get STANZA FILE PATH [HOST]      (without HOST the repository is on this one)
stanza=$1 file=$2 path=$3 host=${4:-}
if [ -n "$host" ] && [ ! -e "${PGBACKREST_SPOOL_PATH:-/var/spool/pgbackrest}/archive/$stanza/in/$file" ]; then
    timeout 2 pgbackrest server-ping "$host" || {
        echo "the repository on $host does not answer: $file is looked for at the leader alone" >&2
        exit 1
    }
fi
exec pgbackrest --stanza="$stanza" --io-timeout=5 --archive-timeout=5 archive-get "$file" "$path"
