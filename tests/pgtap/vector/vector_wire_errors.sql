-- Bytes that vector's receive function refuses, and how.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
\ir ../lib/wire.sql
SELECT plan(19);

SELECT is(pg_temp.error_of(format('SELECT pg_temp.received(''vector'', %L)', decode(bytes, 'hex'))), error, what || ' refused')
FROM (VALUES
    (1, 'no bytes', '', '08P01 | insufficient data left in message'),
    (2, 'half a dimension count', '00', '08P01 | insufficient data left in message'),
    (3, 'no unused field', '0001', '08P01 | insufficient data left in message'),
    (4, 'zero dimensions', '00000000', '22000 | vector must have at least 1 dimension'),
    (5, '16,001 dimensions', '3e810000', '54000 | vector cannot have more than 16000 dimensions'),
    (6, 'a negative dimension count', 'ffff0000', '54000 | vector cannot have more than 16000 dimensions'),
    (7, 'a used unused field', '000100013f800000', '22000 | expected unused to be 0, not 1'),
    (8, 'a negative unused field', '0001ffff3f800000', '22000 | expected unused to be 0, not 65535'),
    (9, 'no element', '00010000', '08P01 | insufficient data left in message'),
    (10, 'one element of two', '000200003f800000', '08P01 | insufficient data left in message'),
    (11, 'trailing bytes', '000100003f80000000', '22P03 | incorrect binary data format'),
    (12, 'part of an element', '000100003f8000', '08P01 | insufficient data left in message'),
    (13, 'NaN', '000100007fc00000', '22000 | NaN not allowed in vector'),
    (14, 'infinity', '000100007f800000', '22000 | infinite value not allowed in vector'),
    (15, 'minus infinity in the middle', '000300003f800000ff8000003f800000', '22000 | infinite value not allowed in vector'),
    (16, 'NaN before the message ends early', '000300007fc00000', '22000 | NaN not allowed in vector')
) AS cases (n, what, bytes, error) ORDER BY n;

SELECT is(pg_temp.error_of($$SELECT pg_temp.received('vector(2)', '\x000300003f800000c000000040400000')$$), '22000 | expected 2 dimensions, not 3',
    'a column of other dimensions refuses it');
SELECT is(pg_temp.error_of($$SELECT pg_temp.received('vector', '\x3e800000')$$), '08P01 | insufficient data left in message',
    'a message that promises 16,000 elements and has none is refused');
SELECT is(pg_temp.received('vector', '\x000300003f800000c000000040400000'), '[1,-2,3]', 'the server goes on');

SELECT * FROM finish();
ROLLBACK;
