#!/usr/bin/env bash
# metrics.py on a server that has one of each thing that it reads, and is not up yet when it asks: every number is there.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
if [ -z "${QUIVER_ROOT:-}" ]; then
    exec "$here/tests/tools/server.sh" "$here/tests/ops/static/metrics.sh"
fi
status=0
psql -Xq -v ON_ERROR_STOP=1 <<'SQL' || exit 1
CREATE EXTENSION quiver;
CREATE SEQUENCE ending MAXVALUE 100;
SELECT setval('ending', 93) \g /dev/null
CREATE TABLE item AS SELECT n, format('[%s,%s,1]', n % 97, n % 89)::vector(3) AS v FROM generate_series(1, 500) AS n;
CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops);
ANALYZE item;
SELECT quiver.feature_create_entity('thing', '{"id": "bigint"}') \g /dev/null
SELECT quiver.feature_create_view('moving', 'thing', managed => true, online => true, features => '{"v": "int"}', ttl => '9 days') \g /dev/null
SELECT quiver.feature_push('moving', jsonb_agg(jsonb_build_object('id', n, 'event_ts', now() - age, 'v', low + n % 10)))
    FROM generate_series(1, 300) AS n, (VALUES (interval '36 hours', 0), ('12 hours', 50)) AS day(age, low) \g /dev/null
SQL
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/001_made"
echo 'CREATE TABLE made (n bigint PRIMARY KEY);' >"$folder/001_made/up.sql"
"$here/ops/migrate" apply "$folder" "host=$PGHOST" --expand >/dev/null || exit 1
"$here/ops/migrate" drift "$folder" "host=$PGHOST" --ignore '^(?!.*made)' >/dev/null || { echo "drift before there is any"; exit 1; }
psql -Xqc 'CREATE INDEX made_by_hand ON made (n); ALTER TABLE made ADD made_too int'
! "$here/ops/migrate" drift "$folder" "host=$PGHOST" --ignore '^(?!.*made)' >/dev/null || { echo "no drift"; exit 1; }
psql -Xqc "INSERT INTO quiver_migrations.journal (migration, phase, checksum, state, applied_from, began) VALUES ('002_stopped', 'up', '', 'running', '', to_timestamp(1000))"
printf '{"directory": "%s", "recall_rows": 1000, "recall_samples": 10, "drift_window": "1 day"}' "$PGHOST" >"$PGHOST/metrics.json"
sed "s#/etc/quiver/metrics.json#$PGHOST/metrics.json#; s#/var/run/postgresql#$PGHOST/later#" "$here/ops/roles/exporters/files/metrics.py" >"$PGHOST/metrics.py"
mkdir "$PGHOST/later"
{ sleep 3; ln -s "$PGHOST/.s.PGSQL.$PGPORT" "$PGHOST/later/"; } &
/usr/bin/python3 "$PGHOST/metrics.py" database || status=1
while read -r number; do
    grep -qE "^$number\$" "$PGHOST/database.prom" || { echo "missing: $number"; status=1; }
done <<'END'
pg_sequence_used_ratio\{datname="postgres",sequence="public.ending"\} 0.93
quiver_index_bytes\{datname="postgres",index="public.item_v",method="hnsw"\} [0-9.]+
quiver_index_recall_ratio\{datname="postgres",index="public.item_v"\} [0-9.]+
quiver_index_recall_low_ratio\{datname="postgres",index="public.item_v"\} [0-9.]+
quiver_feature_age_seconds\{datname="postgres",view="moving"\} [0-9.]+
quiver_feature_ttl_seconds\{datname="postgres",view="moving"\} 777600.0
quiver_feature_drift\{datname="postgres",view="moving",feature="v",metric="psi"\} [0-9.]+
quiver_migrations_applied\{datname="postgres"\} 1.0
quiver_migrations_last_seconds\{datname="postgres"\} [0-9.]+
quiver_migrations_unfinished_since_seconds\{datname="postgres"\} 1000.0
quiver_schema_looked_seconds\{datname="postgres"\} [0-9.]+
quiver_schema_drift_objects\{datname="postgres"\} 2.0
quiver_metrics_errors\{\} 0.0
quiver_metrics_collected_seconds\{\} [0-9.]+
END
[ $status -eq 0 ] || cat "$PGHOST/database.prom"
exit $status
