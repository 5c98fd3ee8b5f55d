-- Casts to and from halfvec.
\ir ../lib/setup.sql
SELECT plan(21);

SELECT is(('{1,2,3}'::integer[]::halfvec)::text, '[1,2,3]', $$('{1,2,3}'::integer[]::halfvec) is [1,2,3]$$);
SELECT is(('{1,2,3}'::real[]::halfvec)::text, '[1,2,3]', $$('{1,2,3}'::real[]::halfvec) is [1,2,3]$$);
SELECT is(('{1,2,3}'::double precision[]::halfvec)::text, '[1,2,3]', $$('{1,2,3}'::double precision[]::halfvec) is [1,2,3]$$);
SELECT is(('{1,2,3}'::numeric[]::halfvec)::text, '[1,2,3]', $$('{1,2,3}'::numeric[]::halfvec) is [1,2,3]$$);
SELECT is(('{1,2,3}'::integer[]::halfvec(3))::text, '[1,2,3]', $$('{1,2,3}'::integer[]::halfvec(3)) is [1,2,3]$$);
SELECT is(('{1,2,3}'::real[]::halfvec(3))::text, '[1,2,3]', $$('{1,2,3}'::real[]::halfvec(3)) is [1,2,3]$$);
SELECT is(('{1,2,3}'::double precision[]::halfvec(3))::text, '[1,2,3]', $$('{1,2,3}'::double precision[]::halfvec(3)) is [1,2,3]$$);
SELECT is(('{1,2,3}'::numeric[]::halfvec(3))::text, '[1,2,3]', $$('{1,2,3}'::numeric[]::halfvec(3)) is [1,2,3]$$);
SELECT is((ARRAY[1,2.0,3]::halfvec)::text, '[1,2,3]', $$(ARRAY[1,2.0,3]::halfvec) is [1,2,3]$$);
SELECT is(('[1,-2]'::halfvec::real[])::text, '{1,-2}', $$('[1,-2]'::halfvec::real[]) is {1,-2}$$);
SELECT is(('[1,2]'::halfvec::halfvec(2))::text, '[1,2]', $$('[1,2]'::halfvec::halfvec(2)) is [1,2]$$);
SELECT is(('[0:1]={5,6}'::real[]::halfvec)::text, '[5,6]', $$('[0:1]={5,6}'::real[]::halfvec) is [5,6]$$);
SELECT is(('[1,2,3]'::halfvec::vector(3))::text, '[1,2,3]', $$('[1,2,3]'::halfvec::vector(3)) is [1,2,3]$$);
SELECT is(('[1,2,3]'::vector::halfvec(3))::text, '[1,2,3]', $$('[1,2,3]'::vector::halfvec(3)) is [1,2,3]$$);
SELECT is(('[0.1,1e-8]'::vector::halfvec)::text, '[0.099975586,0]', $$('[0.1,1e-8]'::vector::halfvec) is [0.099975586,0]$$);
SELECT is(('[65519]'::vector::halfvec)::text, '[65504]', $$('[65519]'::vector::halfvec) is [65504]$$);
SELECT is(('[0.1]'::halfvec::vector)::text, '[0.099975586]', $$('[0.1]'::halfvec::vector) is [0.099975586]$$);
SELECT is(('{1e-8,-1e-8}'::real[]::halfvec)::text, '[0,-0]', $$('{1e-8,-1e-8}'::real[]::halfvec) is [0,-0]$$);
SELECT is(('{65519}'::int[]::halfvec)::text, '[65504]', $$('{65519}'::int[]::halfvec) is [65504]$$);

CREATE TABLE stored (v halfvec(2), r real[]);
INSERT INTO stored (v) VALUES (ARRAY[1,2]), (ARRAY[1.0,2.0]), ('{1,2}'::real[]), ('{1,2}'::float8[]);
SELECT is((SELECT count(*) FROM stored WHERE v = '[1,2]'), 4::bigint, 'arrays are assigned to a column');
UPDATE stored SET r = v;
SELECT is((SELECT count(*) FROM stored WHERE r = '{1,2}'), 4::bigint, 'and it to a real[] column');

SELECT * FROM finish();
ROLLBACK;
