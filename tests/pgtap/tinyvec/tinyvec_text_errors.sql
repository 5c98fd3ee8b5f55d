-- tinyvec text that is refused, and how: SQLSTATE, message, detail.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(35);

SELECT is(pg_temp.error_of(format('SELECT %L::tinyvec', input)), error, format('%s is refused', quote_literal(input)))
FROM (VALUES
    (1, '', '22P02 | invalid input syntax for type tinyvec: "" | Vector contents must start with "[".'),
    (2, '1,2,3', '22P02 | invalid input syntax for type tinyvec: "1,2,3" | Vector contents must start with "[".'),
    (3, '{1}', '22P02 | invalid input syntax for type tinyvec: "{1}" | Vector contents must start with "[".'),
    (4, '[', '22P02 | invalid input syntax for type tinyvec: "["'),
    (5, '[ ', '22P02 | invalid input syntax for type tinyvec: "[ "'),
    (6, '[,', '22P02 | invalid input syntax for type tinyvec: "[,"'),
    (7, '[,]', '22P02 | invalid input syntax for type tinyvec: "[,]"'),
    (8, '[1,]', '22P02 | invalid input syntax for type tinyvec: "[1,]"'),
    (9, '[1, ,3]', '22P02 | invalid input syntax for type tinyvec: "[1, ,3]"'),
    (10, '[1,,3]', '22P02 | invalid input syntax for type tinyvec: "[1,,3]"'),
    (11, '[1a]', '22P02 | invalid input syntax for type tinyvec: "[1a]"'),
    (12, '[hello,1]', '22P02 | invalid input syntax for type tinyvec: "[hello,1]"'),
    (13, '[1,2,3', '22P02 | invalid input syntax for type tinyvec: "[1,2,3"'),
    (14, '[1 2]', '22P02 | invalid input syntax for type tinyvec: "[1 2]"'),
    (15, '[1,2,3]9', '22P02 | invalid input syntax for type tinyvec: "[1,2,3]9" | Junk after closing right brace.'),
    (16, '[1]]', '22P02 | invalid input syntax for type tinyvec: "[1]]" | Junk after closing right brace.'),
    (17, '[1] x', '22P02 | invalid input syntax for type tinyvec: "[1] x" | Junk after closing right brace.'),
    (18, '[]', '22000 | tinyvec must have at least 1 dimension'),
    (19, '[ ]', '22000 | tinyvec must have at least 1 dimension'),
    (20, '[128]', '22003 | "128" is out of range for type tinyvec'),
    (21, '[-129,1]', '22003 | "-129" is out of range for type tinyvec'),
    (22, '[99999999999999999999]', '22003 | "99999999999999999999" is out of range for type tinyvec'),
    (23, '[1.5]', '22P02 | invalid input syntax for type tinyvec: "[1.5]"'),
    (24, '[1e1]', '22P02 | invalid input syntax for type tinyvec: "[1e1]"'),
    (25, '[NaN]', '22P02 | invalid input syntax for type tinyvec: "[NaN]"'),
    (26, '[Infinity]', '22P02 | invalid input syntax for type tinyvec: "[Infinity]"'),
    (27, '[0x10]', '22P02 | invalid input syntax for type tinyvec: "[0x10]"'),
    (28, '[--1]', '22P02 | invalid input syntax for type tinyvec: "[--1]"')
) AS cases (n, input, error) ORDER BY n;

SELECT is(pg_temp.error_of(format('SELECT %L::tinyvec', '[' || repeat('1,', 16000) || '1]')),
    '54000 | tinyvec cannot have more than 16000 dimensions', '16,001 dimensions are refused');
SELECT is(pg_temp.error_of(format('SELECT %L::tinyvec', '[' || repeat('1,', 100000) || 'x')),
    '54000 | tinyvec cannot have more than 16000 dimensions', 'and so are more, before what follows is looked at');
SELECT is(pg_temp.error_of(statement), error, statement) FROM (VALUES
    (1, 'SELECT ''[1,2,3]''::tinyvec(2)', '22000 | expected 2 dimensions, not 3'),
    (2, 'SELECT ''[1]''::tinyvec(0)', '22023 | dimensions for type tinyvec must be at least 1'),
    (3, 'SELECT ''[1]''::tinyvec(16001)', '22023 | dimensions for type tinyvec cannot exceed 16000'),
    (4, 'SELECT ''[1]''::tinyvec(3, 2)', '22023 | invalid type modifier'),
    (5, 'SELECT ''[1]''::tinyvec(''a'')', '22P02 | invalid input syntax for type integer: "a"')
) AS cases (n, statement, error) ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
