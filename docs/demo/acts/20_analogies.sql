-- Arithmetic on meaning
-- Vectors add and subtract. What is to a woman as a king is to a man?

WITH question AS (
    SELECT king.embedding - man.embedding + woman.embedding AS answer
    FROM words king, words man, words woman
    WHERE king.word = 'king' AND man.word = 'man' AND woman.word = 'woman')
SELECT word,
    round((embedding <=> answer)::numeric, 3) AS distance
FROM words, question
WHERE word NOT IN ('king', 'man', 'woman')
ORDER BY embedding <=> answer
LIMIT 4;

-- More of them: "a is to b as the answer is to c".

SELECT a, b, answer, c, round(distance::numeric, 3) AS distance
FROM (VALUES ('paris', 'france', 'japan'), ('rome', 'italy', 'spain'),
             ('actor', 'man', 'woman'), ('uncle', 'man', 'woman'), ('bigger', 'big', 'small'),
             ('better', 'good', 'bad'), ('walking', 'walk', 'swim')) AS analogy (a, b, c)
JOIN words wa ON wa.word = a
JOIN words wb ON wb.word = b
JOIN words wc ON wc.word = c
CROSS JOIN LATERAL (
    SELECT w.word AS answer,
        w.embedding <=> (wa.embedding - wb.embedding + wc.embedding) AS distance
    FROM words w
    WHERE w.word NOT IN (a, b, c)
    ORDER BY distance
    LIMIT 1) nearest;
