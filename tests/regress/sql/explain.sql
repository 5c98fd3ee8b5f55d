-- Plans of exact search as EXPLAIN writes them.
SET max_parallel_workers_per_gather = 0;
CREATE TABLE item (id int, v vector(3), kind text);
INSERT INTO item SELECT i, ARRAY[i, i % 7, i % 11]::real[]::vector, 'k' || i % 3 FROM generate_series(1, 500) i;
ANALYZE item;

EXPLAIN (COSTS OFF) SELECT id FROM item ORDER BY v <-> '[1,2,3]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM item WHERE kind = 'k1' ORDER BY v <=> '[1,2,3]' LIMIT 5 OFFSET 2;
EXPLAIN (COSTS OFF, VERBOSE) SELECT id, v <-> '[1,2,3]' AS distance FROM item ORDER BY distance LIMIT 5;
SET quiver.enable_exact_search = off;
EXPLAIN (COSTS OFF) SELECT id FROM item ORDER BY v <-> '[1,2,3]' LIMIT 5;
RESET quiver.enable_exact_search;
EXPLAIN (COSTS OFF) SELECT id FROM item ORDER BY v <-> '[1,2,3]' DESC LIMIT 5;
SELECT id, v <-> '[1,2,3]' AS distance FROM item ORDER BY v <-> '[1,2,3]' LIMIT 3;
DROP TABLE item;
