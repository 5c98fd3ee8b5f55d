-- Casts to and from tinyvec.
\ir ../lib/setup.sql
SELECT plan(27);

SELECT is(('{1,2,3}'::smallint[]::tinyvec)::text, '[1,2,3]', $$('{1,2,3}'::smallint[]::tinyvec) is [1,2,3]$$);
SELECT is(('{1,2,3}'::integer[]::tinyvec)::text, '[1,2,3]', $$('{1,2,3}'::integer[]::tinyvec) is [1,2,3]$$);
SELECT is(('{1,2,3}'::real[]::tinyvec)::text, '[1,2,3]', $$('{1,2,3}'::real[]::tinyvec) is [1,2,3]$$);
SELECT is(('{1,2,3}'::double precision[]::tinyvec)::text, '[1,2,3]', $$('{1,2,3}'::double precision[]::tinyvec) is [1,2,3]$$);
SELECT is(('{1,2,3}'::numeric[]::tinyvec)::text, '[1,2,3]', $$('{1,2,3}'::numeric[]::tinyvec) is [1,2,3]$$);
SELECT is(('{1,2,3}'::smallint[]::tinyvec(3))::text, '[1,2,3]', $$('{1,2,3}'::smallint[]::tinyvec(3)) is [1,2,3]$$);
SELECT is(('{1,2,3}'::integer[]::tinyvec(3))::text, '[1,2,3]', $$('{1,2,3}'::integer[]::tinyvec(3)) is [1,2,3]$$);
SELECT is(('{1,2,3}'::real[]::tinyvec(3))::text, '[1,2,3]', $$('{1,2,3}'::real[]::tinyvec(3)) is [1,2,3]$$);
SELECT is(('{1,2,3}'::double precision[]::tinyvec(3))::text, '[1,2,3]', $$('{1,2,3}'::double precision[]::tinyvec(3)) is [1,2,3]$$);
SELECT is(('{1,2,3}'::numeric[]::tinyvec(3))::text, '[1,2,3]', $$('{1,2,3}'::numeric[]::tinyvec(3)) is [1,2,3]$$);
SELECT is((ARRAY[1,2.0,3]::tinyvec)::text, '[1,2,3]', $$(ARRAY[1,2.0,3]::tinyvec) is [1,2,3]$$);
SELECT is(('[1,-2]'::tinyvec::real[])::text, '{1,-2}', $$('[1,-2]'::tinyvec::real[]) is {1,-2}$$);
SELECT is(('[1,2]'::tinyvec::tinyvec(2))::text, '[1,2]', $$('[1,2]'::tinyvec::tinyvec(2)) is [1,2]$$);
SELECT is(('[0:1]={5,6}'::real[]::tinyvec)::text, '[5,6]', $$('[0:1]={5,6}'::real[]::tinyvec) is [5,6]$$);
SELECT is(('[1,-2]'::tinyvec::vector)::text, '[1,-2]', $$('[1,-2]'::tinyvec::vector) is [1,-2]$$);
SELECT is(('[1,-2]'::tinyvec::halfvec(2))::text, '[1,-2]', $$('[1,-2]'::tinyvec::halfvec(2)) is [1,-2]$$);
SELECT is(('[1,-2]'::tinyvec::int[])::text, '{1,-2}', $$('[1,-2]'::tinyvec::int[]) is {1,-2}$$);
SELECT is(('[0.5,1.5,2.5,-0.5,-1.5,127.49,-128.5]'::vector::tinyvec)::text, '[0,2,2,0,-2,127,-128]', $$('[0.5,1.5,2.5,-0.5,-1.5,127.49,-128.5]'::vector::tinyvec) is [0,2,2,0,-2,127,-128]$$);
SELECT is(('[0.5,1.5,2.5,-1.5]'::halfvec::tinyvec(4))::text, '[0,2,2,-2]', $$('[0.5,1.5,2.5,-1.5]'::halfvec::tinyvec(4)) is [0,2,2,-2]$$);
SELECT is(('{2.5,2.50000000001,-128.5}'::float8[]::tinyvec)::text, '[2,3,-128]', $$('{2.5,2.50000000001,-128.5}'::float8[]::tinyvec) is [2,3,-128]$$);
SELECT is(('{2.5,3.5}'::numeric[]::tinyvec)::text, '[2,4]', $$('{2.5,3.5}'::numeric[]::tinyvec) is [2,4]$$);
SELECT is((pg_typeof('[1]'::tinyvec <-> '[1]'::vector))::text, 'double precision', $$(pg_typeof('[1]'::tinyvec <-> '[1]'::vector)) is double precision$$);
SELECT is(('[1,2]'::vector <-> '[1,3]'::tinyvec)::text, '1', $$('[1,2]'::vector <-> '[1,3]'::tinyvec) is 1$$);
SELECT is(('[1,2]'::tinyvec <-> '[1,3]'::halfvec)::text, '1', $$('[1,2]'::tinyvec <-> '[1,3]'::halfvec) is 1$$);
SELECT is((vector_norm('[3,4]'::tinyvec))::text, '5', $$(vector_norm('[3,4]'::tinyvec)) is 5$$);

CREATE TABLE stored (v tinyvec(2), r real[]);
INSERT INTO stored (v) VALUES (ARRAY[1,2]), (ARRAY[1.0,2.0]), ('{1,2}'::real[]), ('{1,2}'::float8[]);
SELECT is((SELECT count(*) FROM stored WHERE v = '[1,2]'), 4::bigint, 'arrays are assigned to a column');
UPDATE stored SET r = v;
SELECT is((SELECT count(*) FROM stored WHERE r = '{1,2}'), 4::bigint, 'and it to a real[] column');

SELECT * FROM finish();
ROLLBACK;
