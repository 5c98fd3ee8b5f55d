-- Distances of bit strings against counts made with PostgreSQL's own bit functions.
\ir ../lib/setup.sql
SELECT plan(19);

SELECT is(hamming_distance(B'1100', B'1010'), 2.0::float8, 'bits that differ are counted');
SELECT is(B'1100' <~> B'1010', 2.0::float8, '<~> is the Hamming distance');
SELECT is(hamming_distance(B'1', B'1'), 0.0::float8, 'a bit string is at distance 0 of itself');
SELECT is(hamming_distance(B'', B''), 0.0::float8, 'two empty bit strings are at Hamming distance 0');
SELECT is(jaccard_distance(B'1110', B'0111'), 0.5::float8, 'two shared of four set is one half');
SELECT is(B'1110' <%> B'0111', 0.5::float8, '<%> is the Jaccard distance');
SELECT is(jaccard_distance(B'1010', B'1010'), 0.0::float8, 'equal sets are at Jaccard distance 0');
SELECT is(jaccard_distance(B'1010', B'0101'), 1.0::float8, 'disjoint sets are at Jaccard distance 1');
SELECT is(jaccard_distance(B'0000', B'0000'), 1.0::float8, 'two empty sets are at Jaccard distance 1, not NaN');
SELECT is(jaccard_distance(B'', B''), 1.0::float8, 'and so are two empty bit strings');
SELECT is(hamming_distance('101'::varbit, B'100'), 1.0::float8, 'varbit and bit mix');
SELECT is(jaccard_distance('101'::varbit(9), '100'::varbit(4)), 0.5::float8,
          'the declared limit of a varbit does not matter, its length does');

-- Every length from 1 to 1,100 bits: short and long length words, all tails of the kernels.
CREATE FUNCTION pg_temp.bits(length int, seed int) RETURNS varbit LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(CASE WHEN hashint4extended(i, seed) % 3 = 0 THEN '1' ELSE '0' END, '' ORDER BY i)::varbit
      FROM generate_series(1, length) i
$$;
CREATE TEMP TABLE pairs AS
    SELECT n, pg_temp.bits(n, 1) AS a, pg_temp.bits(n, 2) AS b FROM generate_series(1, 1100) n;
SELECT is_empty($$SELECT n FROM pairs WHERE hamming_distance(a, b) <> bit_count(a # b)$$,
                'Hamming distance is the bit count of the exclusive or, at every length');
SELECT is_empty(
    $$SELECT n FROM pairs
       WHERE jaccard_distance(a, b)
          <> CASE WHEN bit_count(a & b) = 0 THEN 1 ELSE 1 - bit_count(a & b)::float8 / bit_count(a | b) END$$,
    'Jaccard distance is one minus the bit counts of and over or, at every length');
SELECT is_empty($$SELECT n FROM pairs WHERE a <~> b <> b <~> a OR a <%> b <> b <%> a$$, 'both are symmetric');

CREATE TEMP TABLE long_bits (b bit(1000000));
INSERT INTO long_bits SELECT repeat(part, 125000)::bit(1000000) FROM unnest(ARRAY['10101010', '10001000']) part;
SELECT is(max(x.b <~> y.b), 250000.0::float8, 'a million bits, compressed in the table, are compared')
  FROM long_bits x, long_bits y;
ALTER TABLE long_bits ALTER b SET STORAGE EXTERNAL;
CREATE TEMP TABLE external_bits (LIKE long_bits INCLUDING STORAGE);
INSERT INTO external_bits SELECT b & repeat('1', 1000000)::bit(1000000) FROM long_bits;
SELECT is(max(x.b <%> y.b), 0.5::float8, 'a million bits out of line are compared')
  FROM external_bits x, external_bits y;
SELECT results_eq('SELECT x.b <~> y.b FROM external_bits x, external_bits y ORDER BY 1', 'SELECT x.b <~> y.b FROM long_bits x, long_bits y ORDER BY 1',
                  'whichever of them repeats from row to row');

CREATE TEMP TABLE codes (id int, b bit(64));
INSERT INTO codes SELECT i, i::bit(64) FROM generate_series(0, 255) i;
SELECT results_eq($$SELECT id FROM codes ORDER BY b <~> 0::bit(64), id LIMIT 4$$, ARRAY[0, 1, 2, 4],
                  'nearest codes come first');

SELECT * FROM finish();
ROLLBACK;
