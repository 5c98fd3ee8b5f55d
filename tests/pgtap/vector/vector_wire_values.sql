-- The binary form of vector: int16 dimensions, int16 0, the elements, in network order.
\ir ../lib/setup.sql
\ir ../lib/wire.sql
SELECT plan(10);

SELECT is(vector_send(value::vector), decode(bytes, 'hex'), what || ' sent')
FROM (VALUES
    (1, 'one dimension', '000100003f800000', '[1]'),
    (2, 'three dimensions', '000300003f800000c000000040400000', '[1,-2,3]'),
    (3, 'negative zero', '0001000080000000', '[-0]')
) AS cases (n, what, bytes, value) ORDER BY n;
SELECT is(pg_temp.received('vector', decode(bytes, 'hex')), value, what || ' received')
FROM (VALUES
    (1, 'one dimension', '000100003f800000', '[1]'),
    (2, 'three dimensions', '000300003f800000c000000040400000', '[1,-2,3]'),
    (3, 'negative zero', '0001000080000000', '[-0]')
) AS cases (n, what, bytes, value) ORDER BY n;

SELECT is(pg_temp.received('vector(3)', '\x000300003f800000c000000040400000'), '[1,-2,3]', 'a column with the right dimensions receives it');
SELECT is(octet_length(vector_send(array_fill(1, ARRAY[16000])::vector)), 64004, '16,000 dimensions are sent');
SELECT is(md5(pg_temp.received('vector', vector_send(array_fill(1, ARRAY[16000])::vector))), md5(array_fill(1, ARRAY[16000])::vector::text),
    '16,000 dimensions are received');
SELECT is(pg_temp.received('vector', vector_send(v)), v::text, 'what is sent is received as it was')
FROM (SELECT array_agg(i % 128 - 64)::vector AS v FROM generate_series(1, 999) AS i) AS mixed;

SELECT * FROM finish();
ROLLBACK;
