-- Bytes that tinyvec's receive function refuses, and how.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
\ir ../lib/wire.sql
SELECT plan(14);

SELECT is(pg_temp.error_of(format('SELECT pg_temp.received(''tinyvec'', %L)', decode(bytes, 'hex'))), error, what || ' refused')
FROM (VALUES
    (1, 'no bytes', '', '08P01 | insufficient data left in message'),
    (2, 'half a dimension count', '00', '08P01 | insufficient data left in message'),
    (3, 'no unused field', '0001', '08P01 | insufficient data left in message'),
    (4, 'zero dimensions', '00000000', '22000 | tinyvec must have at least 1 dimension'),
    (5, '16,001 dimensions', '3e810000', '54000 | tinyvec cannot have more than 16000 dimensions'),
    (6, 'a negative dimension count', 'ffff0000', '54000 | tinyvec cannot have more than 16000 dimensions'),
    (7, 'a used unused field', '0001000101', '22000 | expected unused to be 0, not 1'),
    (8, 'a negative unused field', '0001ffff01', '22000 | expected unused to be 0, not 65535'),
    (9, 'no element', '00010000', '08P01 | insufficient data left in message'),
    (10, 'one element of two', '0002000001', '08P01 | insufficient data left in message'),
    (11, 'trailing bytes', '000100000100', '22P03 | incorrect binary data format')
) AS cases (n, what, bytes, error) ORDER BY n;

SELECT is(pg_temp.error_of($$SELECT pg_temp.received('tinyvec(2)', '\x0003000001fe03')$$), '22000 | expected 2 dimensions, not 3',
    'a column of other dimensions refuses it');
SELECT is(pg_temp.error_of($$SELECT pg_temp.received('tinyvec', '\x3e800000')$$), '08P01 | insufficient data left in message',
    'a message that promises 16,000 elements and has none is refused');
SELECT is(pg_temp.received('tinyvec', '\x0003000001fe03'), '[1,-2,3]', 'the server goes on');

SELECT * FROM finish();
ROLLBACK;
