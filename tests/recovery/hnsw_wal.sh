# WAL of single-row inserts: little besides the value and its code; and a standby and a crash make the same pages of it. Read by
# run.sh; on a server without pg_walinspect only the latter.
# shellcheck shell=bash disable=SC2154,SC2034  # scratch, check; options
. tests/recovery/hnsw_lib.sh
sql postgres -c 'DROP DATABASE IF EXISTS wal' -c 'CREATE DATABASE wal' >/dev/null
sql wal -c "CREATE EXTENSION $extension" >/dev/null
inspects=$(sql wal -c "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_walinspect'")
[ "$inspects" = 0 ] || sql wal -c 'CREATE EXTENSION pg_walinspect' >/dev/null
# Row i: 784 elements between 1 and 2, no byte of which is likely to be zero; or, but for 1 in 4, zeros in runs of 12.
sql wal -c "CREATE FUNCTION dense(i int) RETURNS vector LANGUAGE sql AS \$\$
        SELECT array_agg((1 + (hashint8(i::int8 * 1000 + d) & 8388607) / 8388608.0)::real ORDER BY d)::vector FROM generate_series(1, 784) AS d \$\$" \
    -c "CREATE FUNCTION sparse(i int) RETURNS vector LANGUAGE sql AS \$\$
        SELECT array_agg(CASE WHEN (d / 12 + i) % 4 = 0 THEN (1 + (hashint8(i::int8 * 1000 + d) & 8388607) / 8388608.0)::real ELSE 0 END ORDER BY d)::vector
        FROM generate_series(1, 784) AS d \$\$" \
    -c "CREATE FUNCTION narrow(i int) RETURNS vector LANGUAGE sql AS \$\$
        SELECT array_agg(((hashint8(i::int8 * 1000 + d)::int8 & 1023) / 100.0)::real ORDER BY d)::vector FROM generate_series(1, 6) AS d \$\$" >/dev/null
for kind in dense sparse narrow; do
    case $kind in
        narrow) dims=6 with='m = 4, ef_construction = 40' ;;
        *) dims=784 with='m = 16, ef_construction = 40, quantizer = rabitq, bits = 4' ;;
    esac
    sql wal -c "CREATE TABLE ${kind}_rows (id int, v vector($dims)) WITH (autovacuum_enabled = off)" -c "INSERT INTO ${kind}_rows SELECT i, $kind(i) FROM generate_series(1, 300) AS i" \
        -c "CREATE INDEX ${kind}_rows_v ON ${kind}_rows USING hnsw (v vector_l2_ops) WITH ($with)" >/dev/null
done
sql wal -c "ALTER SYSTEM SET wal_consistency_checking = 'generic'" -c 'SELECT pg_reload_conf()' >/dev/null
make_standby wal
verify="SELECT string_agg(nullif(array_to_string(problems, '; '), ''), '; ') FROM (SELECT (quiver.hnsw_verify((k || '_rows_v')::regclass)).problems
    FROM unnest(ARRAY['dense', 'sparse', 'narrow']) AS k) AS v"
for kind in dense sparse narrow; do
    # Several chunks of pages are added.
    sql wal -c "INSERT INTO ${kind}_rows SELECT i, $kind(i) FROM generate_series(1001, 1400) AS i" >/dev/null
done
caught_up
check 'a standby has made the same pages of the WAL of inserts' '' "$(on_standby wal -c "$verify")$(grep -a 'inconsistent page' "$standby/data/server.log" | head -n 2)"
stop_standby
# A page is checked by its image, which would count below.
sql wal -c 'ALTER SYSTEM RESET wal_consistency_checking' >/dev/null
kill_server
check 'and so has a crash' '' "$(sql wal -c "$verify")"

# at_most MOST KIND WHAT: the mean of an insert's bytes of index records, without the images of whole pages.
at_most() {
    local from bytes
    sql wal -c CHECKPOINT -c "INSERT INTO $2_rows SELECT i, $2(i) FROM generate_series(2001, 2020) AS i" >/dev/null
    from=$(sql wal -c 'SELECT pg_current_wal_insert_lsn()')
    sql wal -c "INSERT INTO $2_rows SELECT i, $2(i) FROM generate_series(2021, 2420) AS i" >/dev/null
    bytes=$(sql wal -c "SELECT round(sum(record_length - CASE WHEN resource_manager = 'Generic' THEN fpi_length ELSE 0 END) / 400)
        FROM pg_get_wal_records_info('$from', pg_current_wal_flush_lsn()) WHERE resource_manager = 'Generic' OR record_type LIKE 'FPI%'")
    check "$3: $bytes bytes" yes "$([ "$bytes" -le "$1" ] && echo yes || echo "more than $1")"
}
if [ "$inspects" != 0 ]; then
    at_most 4300 dense 'an insert of 3,136 bytes and a code of 400 is one record, and some for links back'
    at_most 2500 sparse 'of zeros in a value WAL has little'
    at_most 390 narrow 'a list that is chosen anew leaves links where they were'
fi
sql postgres -c 'DROP DATABASE wal' >/dev/null
