-- The binary form of halfvec: int16 dimensions, int16 0, the elements, in network order.
\ir ../lib/setup.sql
\ir ../lib/wire.sql
SELECT plan(10);

SELECT is(halfvec_send(value::halfvec), decode(bytes, 'hex'), what || ' sent')
FROM (VALUES
    (1, 'one dimension', '000100003c00', '[1]'),
    (2, 'three dimensions', '000300003c00c0004200', '[1,-2,3]'),
    (3, 'negative zero', '000100008000', '[-0]')
) AS cases (n, what, bytes, value) ORDER BY n;
SELECT is(pg_temp.received('halfvec', decode(bytes, 'hex')), value, what || ' received')
FROM (VALUES
    (1, 'one dimension', '000100003c00', '[1]'),
    (2, 'three dimensions', '000300003c00c0004200', '[1,-2,3]'),
    (3, 'negative zero', '000100008000', '[-0]')
) AS cases (n, what, bytes, value) ORDER BY n;

SELECT is(pg_temp.received('halfvec(3)', '\x000300003c00c0004200'), '[1,-2,3]', 'a column with the right dimensions receives it');
SELECT is(octet_length(halfvec_send(array_fill(1, ARRAY[16000])::halfvec)), 32004, '16,000 dimensions are sent');
SELECT is(md5(pg_temp.received('halfvec', halfvec_send(array_fill(1, ARRAY[16000])::halfvec))), md5(array_fill(1, ARRAY[16000])::halfvec::text),
    '16,000 dimensions are received');
SELECT is(pg_temp.received('halfvec', halfvec_send(v)), v::text, 'what is sent is received as it was')
FROM (SELECT array_agg(i % 128 - 64)::halfvec AS v FROM generate_series(1, 999) AS i) AS mixed;

SELECT * FROM finish();
ROLLBACK;
