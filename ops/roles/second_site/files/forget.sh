#!/bin/sh
# Takes timelines that were thrown away out of an archive of pgBackRest: their histories, which standbys would look for a way to, and their WAL, whose names the
# next timelines will have. They are kept aside.
# usage: forget.sh ARCHIVE ASIDE TIMELINE...    ARCHIVE: .../archive/STANZA; the time is added to ASIDE; timelines as numbers; prints where they are now
set -eu
archive=$1 aside=$2_$(date -u +%Y%m%dT%H%M%SZ)
shift 2
for timeline; do
    name=$(printf '%08X' "$timeline")
    for path in "$archive"/*/"$name".history "$archive"/*/"$name"????????; do
        [ -e "$path" ] || continue
        [ -d "$aside" ] || mkdir -m 750 "$aside"
        mv "$path" "$aside/"
        echo "$aside/${path##*/}"
    done
done
