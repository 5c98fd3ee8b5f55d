-- Smaller vectors
-- The same words in 2 bytes an element (half-precision floats), 1 byte (256 levels from -3 to 3)
-- and 1 bit (is it above zero?).

CREATE TABLE words_half AS SELECT rank, embedding::halfvec(100) FROM words;

CREATE TABLE words_tiny AS SELECT rank, scalar_quantize(embedding, -3, 3) AS embedding FROM words;

CREATE TABLE words_bit AS
    SELECT rank, binary_quantize(embedding)::bit(100) AS embedding FROM words;

-- Searches for the 10 nearest of a word, whose vector is $1; the word itself makes 11. The last
-- finds 400 candidates by their bits and puts those in order by their full vectors.

CREATE TABLE searches (type text, source regclass, query text);
INSERT INTO searches VALUES
    ('vector', 'words', $$
        SELECT rank FROM words ORDER BY embedding <=> $1 LIMIT 11$$),
    ('halfvec', 'words_half', $$
        SELECT rank FROM words_half ORDER BY embedding <=> $1::halfvec LIMIT 11$$),
    ('tinyvec', 'words_tiny', $$
        SELECT rank FROM words_tiny ORDER BY embedding <=> scalar_quantize($1, -3, 3) LIMIT 11$$),
    ('bit', 'words_bit', $$
        SELECT rank FROM words_bit ORDER BY embedding <~> binary_quantize($1) LIMIT 11$$),
    ('bit + vector', 'words_bit', $$
        SELECT words.rank
        FROM (SELECT rank FROM words_bit
              ORDER BY embedding <~> binary_quantize($1) LIMIT 400) candidates
        JOIN words USING (rank)
        ORDER BY words.embedding <=> $1 LIMIT 11$$);

\set show off
CREATE FUNCTION measured(query text, OUT hits integer, OUT ms float8) LANGUAGE plpgsql AS $$
DECLARE
    q record;
    begin_time timestamptz;
    ranks integer[];
    truth integer[];
BEGIN
    hits := 0;
    ms := 0;
    FOR q IN SELECT rank, embedding FROM words WHERE rank % 200 = 0 LOOP
        truth := ARRAY(SELECT w.rank FROM words w WHERE w.rank <> q.rank
                       ORDER BY w.embedding <=> q.embedding LIMIT 10);
        begin_time := clock_timestamp();
        EXECUTE 'SELECT ARRAY(' || query || ')' INTO ranks USING q.embedding;
        ms := ms + extract(epoch FROM clock_timestamp() - begin_time) * 1000;
        hits := hits + (SELECT count(*) FROM unnest(ranks) AS r WHERE r = ANY (truth));
    END LOOP;
END
$$;
\set show on

-- Each is run for 100 words, every 200th. recall@10: how many of the true 10 nearest a search
-- returns. "measured" is a function of this demo that counts them.

SELECT type, pg_size_pretty(pg_table_size(source)) AS "table size",
    round(hits / 1000.0, 3) AS "recall@10", round(ms::numeric / 100, 2) AS "ms a query"
FROM searches, measured(query);
