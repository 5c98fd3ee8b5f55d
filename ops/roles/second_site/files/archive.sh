#!/bin/sh
# The archive_command of a cluster that has another site: a site that follows adds nothing to the archive that both share. One that was promoted behind the
# playbooks' back, beside the other, would: the first file is the history of its timeline, and no server of the site that leads could start again, because a standby
# looks for the newest timeline there is. PostgreSQL keeps the WAL, and asks again.
# usage: quiver-archive ARGUMENT-OF-PGBACKREST...
[ ! -e "${QUIVER_SITE:-/etc/quiver}/follows" ] || {
    echo 'this site follows the other: nothing of it goes into the archive (playbooks/promote_dr.yml, or failback.yml)' >&2
    exit 1
}
exec pgbackrest "$@"
