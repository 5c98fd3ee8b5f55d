# Values that lie over the ends of pages: killed, replicated and damaged like the others, and an index of the format before. Read by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # scratch, check; rounds that the tests read
HNSW_DIMS=300 HNSW_OPTIONS='quantizer = rabitq'
dense_tests() {
    local CRASH_ROUNDS=${DENSE_ROUNDS:-2} REPLICA_ROUNDS=${DENSE_ROUNDS:-1} DAMAGE_TRIALS=${DENSE_TRIALS:-12} part
    for part in hnsw_crash hnsw_replica hnsw_damage; do
        # shellcheck source=/dev/null
        . "tests/recovery/$part.sh"
        $at_exit
    done
}
dense_tests
unset HNSW_DIMS HNSW_OPTIONS

# Format 1 has no such values; an index without any is the same in both.
. tests/recovery/hnsw_lib.sh
hnsw_database formats 300
answer="SET enable_seqscan = off; SET ignore_checksum_failure = on; SELECT array_agg(id) FROM (SELECT id FROM t ORDER BY v <-> $(level 5) LIMIT 10) AS s"
before=$(sql formats -c "$answer")
path=$PGDATA/$(sql formats -c "SELECT pg_relation_filepath('t_v')")
write_version() { # write_version N: into the metapage, with the server stopped
    server stop -m fast
    perl -e 'open my $f, "+<", $ARGV[0] or die; seek $f, 36, 0; print $f pack "V", $ARGV[1]' "$path" "$1"
    server start -l "$log"
}
write_version 1
check 'an index of format 1 is read' "$before" "$(sql formats -c "$answer" | grep -v WARNING)"
write_version 3
check 'one of a format to come is refused, with what to do' 'format version 3 Please REINDEX it.' \
    "$(sql formats -c "$answer" | grep -oE 'format version 3|Please REINDEX it.' | paste -sd' ')"
