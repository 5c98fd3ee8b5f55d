-- A larger table, in parallel
-- Add the vectors of two words and the sum stands for the pair. All pairs of 800 words make a table
-- of 319,600 vectors.

CREATE UNLOGGED TABLE pairs AS
    SELECT a.word || ' ' || b.word AS pair, a.embedding + b.embedding AS embedding
    FROM words a
    JOIN words b ON b.rank > a.rank
    WHERE a.rank BETWEEN 1001 AND 1800 AND b.rank <= 1800;

\set show off
ANALYZE pairs;
\set show on

-- Which two words together mean "honeymoon"? First one process, then two more beside it.

SET max_parallel_workers_per_gather = 0;

SELECT pair,
    round((embedding <=> (SELECT embedding FROM words WHERE word = 'honeymoon'))::numeric, 3)
        AS distance
FROM pairs
ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'honeymoon')
LIMIT 5;

SET max_parallel_workers_per_gather = 2;

SELECT pair,
    round((embedding <=> (SELECT embedding FROM words WHERE word = 'honeymoon'))::numeric, 3)
        AS distance
FROM pairs
ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'honeymoon')
LIMIT 5;
