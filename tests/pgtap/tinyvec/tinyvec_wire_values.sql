-- The binary form of tinyvec: int16 dimensions, int16 0, the elements, in network order.
\ir ../lib/setup.sql
\ir ../lib/wire.sql
SELECT plan(10);

SELECT is(tinyvec_send(value::tinyvec), decode(bytes, 'hex'), what || ' sent')
FROM (VALUES
    (1, 'one dimension', '0001000001', '[1]'),
    (2, 'three dimensions', '0003000001fe03', '[1,-2,3]'),
    (3, 'the extremes', '00020000807f', '[-128,127]')
) AS cases (n, what, bytes, value) ORDER BY n;
SELECT is(pg_temp.received('tinyvec', decode(bytes, 'hex')), value, what || ' received')
FROM (VALUES
    (1, 'one dimension', '0001000001', '[1]'),
    (2, 'three dimensions', '0003000001fe03', '[1,-2,3]'),
    (3, 'the extremes', '00020000807f', '[-128,127]')
) AS cases (n, what, bytes, value) ORDER BY n;

SELECT is(pg_temp.received('tinyvec(3)', '\x0003000001fe03'), '[1,-2,3]', 'a column with the right dimensions receives it');
SELECT is(octet_length(tinyvec_send(array_fill(1, ARRAY[16000])::tinyvec)), 16004, '16,000 dimensions are sent');
SELECT is(md5(pg_temp.received('tinyvec', tinyvec_send(array_fill(1, ARRAY[16000])::tinyvec))), md5(array_fill(1, ARRAY[16000])::tinyvec::text),
    '16,000 dimensions are received');
SELECT is(pg_temp.received('tinyvec', tinyvec_send(v)), v::text, 'what is sent is received as it was')
FROM (SELECT array_agg(i % 128 - 64)::tinyvec AS v FROM generate_series(1, 999) AS i) AS mixed;

SELECT * FROM finish();
ROLLBACK;
