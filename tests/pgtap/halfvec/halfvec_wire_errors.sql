-- Bytes that halfvec's receive function refuses, and how.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
\ir ../lib/wire.sql
SELECT plan(19);

SELECT is(pg_temp.error_of(format('SELECT pg_temp.received(''halfvec'', %L)', decode(bytes, 'hex'))), error, what || ' refused')
FROM (VALUES
    (1, 'no bytes', '', '08P01 | insufficient data left in message'),
    (2, 'half a dimension count', '00', '08P01 | insufficient data left in message'),
    (3, 'no unused field', '0001', '08P01 | insufficient data left in message'),
    (4, 'zero dimensions', '00000000', '22000 | halfvec must have at least 1 dimension'),
    (5, '16,001 dimensions', '3e810000', '54000 | halfvec cannot have more than 16000 dimensions'),
    (6, 'a negative dimension count', 'ffff0000', '54000 | halfvec cannot have more than 16000 dimensions'),
    (7, 'a used unused field', '000100013c00', '22000 | expected unused to be 0, not 1'),
    (8, 'a negative unused field', '0001ffff3c00', '22000 | expected unused to be 0, not 65535'),
    (9, 'no element', '00010000', '08P01 | insufficient data left in message'),
    (10, 'one element of two', '000200003c00', '08P01 | insufficient data left in message'),
    (11, 'trailing bytes', '000100003c0000', '22P03 | incorrect binary data format'),
    (12, 'part of an element', '000100003c', '08P01 | insufficient data left in message'),
    (13, 'NaN', '000100007e00', '22000 | NaN not allowed in halfvec'),
    (14, 'infinity', '000100007c00', '22000 | infinite value not allowed in halfvec'),
    (15, 'minus infinity in the middle', '000300003c00fc003c00', '22000 | infinite value not allowed in halfvec'),
    (16, 'NaN before the message ends early', '000300007e00', '22000 | NaN not allowed in halfvec')
) AS cases (n, what, bytes, error) ORDER BY n;

SELECT is(pg_temp.error_of($$SELECT pg_temp.received('halfvec(2)', '\x000300003c00c0004200')$$), '22000 | expected 2 dimensions, not 3',
    'a column of other dimensions refuses it');
SELECT is(pg_temp.error_of($$SELECT pg_temp.received('halfvec', '\x3e800000')$$), '08P01 | insufficient data left in message',
    'a message that promises 16,000 elements and has none is refused');
SELECT is(pg_temp.received('halfvec', '\x000300003c00c0004200'), '[1,-2,3]', 'the server goes on');

SELECT * FROM finish();
ROLLBACK;
