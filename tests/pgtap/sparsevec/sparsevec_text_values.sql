-- sparsevec text in and out: what is accepted, and the canonical form it comes back in.
\ir ../lib/setup.sql
SELECT plan(24);

SELECT is('{1:1.5,3:3.5}/5'::sparsevec::text, '{1:1.5,3:3.5}/5', 'the canonical form comes back as it went in');
SELECT is(E' \t{ 1 : 1.5 ,\n 3\x0b:\f3.5 }\r/ 5 '::sparsevec::text, '{1:1.5,3:3.5}/5',
          'white space is allowed around every token');
SELECT is('{}/5'::sparsevec::text, '{}/5', 'a vector of zeros has no element');
SELECT is('{ }/5'::sparsevec::text, '{}/5', 'white space between the braces is nothing');
SELECT is('{3:1,1:2,2:3}/3'::sparsevec::text, '{1:2,2:3,3:1}/3', 'elements in any order are sorted');
SELECT is('{1:0,2:1,3:-0,4:0.0e5}/4'::sparsevec::text, '{2:1}/4', 'zeros are not stored');
SELECT is('{9:0}/1'::sparsevec::text, '{}/1', 'the index of a zero is not looked at');
SELECT is('{+1:+2,02:1.}/2'::sparsevec::text, '{1:2,2:1}/2', 'signs and leading zeros are numbers too');
SELECT is('{1:0x1p3}/1'::sparsevec::text, '{1:8}/1', 'a value may be hexadecimal, as strtof has it');
SELECT is('{1:1.23456,2:1e20,3:1e-7}/3'::sparsevec::text, '{1:1.23456,2:1e+20,3:1e-07}/3',
          'values are printed as PostgreSQL prints real');
SELECT is('{1:3.4028235e38,2:1e-45}/2'::sparsevec::text, '{1:3.4028235e+38,2:1e-45}/2',
          'the greatest and the least float come back');
SELECT is('{1:1,1000000000:2}/1000000000'::sparsevec::text, '{1:1,1000000000:2}/1000000000',
          'a thousand million dimensions are allowed');
SELECT is('{}/3'::sparsevec(3)::text, '{}/3', 'the type modifier is the number of dimensions');
SELECT is(format_type('sparsevec'::regtype, 1000000000), 'sparsevec(1000000000)', 'and the greatest one is printed');

-- The most elements that fit, written backwards.
CREATE TEMP TABLE widest AS
    SELECT ('{' || string_agg(i || ':' || i, ',' ORDER BY i DESC) || '}/20000')::sparsevec AS v
      FROM generate_series(1, 16000) i;
SELECT is(nonzero_count(v), 16000, '16,000 elements are accepted') FROM widest;
SELECT is(pg_column_size(v), 16 + 16000 * 8, 'and take 8 bytes each and 16 more')
  FROM (SELECT v || '{}/1' AS v FROM widest) copied;
SELECT is(md5(v::text),
          md5('{' || (SELECT string_agg(i || ':' || i, ',' ORDER BY i) FROM generate_series(1, 16000) i) || '}/20000'),
          'and come back in order') FROM widest;

-- Every printed value reads back to the same bytes.
CREATE TEMP TABLE random_values AS
    SELECT i, ('{' || (i * 7 % 1000 + 1) || ':' || x || ',' || (i * 7 % 1000 + 2) || ':' || -x || '}/1002')::sparsevec AS v
      FROM (SELECT i, ((hashint4(i) | 1) * power(10, hashint4(-i) % 30))::real AS x FROM generate_series(1, 2000) i) made;
SELECT is_empty($$SELECT i FROM random_values WHERE sparsevec_send(v::text::sparsevec) <> sparsevec_send(v)$$,
                'text round trip keeps every bit of 4,000 values');
SELECT is_empty($$SELECT i FROM random_values WHERE v::text <> (SELECT v::text::sparsevec::text)$$,
                'and the text is stable');

-- The input function of COPY and of drivers is the same.
CREATE TEMP TABLE copied (v sparsevec(4));
COPY copied FROM stdin;
{2:2,1:1}/4
{}/4
\N
\.
SELECT results_eq('SELECT v::text FROM copied', ARRAY['{1:1,2:2}/4', '{}/4', NULL], 'COPY reads sparsevec');
SELECT is('{1:1}/1'::sparsevec::text::sparsevec, '{1:1}/1'::sparsevec, 'a text cast goes through the same function');
SELECT is((ARRAY['{1:1,2:2}/2', '{}/2']::sparsevec[])[1]::text, '{1:1,2:2}/2', 'elements of an array keep their commas');
SELECT is(ROW('{1:1,2:2}/2'::sparsevec)::text, '("{1:1,2:2}/2")', 'and so do fields of a row');
SELECT is((json_build_object('v', '{1:1}/1'::sparsevec))::text, '{"v" : "{1:1}/1"}', 'JSON shows the text form');

SELECT * FROM finish();
ROLLBACK;
