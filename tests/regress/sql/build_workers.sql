-- A build gets workers for a table whose vectors lie out of line, however few its own pages are.
SET client_min_messages = warning;
SET min_parallel_table_scan_size = '1MB';
SET max_parallel_maintenance_workers = 1;
SET maintenance_work_mem = '256MB';
CREATE TABLE long_vectors AS SELECT i AS id, (SELECT array_agg(sin(i * d)) FROM generate_series(1, 784) AS d)::vector(784) AS v
    FROM generate_series(1, 500) AS i;
CREATE TABLE short_vectors AS SELECT i AS id, ARRAY[i, -i]::vector(2) AS v FROM generate_series(1, 500) AS i;
SET client_min_messages = debug1;
CREATE INDEX ON long_vectors USING hnsw (v vector_l2_ops);
CREATE INDEX ON short_vectors USING hnsw (v vector_l2_ops);
SET client_min_messages = warning;
SHOW min_parallel_table_scan_size;
DROP TABLE long_vectors, short_vectors;
