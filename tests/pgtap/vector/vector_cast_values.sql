-- Casts to and from vector.
\ir ../lib/setup.sql
SELECT plan(17);

SELECT is(('{1,2,3}'::integer[]::vector)::text, '[1,2,3]', $$('{1,2,3}'::integer[]::vector) is [1,2,3]$$);
SELECT is(('{1,2,3}'::real[]::vector)::text, '[1,2,3]', $$('{1,2,3}'::real[]::vector) is [1,2,3]$$);
SELECT is(('{1,2,3}'::double precision[]::vector)::text, '[1,2,3]', $$('{1,2,3}'::double precision[]::vector) is [1,2,3]$$);
SELECT is(('{1,2,3}'::numeric[]::vector)::text, '[1,2,3]', $$('{1,2,3}'::numeric[]::vector) is [1,2,3]$$);
SELECT is(('{1,2,3}'::integer[]::vector(3))::text, '[1,2,3]', $$('{1,2,3}'::integer[]::vector(3)) is [1,2,3]$$);
SELECT is(('{1,2,3}'::real[]::vector(3))::text, '[1,2,3]', $$('{1,2,3}'::real[]::vector(3)) is [1,2,3]$$);
SELECT is(('{1,2,3}'::double precision[]::vector(3))::text, '[1,2,3]', $$('{1,2,3}'::double precision[]::vector(3)) is [1,2,3]$$);
SELECT is(('{1,2,3}'::numeric[]::vector(3))::text, '[1,2,3]', $$('{1,2,3}'::numeric[]::vector(3)) is [1,2,3]$$);
SELECT is((ARRAY[1,2.0,3]::vector)::text, '[1,2,3]', $$(ARRAY[1,2.0,3]::vector) is [1,2,3]$$);
SELECT is(('[1,-2]'::vector::real[])::text, '{1,-2}', $$('[1,-2]'::vector::real[]) is {1,-2}$$);
SELECT is(('[1,2]'::vector::vector(2))::text, '[1,2]', $$('[1,2]'::vector::vector(2)) is [1,2]$$);
SELECT is(('[0:1]={5,6}'::real[]::vector)::text, '[5,6]', $$('[0:1]={5,6}'::real[]::vector) is [5,6]$$);
SELECT is(('{1e-46,-1e-46}'::float8[]::vector)::text, '[0,-0]', $$('{1e-46,-1e-46}'::float8[]::vector) is [0,-0]$$);
SELECT is(('{16777217}'::int[]::vector)::text, '[1.6777216e+07]', $$('{16777217}'::int[]::vector) is [1.6777216e+07]$$);
SELECT is(('{0.1}'::numeric[]::vector)::text, '[0.1]', $$('{0.1}'::numeric[]::vector) is [0.1]$$);

CREATE TABLE stored (v vector(2), r real[]);
INSERT INTO stored (v) VALUES (ARRAY[1,2]), (ARRAY[1.0,2.0]), ('{1,2}'::real[]), ('{1,2}'::float8[]);
SELECT is((SELECT count(*) FROM stored WHERE v = '[1,2]'), 4::bigint, 'arrays are assigned to a column');
UPDATE stored SET r = v;
SELECT is((SELECT count(*) FROM stored WHERE r = '{1,2}'), 4::bigint, 'and it to a real[] column');

SELECT * FROM finish();
ROLLBACK;
