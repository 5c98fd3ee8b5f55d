-- What the catalogs say of the distances of bit strings.
\ir ../lib/setup.sql
SELECT plan(8);

SELECT function_returns(name, ARRAY['bit', 'bit'], 'double precision')
  FROM unnest(ARRAY['hamming_distance', 'jaccard_distance']) AS name;
SELECT is(format('%s %s %s', p.provolatile, p.proparallel, p.proisstrict), 'i s t',
          p.proname || ' is immutable, parallel safe and strict')
  FROM pg_proc p WHERE p.proname IN ('hamming_distance', 'jaccard_distance') ORDER BY p.proname;
SELECT has_operator('bit', operator, 'bit', 'double precision')
  FROM unnest(ARRAY['<~>', '<%>']) AS operator;
SELECT is(oprcom, oid::oid, 'operator ' || oprname || ' commutes with itself')
  FROM pg_operator WHERE oprname IN ('<~>', '<%>') ORDER BY oprname;

SELECT * FROM finish();
ROLLBACK;
