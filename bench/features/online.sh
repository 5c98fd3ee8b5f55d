#!/usr/bin/env bash
# Online reads: one entity over ten feature views, prepared, against a bare select by primary key.
#
# usage: bench/features/online.sh [--write]     --write keeps the table in docs/measured/feature_online.md
# SECONDS_EACH (10), ROUNDS (3): the contestants take turns, so that load by others hits all of them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec "$here/tests/tools/server.sh" -c shared_buffers=256MB -c max_wal_size=2GB -c jit=off -c autovacuum=off \
        "$here/bench/features/online.sh" "$@"
fi
write=${1:-} each=${SECONDS_EACH:-10} rounds=${ROUNDS:-3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

psql -Xq -v ON_ERROR_STOP=1 <<'SQL'
CREATE EXTENSION quiver;
SELECT quiver.feature_create_entity('account', '{"account": "bigint"}') \g /dev/null
SELECT quiver.feature_create_view('f' || n, 'account', managed => true, online => true,
    features => '{"value": "float8"}') FROM generate_series(1, 10) AS n \g /dev/null
SELECT quiver.feature_push_rows('f' || n, format('SELECT a AS account, now() - a * interval ''1 ms'' AS event_ts, '
    'a * %s.25 AS value FROM generate_series(1, 100000) AS a', n)) FROM generate_series(1, 10) AS n \g /dev/null
SELECT quiver.feature_create_service('ten', ARRAY(SELECT format('f%s:value', n) FROM generate_series(1, 10) AS n),
    full_names => true) \g /dev/null
SELECT quiver.feature_create_service('wide', ARRAY(SELECT format('f%s:value', n) FROM generate_series(1, 10) AS n),
    full_names => true) \g /dev/null
CALL quiver.feature_precompute('wide');
CREATE TABLE bare (account bigint PRIMARY KEY, value float8, event_ts timestamptz);
INSERT INTO bare SELECT account, value, event_ts FROM f1_v1_online;
VACUUM ANALYZE;
SQL
printf '%s\n' '\set a random(1, 100000)' "SELECT quiver.feature_online('wide', :a::bigint);" >"$scratch/wide"
joins=$(for n in 2 3 4 5 6 7 8 9 10; do printf ' LEFT JOIN f%d_v1_online f%d USING (account)' $n $n; done)
values=$(for n in 1 2 3 4 5 6 7 8 9 10; do printf ', f%d.value AS v%d' $n $n; done)
a='\set a random(1, 100000)'
printf '%s\n' "$a" 'SELECT value FROM bare WHERE account = :a;' >"$scratch/bare"
printf '%s\n' "$a" "SELECT quiver.feature_online('ten', :a::bigint);" >"$scratch/ten"
printf '%s\n' "$a" "SELECT account$values FROM f1_v1_online f1$joins WHERE account = :a;" >"$scratch/join"
for n in 1 2 3 4 5 6 7 8 9 10; do echo "SELECT value FROM f${n}_v1_online WHERE account = :a;"; done |
    cat <(echo "$a") - >"$scratch/ten_selects"
printf '%s\n' '\set a random(1, 99900)' "SELECT quiver.feature_get_online('ten', (SELECT jsonb_agg(jsonb_build_object('account', x)) \
FROM generate_series(:a, :a + 99) AS x));" >"$scratch/hundred"

contestants='bare wide ten join ten_selects hundred'
for _ in $(seq "$rounds"); do
    for name in $contestants; do
        (cd "$scratch" && rm -f pgbench_log.* &&
            pgbench -n -M prepared -c 1 -T "$each" -f "$name" -l --log-prefix=log 2>/dev/null |
            sed -n 's/^tps = \([0-9.]*\).*/\1/p' >>"$name.tps"
            cat log.* | awk '{ print $3 }' >>"$name.us" && rm -f log.*)
    done
done
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
quantile() { sort -n "$1" | awk -v q="$2" '{ v[NR] = $1 } END { i = int(q * NR); print v[i < 1 ? 1 : i] }'; }
base=$(median <"$scratch/bare.tps")
table() {
    echo '| read | per second | of the bare select | p50 µs | p99 µs |'
    echo '|---|---|---|---|---|'
    while read -r name what; do
        tps=$(median <"$scratch/$name.tps")
        awk -v what="$what" -v t="$tps" -v b="$base" -v p="$(quantile "$scratch/$name.us" 0.5)" -v q="$(quantile "$scratch/$name.us" 0.99)" \
            'BEGIN { printf "| %s | %.0f | %.2f | %d | %d |\n", what, t, t / b, p, q }'
    done <<'EOT'
bare one row by primary key, bare select
wide feature_online, 1 entity x 10 views, precomputed service
ten feature_online, 1 entity x 10 views
join the same as a join of 10 online tables
ten_selects the same as 10 selects, one trip each
hundred feature_get_online, 100 entities x 10 views
EOT
}
{
    echo '# Online reads'
    echo
    echo "One client, prepared statements, all in memory; 100,000 entities in each of 10 feature views. Medians of $rounds rounds of"
    echo "$each s in turns. Made by \`bench/features/online.sh --write\` (\`make bench-features-online\`) at $(git -C "$here" rev-parse --short HEAD),"
    echo "PostgreSQL $(psql -XAtc 'SHOW server_version'), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)."
    echo
    table
} | if [ "$write" = --write ]; then tee "$here/docs/measured/feature_online.md"; else cat; fi
