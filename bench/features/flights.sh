#!/usr/bin/env bash
# The worked example of docs/flights.md: 3,000,000 flights, and the delays of each origin before each departure.
#
# usage: bench/features/flights.sh      (data from npm, kept in bench/out/flights)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$here/bench/out/flights
if [ -z "${QUIVER_ROOT:-}" ]; then
    sh "$here/tests/tools/deps.sh" bench
    mkdir -p "$folder"
    if [ ! -s "$folder/flights.tsv" ]; then
        npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" \
            vega-datasets@3.2.1 hyparquet@1.31.5 hyparquet-compressors@1.1.2
        node "$here/bench/features/flights_tsv.mjs" "$folder" >"$folder/flights.tsv.new"
        mv "$folder/flights.tsv.new" "$folder/flights.tsv"
    fi
    exec "$here/tests/tools/server.sh" -c shared_buffers=1GB -c max_wal_size=8GB -c jit=off -c work_mem=256MB \
        -c session_preload_libraries=quiver "$here/bench/features/flights.sh"
fi
psql -Xq -v ON_ERROR_STOP=1 <<SQL
CREATE EXTENSION quiver;
CREATE TABLE flight (id bigint GENERATED ALWAYS AS IDENTITY, departure timestamptz, delay int, origin text);
\copy flight (departure, delay, origin) from '$folder/flights.tsv'
CREATE INDEX ON flight (origin, departure);
VACUUM ANALYZE flight;
\timing on
\i $here/bench/features/flights.sql
\timing off
\echo the share of late flights by the mean delay of the hour before
SELECT width_bucket(delay_1h, 0, 60, 6) AS bucket, count(*), round(100.0 * count(*) FILTER (WHERE late) / count(*), 1) AS percent_late
FROM training WHERE delay_1h IS NOT NULL GROUP BY 1 ORDER BY 1;
\echo rows of one morning that differ from SQL by hand
SELECT count(*) AS compared, count(*) FILTER (WHERE (t.flights_1h, t.delay_1h) IS DISTINCT FROM (h.flights, h.mean)) AS different
FROM training t, LATERAL (SELECT count(*) AS flights, avg(f.delay) AS mean FROM flight f WHERE f.origin = t.origin
    AND f.departure >= t.departure - interval '1 hour' AND f.departure < t.departure) h
WHERE t.departure BETWEEN '2001-03-05 06:00Z' AND '2001-03-05 10:00Z';
SQL
