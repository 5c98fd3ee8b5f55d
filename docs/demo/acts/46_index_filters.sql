-- Conditions inside the index
-- Columns behind the vector are decided by the index, without the table: a query gets its full LIMIT
-- however few rows match. Here, the length of the word and its rank by frequency.

CREATE TABLE described AS SELECT rank, word, length(word) AS letters, embedding FROM words;
CREATE INDEX described_near ON described USING hnsw (embedding vector_cosine_ops, letters, rank);
ANALYZE described;

SELECT word, rank
FROM described
WHERE letters = 3 AND rank > 5000
ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'ocean')
LIMIT 5;

EXPLAIN (COSTS OFF)
SELECT word FROM described
WHERE letters = 3 AND rank > 5000
ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'ocean')
LIMIT 5;
