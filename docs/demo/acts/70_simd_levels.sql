-- One library, several instruction sets
-- The distance kernels are chosen when the library is loaded, to suit the processor. quiver.simd
-- forces a lower level, here to see what each is worth: one query against 20,000 vectors of 800
-- dimensions (eight copies of a word's), best of five runs. A level that the processor lacks is -.

\set show off
SET max_parallel_workers_per_gather = 0;
CREATE UNLOGGED TABLE long_vectors (as_vector vector(800));
ALTER TABLE long_vectors ALTER as_vector SET STORAGE PLAIN;
INSERT INTO long_vectors
    SELECT four || four FROM (SELECT two || two AS four FROM (
        SELECT embedding || embedding AS two FROM words) AS double) AS fourfold;
CREATE UNLOGGED TABLE long_halves (as_half halfvec(800));
ALTER TABLE long_halves ALTER as_half SET STORAGE PLAIN;
INSERT INTO long_halves SELECT as_vector FROM long_vectors;
CREATE UNLOGGED TABLE long_bits AS SELECT binary_quantize(as_vector)::bit(800) AS as_bits FROM long_vectors;
VACUUM ANALYZE long_vectors, long_halves, long_bits;

CREATE FUNCTION level_ms(level text, expression text, source text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    begin_time timestamptz;
    best interval;
BEGIN
    PERFORM set_config('quiver.simd', level, true);
    FOR run IN 1 .. 5 LOOP
        begin_time := clock_timestamp();
        EXECUTE format('SELECT sum(%s) FROM %s, (SELECT * FROM %2$s LIMIT 1) AS query (q)',
                       expression, source);
        best := least(best, clock_timestamp() - begin_time);
    END LOOP;
    RETURN round(extract(epoch FROM best) * 1000, 1);
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
    level_ms(level, 'as_bits <~> q', 'long_bits') AS "bit <~>"
FROM unnest('{scalar,neon,avx2,avx512}'::text[]) AS level;

-- All levels give the same answers to within rounding. This server runs:

SELECT quiver.simd_level() AS "chosen level", current_setting('quiver.simd') AS "quiver.simd";
