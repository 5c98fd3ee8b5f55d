-- An index, and what it costs in answers
-- hnsw is a graph over the words: a search walks it and looks at a few hundred of them instead of
-- all 20,000. The statement is pgvector's.

CREATE TABLE indexed AS SELECT rank, word, embedding FROM words;
CREATE INDEX indexed_near ON indexed USING hnsw (embedding vector_cosine_ops);
ANALYZE indexed;

EXPLAIN (COSTS OFF)
SELECT word FROM indexed
ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'ocean')
LIMIT 5;

SELECT word,
    round((embedding <=> (SELECT embedding FROM words WHERE word = 'ocean'))::numeric, 3)
        AS distance
FROM indexed
ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'ocean')
LIMIT 5;

-- How many of the true ten nearest does it find? quiver.recall asks sampled words twice, through
-- the index and exactly, and says how sure it is. More candidates, better answers, more time.

SET hnsw.ef_search = 10;
SELECT 10 AS ef_search, round(recall::numeric, 3) AS recall, round(low::numeric, 3) AS low,
    round(high::numeric, 3) AS high, ms_index, ms_exact
FROM quiver.recall('indexed_near');
SET hnsw.ef_search = 200;
SELECT 200 AS ef_search, round(recall::numeric, 3) AS recall, round(low::numeric, 3) AS low,
    round(high::numeric, 3) AS high, ms_index, ms_exact
FROM quiver.recall('indexed_near');
