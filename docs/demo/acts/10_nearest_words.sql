-- The nearest words
-- 20,000 words, each a point in 100 dimensions. Without an index every row is compared, so the
-- answer is exact. <=> is cosine distance: 0 is the same direction, 1 is unrelated.

SELECT word,
    round((embedding <=> (SELECT embedding FROM words WHERE word = 'king'))::numeric, 3)
        AS distance
FROM words
WHERE word <> 'king'
ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'king')
LIMIT 8;

-- The same for several words at once, one nearest-neighbour search a row.

SELECT q.word, string_agg(n.word || ' ' || n.distance, '  ' ORDER BY n.distance) AS nearest
FROM words q
CROSS JOIN LATERAL (
    SELECT w.word, round((w.embedding <=> q.embedding)::numeric, 2) AS distance
    FROM words w
    WHERE w.rank <> q.rank
    ORDER BY w.embedding <=> q.embedding
    LIMIT 5) n
WHERE q.word IN ('jazz', 'python', 'violin', 'volcano', 'einstein', 'tuesday')
GROUP BY q.word
ORDER BY q.word;
