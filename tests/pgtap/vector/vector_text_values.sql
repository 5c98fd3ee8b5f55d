-- vector text that is accepted, and how it is printed.
\ir ../lib/setup.sql
SELECT plan(17);

SELECT is(input::vector::text, printed, format('%s is read', quote_literal(input)))
FROM (VALUES
    (1, '[1,2,3]', '[1,2,3]'),
    (2, '[-1,-2,-3]', '[-1,-2,-3]'),
    (3, ' [ 1,  2 ,    3  ] ', '[1,2,3]'),
    (4, '[+1,-0]', '[1,-0]'),
    (5, '[1.,2.,.5]', '[1,2,0.5]'),
    (6, '[1e2,1E-2]', '[100,0.01]'),
    (7, '[0x1p3]', '[8]'),
    (8, '[1.23456]', '[1.23456]'),
    (9, '[1.5e38,-1.5e38]', '[1.5e+38,-1.5e+38]'),
    (10, '[3.4028235e38]', '[3.4028235e+38]'),
    (11, '[1e-45,1.17549435e-38]', '[1e-45,1.1754944e-38]'),
    (12, '[1e-46,-1e-46]', '[0,-0]'),
    (13, '[16777217]', '[1.6777216e+07]'),
    (14, '[0.1,0.2]', '[0.1,0.2]')
) AS cases (n, input, printed) ORDER BY n;

SELECT is(vector_dims(v), 16000, 'a vector of 16,000 dimensions is read')
FROM (SELECT ('[' || repeat('1,', 15999) || '1]')::vector AS v) AS longest;
SELECT is(v::text, '[' || repeat('1,', 15999) || '1]', 'and printed')
FROM (SELECT ('[' || repeat('1,', 15999) || '1]')::vector AS v) AS longest;
SELECT is(array_agg(v)::text, '{[1],[2]}', 'a vector is an element of an array') FROM unnest('{"[1]","[2]"}'::vector[]) AS v;

SELECT * FROM finish();
ROLLBACK;
