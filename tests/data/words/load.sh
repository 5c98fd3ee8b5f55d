#!/bin/sh
# Load the words into the database that PGHOST, PGDATABASE and so on name. Needs psql and gzip.
# usage: sh load.sh [TABLE [TYPE]]     (default: words vector)
# Makes the table with columns rank, word and embedding TYPE(100), in one transaction.
set -eu
data=$(dirname "$0")/words.tsv.gz
gzip -t "$data"
{
    cat <<'SQL'
BEGIN;
CREATE TABLE :"table" (
    rank integer PRIMARY KEY,
    word text NOT NULL UNIQUE,
    embedding :type(100) NOT NULL
);
COPY :"table" FROM STDIN;
SQL
    gzip -dc "$data"
    printf '%s\n' '\.' 'COMMIT;' 'ANALYZE :"table";'
} | psql -X -q -v ON_ERROR_STOP=1 -v table="${1:-words}" -v type="${2:-vector}" -f -
