-- Type modifiers of sparsevec that are refused.
\ir ../lib/setup.sql
SELECT plan(7);

SELECT throws_ok($$SELECT '{}/3'::sparsevec(3, 2)$$, '22023', 'invalid type modifier', 'two modifiers');
SELECT throws_ok($$SELECT '{}/3'::sparsevec('a')$$, '22P02', NULL, 'a modifier that is no number');
SELECT throws_ok($$SELECT '{}/3'::sparsevec(0)$$, '22023', 'dimensions for type sparsevec must be at least 1', 'zero');
SELECT throws_ok($$SELECT '{}/3'::sparsevec(-1)$$, '22023', 'dimensions for type sparsevec must be at least 1', 'negative');
SELECT throws_ok($$SELECT '{}/3'::sparsevec(1000000001)$$, '22023',
                 'dimensions for type sparsevec cannot exceed 1000000000', 'more than a thousand million');
CREATE TEMP TABLE three (v sparsevec(3));
SELECT throws_ok($$INSERT INTO three VALUES ('{}/2')$$, '22000', 'expected 3 dimensions, not 2',
                 'a column takes only its number of dimensions');
SELECT throws_ok($$SELECT v::sparsevec(2) FROM (VALUES ('{}/3'::sparsevec)) t(v)$$, '22000', 'expected 2 dimensions, not 3',
                 'and so does a cast');

SELECT * FROM finish();
ROLLBACK;
