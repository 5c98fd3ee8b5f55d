-- tinyvec text that is accepted, and how it is printed.
\ir ../lib/setup.sql
SELECT plan(10);

SELECT is(input::tinyvec::text, printed, format('%s is read', quote_literal(input)))
FROM (VALUES
    (1, '[1,2,3]', '[1,2,3]'),
    (2, '[-1,-2,-3]', '[-1,-2,-3]'),
    (3, ' [ 1,  2 ,    3  ] ', '[1,2,3]'),
    (4, '[+1,-0]', '[1,0]'),
    (5, '[127,-128]', '[127,-128]'),
    (6, '[007]', '[7]'),
    (7, '[ 5 ,6 ]', '[5,6]')
) AS cases (n, input, printed) ORDER BY n;

SELECT is(vector_dims(v), 16000, 'a tinyvec of 16,000 dimensions is read')
FROM (SELECT ('[' || repeat('1,', 15999) || '1]')::tinyvec AS v) AS longest;
SELECT is(v::text, '[' || repeat('1,', 15999) || '1]', 'and printed')
FROM (SELECT ('[' || repeat('1,', 15999) || '1]')::tinyvec AS v) AS longest;
SELECT is(array_agg(v)::text, '{[1],[2]}', 'a tinyvec is an element of an array') FROM unnest('{"[1]","[2]"}'::tinyvec[]) AS v;

SELECT * FROM finish();
ROLLBACK;
