# Shared by the reliability tests of hnsw: tables, verification, killing the server. Read by run.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # scratch, here; at_exit
#
#   HNSW_EXTENSION=vector   run against pgvector instead (to try the tests themselves)
#   HNSW_OPTIONS            options of the indexes, beside m and ef_construction
#   HNSW_DIMS               dimensions of the vectors (default 12)

extension=${HNSW_EXTENSION:-quiver}
options="m = 16, ef_construction = 64${HNSW_OPTIONS:+, $HNSW_OPTIONS}"
. tests/tools/pgtree.sh
server() { pgtree_as_server "$(command -v pg_ctl)" -D "${cluster:-$PGDATA}" -s -w "$@" >>"$scratch/pg_ctl.log" 2>&1; }
log=$PGDATA/server.log

# random LEAST MOST
random() { echo $(($1 + (RANDOM * 32768 + RANDOM) % ($2 - $1 + 1))); }
# One of equal elements, as an SQL expression; a vector for row i, the same for the same i.
dims=${HNSW_DIMS:-12}
level() { echo "array_fill($1::real, ARRAY[$dims])::vector"; }
point="(SELECT array_agg(((hashint8(i::int8 * 1000 + d)::int8 & 1023) / 100.0)::real) FROM generate_series(1, $dims) AS d)::vector($dims)"

# hnsw_database NAME ROWS: table t (id, v) with an index t_v.
hnsw_database() {
    sql postgres -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1" >/dev/null
    sql "$1" -c "CREATE EXTENSION $extension" -c "CREATE TABLE t (id int PRIMARY KEY, v vector($dims)) WITH (autovacuum_enabled = off)" \
        -c "INSERT INTO t SELECT i, $point FROM generate_series(1, $2) AS i" -c "CREATE INDEX t_v ON t USING hnsw (v vector_l2_ops) WITH ($options)" \
        -c 'ANALYZE t' >/dev/null
}

# sound DATABASE [TABLE [COLUMN]]: "sound" if the index holds what the table holds: the verifier finds nothing, a scan to the end
# gives every row once (but for one in two hundred, which a graph may lose), in order (but for the last bits of a distance, which the
# index may sum otherwise than the operator), and recall is high. Else what is wrong.
sound() {
    local database=$1 table=${2:-t} verify=''
    if [ "$(sql "$database" -c "SELECT count(*) FROM pg_proc WHERE proname = 'hnsw_verify'")" != 0 ]; then
        verify="SELECT 'verify: ' || array_to_string(problems, '; ') FROM quiver.hnsw_verify('${table}_v') WHERE problems <> '{}';"
    fi
    PGOPTIONS='-c client_min_messages=error' psql -XqAt -v ON_ERROR_STOP=1 -d "$database" 2>&1 <<SQL | sort -u | head -n 5 | paste -sd' '
SET enable_seqscan = off; SET enable_sort = off;
SET hnsw.iterative_scan = strict_order; SET hnsw.max_scan_tuples = 2147483647; SET hnsw.scan_mem_multiplier = 1000; SET hnsw.ef_search = 200;
$verify
CREATE TEMP TABLE found AS SELECT row_number() OVER () AS at, id, d FROM (SELECT id, v <-> $(level 5) AS d FROM $table
    ORDER BY v <-> $(level 5)) AS s;
SET enable_seqscan = on;
SELECT CASE WHEN count(*) <> count(DISTINCT id) THEN 'a row comes twice'
            WHEN count(*) < 0.995 * (SELECT count(*) FROM $table) THEN 'rows found ' || count(*) || ' of ' || (SELECT count(*) FROM $table)
            WHEN count(*) > (SELECT count(*) FROM $table) THEN 'more rows than the table has'
            ELSE 'sound' END FROM found;
SELECT 'out of order at ' || at FROM (SELECT at, d, lag(d) OVER (ORDER BY at) AS before FROM found) AS s WHERE d < before * (1 - 1e-6) LIMIT 1;
SELECT 'recall ' || hits / (20.0 * 10) FROM (
    SELECT sum((SELECT count(*) FROM unnest(a.ids) AS x WHERE x = ANY (b.ids))) AS hits FROM (SELECT v FROM $table WHERE id % 7 = 3 ORDER BY id LIMIT 20) AS q,
        LATERAL (SELECT array_agg(id) AS ids FROM (SELECT id FROM $table ORDER BY v <-> q.v LIMIT 10) AS s) AS a,
        LATERAL (SELECT array_agg(id) AS ids FROM (SELECT id FROM (SELECT * FROM $table OFFSET 0) AS all_of ORDER BY v <-> q.v LIMIT 10) AS s) AS b) AS r
WHERE (SELECT count(*) FROM $table WHERE id % 7 = 3) >= 20 AND hits < 0.9 * 20 * 10;
SQL
}

# kill_server: as if the machine had stopped, but for the kernel's cache; then start it again.
kill_server() {
    kill -KILL "$(head -n 1 "$PGDATA/postmaster.pid")"
    for _ in $(seq 150); do
        server start -l "$log" && return
        sleep 0.2
    done
    echo "the server does not start again" >&2
    return 1
}

crashes() { grep -acE 'was terminated by signal|PANIC' "$log" || :; }

# make_standby DATABASE: a streaming replica on port 5433, whose replay compares nothing; DATABASE is what caught_up asks.
make_standby() {
    standby_database=$1
    standby=$scratch/standby
    rm -rf "$standby"
    mkdir -p "$standby" && chmod 755 "$scratch" && pgtree_give "$standby"
    pgtree_as_server "$(command -v pg_basebackup)" -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" -D "$standby/data" -R -X stream -c fast >/dev/null 2>&1
    printf '%s\n' "port = 5433" "hot_standby = on" "max_standby_streaming_delay = -1" "wal_consistency_checking = ''" >>"$standby/data/postgresql.conf"
    cluster=$standby/data server start -l "$standby/data/server.log"
    at_exit=stop_standby
}
stop_standby() {
    cluster=$standby/data server stop -m immediate || :
    at_exit=:
}
on_standby() { PGPORT=5433 sql "$@"; }
# Wait until the standby has replayed what the primary has written.
caught_up() {
    local at
    at=$(sql "$standby_database" -c 'SELECT pg_current_wal_insert_lsn()')
    for _ in $(seq 300); do
        [ "$(on_standby "$standby_database" -c "SELECT pg_last_wal_replay_lsn() >= '$at'")" != t ] || return 0
        sleep 0.1
    done
    echo "the standby is at $(on_standby "$standby_database" -c 'SELECT pg_last_wal_replay_lsn()'), not at $at" >&2
}

# damage_file FILE N BLOCKS: flip bytes of block N modulo BLOCKS: one, a run of eight, or a quarter of the page.
damage_file() {
    perl -e '
        my ($file, $n, $blocks) = @ARGV;
        srand($n * 7919);
        open my $f, "+<", $file or die "$file: $!\n";
        my $block = $n % $blocks;
        my $length = (1, 8, 2048)[$n % 3];
        # The page header is PostgreSQL'\''s own to check; its pointers are tried as well.
        my $at = $n % 4 == 0 ? 8 + int rand 16 : 24 + int rand(8192 - 24 - $length);
        seek $f, $block * 8192 + $at, 0;
        read $f, my $bytes, $length;
        substr($bytes, $_, 1) = chr(ord(substr($bytes, $_, 1)) ^ (1 + int rand 255)) for 0 .. length($bytes) - 1;
        seek $f, $block * 8192 + $at, 0;
        print $f $bytes;
    ' "$@"
}
