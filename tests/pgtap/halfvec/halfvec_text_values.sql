-- halfvec text that is accepted, and how it is printed.
\ir ../lib/setup.sql
SELECT plan(18);

SELECT is(input::halfvec::text, printed, format('%s is read', quote_literal(input)))
FROM (VALUES
    (1, '[1,2,3]', '[1,2,3]'),
    (2, '[-1,-2,-3]', '[-1,-2,-3]'),
    (3, ' [ 1,  2 ,    3  ] ', '[1,2,3]'),
    (4, '[+1,-0]', '[1,-0]'),
    (5, '[1.,2.,.5]', '[1,2,0.5]'),
    (6, '[1e2,1E-2]', '[100,0.010002136]'),
    (7, '[0x1p3]', '[8]'),
    (8, '[1.23456]', '[1.234375]'),
    (9, '[65504,-65504]', '[65504,-65504]'),
    (10, '[65519]', '[65504]'),
    (11, '[1e-8,-1e-8]', '[0,-0]'),
    (12, '[6e-8]', '[5.9604645e-08]'),
    (13, '[2049]', '[2048]'),
    (14, '[2051]', '[2052]'),
    (15, '[0.1]', '[0.099975586]')
) AS cases (n, input, printed) ORDER BY n;

SELECT is(vector_dims(v), 16000, 'a halfvec of 16,000 dimensions is read')
FROM (SELECT ('[' || repeat('1,', 15999) || '1]')::halfvec AS v) AS longest;
SELECT is(v::text, '[' || repeat('1,', 15999) || '1]', 'and printed')
FROM (SELECT ('[' || repeat('1,', 15999) || '1]')::halfvec AS v) AS longest;
SELECT is(array_agg(v)::text, '{[1],[2]}', 'a halfvec is an element of an array') FROM unnest('{"[1]","[2]"}'::halfvec[]) AS v;

SELECT * FROM finish();
ROLLBACK;
