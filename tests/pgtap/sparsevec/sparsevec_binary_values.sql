-- The binary form of sparsevec, byte by byte, in both directions.
\ir ../lib/setup.sql
\ir ../lib/receive.sql
SELECT plan(10);

SELECT is(encode(sparsevec_send('{1:1.5,3:-2}/5'), 'hex'),
          '00000005' || '00000002' || '00000000' || '00000000' || '00000002' || '3fc00000' || 'c0000000',
          'dim, count, 0, indices from 0, values: all in network order');
SELECT is(encode(sparsevec_send('{}/1000000000'), 'hex'), '3b9aca00' || '00000000' || '00000000',
          'a vector of zeros is three words');
SELECT is(pg_temp.receive('sparsevec', pg_temp.words(5, 2, 0, 0, 2) || pg_temp.floats(1.5, -2)), '{1:1.5,3:-2}/5',
          'what was sent is received');
SELECT is(pg_temp.receive('sparsevec', pg_temp.words(1000000000, 0, 0)), '{}/1000000000', 'so is a vector of zeros');
SELECT is(pg_temp.receive('sparsevec(5)', pg_temp.words(5, 1, 0, 4) || pg_temp.floats(1)), '{5:1}/5',
          'a column takes its number of dimensions');
SELECT is(pg_temp.receive('sparsevec', pg_temp.words(1, 1, 0, 0) || '\x00000001'), '{1:1e-45}/1', 'a subnormal is no zero');
SELECT is(md5(pg_temp.receive('sparsevec', sparsevec_send(v))), md5(v::text), '16,000 elements make the round trip')
  FROM (SELECT ('{' || string_agg(i || ':' || i, ',') || '}/16000')::sparsevec AS v FROM generate_series(1, 16000) i) made;
SELECT is(length(sparsevec_send('{1:1,2:2}/2')), 28, 'a message is 12 bytes and 8 for each element');

-- On disk: length word, dim, count, 0, then indices and values in the machine's order.
SELECT is(pg_column_size('{1:1,2:2}/2'::sparsevec || '{}/1'), 32, 'a value is 16 bytes and 8 for each element');
CREATE TEMP TABLE stored (v sparsevec);
INSERT INTO stored VALUES ('{1:1,2:2}/2');
SELECT is(pg_column_size(v), 29, 'and 3 bytes less in a row, when short') FROM stored;

SELECT * FROM finish();
ROLLBACK;
