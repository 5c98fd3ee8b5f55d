-- halfvec text that is refused, and how: SQLSTATE, message, detail.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(34);

SELECT is(pg_temp.error_of(format('SELECT %L::halfvec', input)), error, format('%s is refused', quote_literal(input)))
FROM (VALUES
    (1, '', '22P02 | invalid input syntax for type halfvec: "" | Vector contents must start with "[".'),
    (2, '1,2,3', '22P02 | invalid input syntax for type halfvec: "1,2,3" | Vector contents must start with "[".'),
    (3, '{1}', '22P02 | invalid input syntax for type halfvec: "{1}" | Vector contents must start with "[".'),
    (4, '[', '22P02 | invalid input syntax for type halfvec: "["'),
    (5, '[ ', '22P02 | invalid input syntax for type halfvec: "[ "'),
    (6, '[,', '22P02 | invalid input syntax for type halfvec: "[,"'),
    (7, '[,]', '22P02 | invalid input syntax for type halfvec: "[,]"'),
    (8, '[1,]', '22P02 | invalid input syntax for type halfvec: "[1,]"'),
    (9, '[1, ,3]', '22P02 | invalid input syntax for type halfvec: "[1, ,3]"'),
    (10, '[1,,3]', '22P02 | invalid input syntax for type halfvec: "[1,,3]"'),
    (11, '[1a]', '22P02 | invalid input syntax for type halfvec: "[1a]"'),
    (12, '[hello,1]', '22P02 | invalid input syntax for type halfvec: "[hello,1]"'),
    (13, '[1,2,3', '22P02 | invalid input syntax for type halfvec: "[1,2,3"'),
    (14, '[1 2]', '22P02 | invalid input syntax for type halfvec: "[1 2]"'),
    (15, '[1,2,3]9', '22P02 | invalid input syntax for type halfvec: "[1,2,3]9" | Junk after closing right brace.'),
    (16, '[1]]', '22P02 | invalid input syntax for type halfvec: "[1]]" | Junk after closing right brace.'),
    (17, '[1] x', '22P02 | invalid input syntax for type halfvec: "[1] x" | Junk after closing right brace.'),
    (18, '[]', '22000 | halfvec must have at least 1 dimension'),
    (19, '[ ]', '22000 | halfvec must have at least 1 dimension'),
    (20, '[NaN,1]', '22000 | NaN not allowed in halfvec'),
    (21, '[nan]', '22000 | NaN not allowed in halfvec'),
    (22, '[Infinity,1]', '22000 | infinite value not allowed in halfvec'),
    (23, '[1,-inf]', '22000 | infinite value not allowed in halfvec'),
    (24, '[1e400]', '22003 | "1e400" is out of range for type halfvec'),
    (25, '[1,-1e400]', '22003 | "-1e400" is out of range for type halfvec'),
    (26, '[65520]', '22003 | "65520" is out of range for type halfvec'),
    (27, '[-65520,1]', '22003 | "-65520" is out of range for type halfvec')
) AS cases (n, input, error) ORDER BY n;

SELECT is(pg_temp.error_of(format('SELECT %L::halfvec', '[' || repeat('1,', 16000) || '1]')),
    '54000 | halfvec cannot have more than 16000 dimensions', '16,001 dimensions are refused');
SELECT is(pg_temp.error_of(format('SELECT %L::halfvec', '[' || repeat('1,', 100000) || 'x')),
    '54000 | halfvec cannot have more than 16000 dimensions', 'and so are more, before what follows is looked at');
SELECT is(pg_temp.error_of(statement), error, statement) FROM (VALUES
    (1, 'SELECT ''[1,2,3]''::halfvec(2)', '22000 | expected 2 dimensions, not 3'),
    (2, 'SELECT ''[1]''::halfvec(0)', '22023 | dimensions for type halfvec must be at least 1'),
    (3, 'SELECT ''[1]''::halfvec(16001)', '22023 | dimensions for type halfvec cannot exceed 16000'),
    (4, 'SELECT ''[1]''::halfvec(3, 2)', '22023 | invalid type modifier'),
    (5, 'SELECT ''[1]''::halfvec(''a'')', '22P02 | invalid input syntax for type integer: "a"')
) AS cases (n, statement, error) ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
