-- Messages that are no sparsevec are refused; none is believed about its own length.
\ir ../lib/setup.sql
\ir ../lib/receive.sql
SELECT plan(22);

CREATE FUNCTION pg_temp.refused(message bytea, state text, error text, description text, type_name text DEFAULT 'sparsevec')
RETURNS SETOF text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT pg_temp.receive(%L, %L)', type_name, message), state, error, description)
$$;

SELECT pg_temp.refused(pg_temp.words(0, 0, 0), '22000', 'sparsevec must have at least 1 dimension', 'no dimension');
SELECT pg_temp.refused(pg_temp.words(-1, 0, 0), '22000', 'sparsevec must have at least 1 dimension', 'negative dimensions');
SELECT pg_temp.refused(pg_temp.words(1000000001, 0, 0), '54000',
                       'sparsevec cannot have more than 1000000000 dimensions', 'too many dimensions');
SELECT pg_temp.refused(pg_temp.words(5, -1, 0), '22000', 'sparsevec cannot have negative number of elements', 'a negative count');
SELECT pg_temp.refused(pg_temp.words(20000, 16001, 0), '54000',
                       'sparsevec cannot have more than 16000 non-zero elements', 'a count past the limit');
SELECT pg_temp.refused(pg_temp.words(20000, 2147483647, 0), '54000',
                       'sparsevec cannot have more than 16000 non-zero elements', 'the greatest count');
SELECT pg_temp.refused(pg_temp.words(2, 3, 0), '54000', 'sparsevec cannot have more elements than dimensions',
                       'more elements than dimensions');
SELECT pg_temp.refused(pg_temp.words(2, 0, 7), '22000', 'expected unused to be 0, not 7', 'an unused word that is used');
SELECT pg_temp.refused(pg_temp.words(2, 0, 0), '22000', 'expected 3 dimensions, not 2', 'other dimensions than the column', 'sparsevec(3)');
SELECT pg_temp.refused(pg_temp.words(2, 0, 7), '22000', 'expected 3 dimensions, not 2',
                       'dimensions are looked at before the unused word', 'sparsevec(3)');
SELECT pg_temp.refused(pg_temp.words(2, 1, 0, 2) || pg_temp.floats(1), '22000', 'sparsevec index out of bounds', 'an index past the end');
SELECT pg_temp.refused(pg_temp.words(2, 1, 0, -1) || pg_temp.floats(1), '22000', 'sparsevec index out of bounds', 'a negative index');
SELECT pg_temp.refused(pg_temp.words(5, 2, 0, 3, 1) || pg_temp.floats(1, 1), '22000',
                       'sparsevec indices must be in ascending order', 'indices out of order');
SELECT pg_temp.refused(pg_temp.words(5, 2, 0, 3, 3) || pg_temp.floats(1, 1), '22000',
                       'sparsevec indices must not contain duplicates', 'an index twice');
SELECT pg_temp.refused(pg_temp.words(5, 1, 0, 3) || pg_temp.floats('NaN'), '22000', 'NaN not allowed in sparsevec', 'NaN');
SELECT pg_temp.refused(pg_temp.words(5, 1, 0, 3) || pg_temp.floats('-Infinity'), '22000',
                       'infinite value not allowed in sparsevec', 'infinity');
SELECT pg_temp.refused(pg_temp.words(5, 1, 0, 3) || pg_temp.floats(0), '22000',
                       'binary representation of sparsevec cannot contain zero values', 'a stored zero');
SELECT pg_temp.refused(pg_temp.words(5, 1, 0, 3) || pg_temp.floats('-0'), '22000',
                       'binary representation of sparsevec cannot contain zero values', 'a stored minus zero');
SELECT pg_temp.refused(pg_temp.words(5, 2, 0, 1, 2) || pg_temp.floats(1), '08P01', 'insufficient data left in message',
                       'one element where two are announced');
SELECT pg_temp.refused(pg_temp.words(20000, 16000, 0), '08P01', 'insufficient data left in message',
                       'none where 16,000 are announced');
SELECT pg_temp.refused('\x0000'::bytea, '08P01', 'insufficient data left in message', 'two bytes');
SELECT pg_temp.refused(pg_temp.words(5, 0, 0, 0), '22P03', 'incorrect binary data format', 'bytes after the end');

SELECT * FROM finish();
ROLLBACK;
