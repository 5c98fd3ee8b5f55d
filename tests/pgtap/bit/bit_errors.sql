-- Bit strings of different lengths and damaged ones are refused, and NULL gives NULL.
\ir ../lib/setup.sql
SELECT plan(9);

SELECT throws_ok($$SELECT hamming_distance(B'111', B'00')$$, '22000', 'different bit lengths 3 and 2',
                 'Hamming distance of different lengths is refused');
SELECT throws_ok($$SELECT jaccard_distance(B'1111', '00000'::varbit)$$, '22000',
                 'different bit lengths 4 and 5', 'Jaccard distance of different lengths is refused');
SELECT throws_ok($$SELECT B'1' <~> B''$$, '22000', 'different bit lengths 1 and 0',
                 'an empty bit string is a different length');
-- Eight bits and seven fill the same byte.
SELECT throws_ok($$SELECT B'00000000' <~> B'0000000'$$, '22000', 'different bit lengths 8 and 7',
                 'lengths count in bits, not bytes');
SELECT is(hamming_distance(NULL, B'1'), NULL, 'NULL on the left gives NULL');
SELECT is(hamming_distance(B'1', NULL), NULL, 'NULL on the right gives NULL');
SELECT is(jaccard_distance(NULL, B'1'), NULL, 'NULL on the left gives NULL for Jaccard too');
SELECT is(jaccard_distance(B'1', NULL), NULL, 'NULL on the right gives NULL for Jaccard too');

-- Any bytes as a bit string: only a superuser can make such a cast.
CREATE CAST (bytea AS varbit) WITHOUT FUNCTION;
SELECT throws_ok($$SELECT b <~> b FROM (SELECT '\x0f00000fff'::bytea::varbit AS b) d$$, 'XX001', 'damaged bit string',
                 'a length that does not fit the bytes, as on a damaged page, is refused');

SELECT * FROM finish();
ROLLBACK;
