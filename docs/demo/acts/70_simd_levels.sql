-- One library, several instruction sets
-- The distance kernels are chosen when the library is loaded, to suit the processor. quiver.simd
-- forces a lower level, here to see what each is worth: milliseconds for one query against 1,250
-- vectors of 1,600 dimensions (16 words in a row), best of 20. A level that this processor lacks
-- has no figure.

\set show off
SET max_parallel_workers_per_gather = 0;
CREATE UNLOGGED TABLE long_vectors (as_vector vector(1600));
CREATE UNLOGGED TABLE long_halves (as_half halfvec(1600));
CREATE UNLOGGED TABLE long_tiny (as_tiny tinyvec(1600));
CREATE UNLOGGED TABLE long_bits (as_bits bit(1600));
-- In the row: fetching from the TOAST table would take longer than the arithmetic.
ALTER TABLE long_vectors ALTER as_vector SET STORAGE PLAIN;
ALTER TABLE long_halves ALTER as_half SET STORAGE PLAIN;
INSERT INTO long_vectors
    SELECT array_agg(element ORDER BY rank, place)::vector
    FROM words, unnest(embedding::real[]) WITH ORDINALITY AS elements (element, place)
    GROUP BY (rank - 1) / 16;
INSERT INTO long_halves SELECT as_vector FROM long_vectors;
INSERT INTO long_tiny SELECT scalar_quantize(as_vector, -3, 3) FROM long_vectors;
INSERT INTO long_bits SELECT binary_quantize(as_vector) FROM long_vectors;
VACUUM ANALYZE long_vectors, long_halves, long_tiny, long_bits;

CREATE FUNCTION level_ms(level text, expression text, source text) RETURNS numeric
LANGUAGE plpgsql AS $$
DECLARE
    begin_time timestamptz;
    best interval;
BEGIN
    PERFORM set_config('quiver.simd', level, true);
    FOR run IN 1 .. 20 LOOP
        begin_time := clock_timestamp();
        EXECUTE format('SELECT sum(%s) FROM %s, (SELECT * FROM %2$s LIMIT 1) AS query (q)',
                       expression, source);
        best := least(best, clock_timestamp() - begin_time);
    END LOOP;
    RETURN round(extract(epoch FROM best) * 1000, 2);
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN NULL;
END
$$;
\set show on

SELECT level,
    level_ms(level, 'as_vector <-> q', 'long_vectors') AS "vector <->",
    level_ms(level, 'as_vector <=> q', 'long_vectors') AS "vector <=>",
    level_ms(level, 'as_half <-> q', 'long_halves') AS "halfvec <->",
    level_ms(level, 'as_half <=> q', 'long_halves') AS "halfvec <=>",
    level_ms(level, 'as_tiny <-> q', 'long_tiny') AS "tinyvec <->",
    level_ms(level, 'as_bits <~> q', 'long_bits') AS "bit <~>"
FROM unnest('{scalar,avx2,avx512,neon}'::text[]) AS level;

-- All levels give the same answers to within rounding. This server runs:

SELECT quiver.simd_level() AS "chosen level", current_setting('quiver.simd') AS "quiver.simd";
