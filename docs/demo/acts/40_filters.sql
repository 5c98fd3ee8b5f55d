-- Nearest, under a condition
-- A condition is plain SQL, and an exact search loses no row to it: asked for five, it returns the
-- five nearest that qualify. Here, words of three letters.

SELECT word,
    round((embedding <=> (SELECT embedding FROM words WHERE word = 'ocean'))::numeric, 3)
        AS distance
FROM words
WHERE length(word) = 3
ORDER BY embedding <=> (SELECT embedding FROM words WHERE word = 'ocean')
LIMIT 5;

-- A distance can be the condition itself: all words closer to "guitar" than 0.25.

SELECT word,
    round((embedding <=> (SELECT embedding FROM words WHERE word = 'guitar'))::numeric, 3)
        AS distance
FROM words
WHERE embedding <=> (SELECT embedding FROM words WHERE word = 'guitar') < 0.25 AND word <> 'guitar'
ORDER BY distance;
