-- Averages and groups
-- The average of a few words is their common meaning; its nearest neighbours continue the list.

WITH lists (name, members) AS (VALUES
    ('animals', '{dog,horse,cow,lion,sheep}'::text[]),
    ('instruments', '{violin,piano,flute,trumpet}'),
    ('capitals', '{paris,london,berlin,madrid,rome}'),
    ('weather', '{rain,snow,wind,storm}'),
    ('sciences', '{physics,chemistry,biology}')),
centres AS (
    SELECT name, members, avg(embedding) AS centre
    FROM lists
    JOIN words ON word = ANY (members)
    GROUP BY name, members)
SELECT name, array_to_string(members, ', ') AS members,
    string_agg(word, ', ' ORDER BY distance) AS "goes on"
FROM centres
CROSS JOIN LATERAL (
    SELECT word, embedding <=> centre AS distance
    FROM words
    WHERE word <> ALL (members)
    ORDER BY distance
    LIMIT 5) nearest
GROUP BY name, members
ORDER BY name;

-- Vectors can be hashed, so duplicates are found in one pass. Here 300 of the words come in twice.

CREATE TABLE incoming AS
    SELECT word, embedding FROM words
    UNION ALL
    SELECT word || ' (copy)', embedding FROM words WHERE rank % 66 = 0 AND rank <= 19800;

EXPLAIN (COSTS OFF)
    SELECT embedding, count(*) FROM incoming GROUP BY embedding HAVING count(*) > 1;

SELECT count(*) AS duplicated, min(words) AS "for example"
FROM (SELECT string_agg(word, ' = ' ORDER BY word) AS words
      FROM incoming
      GROUP BY embedding
      HAVING count(*) > 1) AS duplicate;
