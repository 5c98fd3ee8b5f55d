-- Casts to and from sparsevec, allowed and refused.
\ir ../lib/setup.sql
SELECT plan(44);

SELECT is('[0,1.5,0,3.5,0]'::vector::sparsevec::text, '{2:1.5,4:3.5}/5', 'vector to sparsevec keeps what is not zero');
SELECT is('[0,1.5,0,3.5,0]'::halfvec::sparsevec::text, '{2:1.5,4:3.5}/5', 'halfvec to sparsevec');
SELECT is('[0,15,0,-35,0]'::tinyvec::sparsevec::text, '{2:15,4:-35}/5', 'tinyvec to sparsevec');
SELECT is('{2:1.5,4:3.5}/5'::sparsevec::vector::text, '[0,1.5,0,3.5,0]', 'sparsevec to vector');
SELECT is('{2:1.5,4:3.5}/5'::sparsevec::halfvec::text, '[0,1.5,0,3.5,0]', 'sparsevec to halfvec');
SELECT is('{2:15,4:-35}/5'::sparsevec::tinyvec::text, '[0,15,0,-35,0]', 'sparsevec to tinyvec');
SELECT is('{}/3'::sparsevec::vector::text, '[0,0,0]', 'zeros');
SELECT is('{1:1e-8,2:-0.5,3:2.5}/3'::sparsevec::halfvec::text, '[0,-0.5,2.5]', 'what is too small for a half is zero');
SELECT is('{1:0.4,2:-0.5,3:2.5}/3'::sparsevec::tinyvec::text, '[0,0,2]', 'integers are the nearest, ties to even');
SELECT is(ARRAY[1,0,2]::sparsevec::text, '{1:1,3:2}/3', 'integer[]');
SELECT is(ARRAY[1,0,2.5]::real[]::sparsevec::text, '{1:1,3:2.5}/3', 'real[]');
SELECT is(ARRAY[1,0,2.5]::float8[]::sparsevec::text, '{1:1,3:2.5}/3', 'double precision[]');
SELECT is(ARRAY[1,0,2.5]::numeric[]::sparsevec::text, '{1:1,3:2.5}/3', 'numeric[]');
SELECT is(ARRAY[2147483647, -2147483648]::sparsevec::text, '{1:2.1474836e+09,2:-2.1474836e+09}/2', 'integers are rounded to float');
SELECT is('{1e-46,-1e-46}'::float8[]::sparsevec::text, '{}/2', 'what rounds to zero is not stored');
SELECT is('[0:2]={1,0,2}'::int[]::sparsevec::text, '{1:1,3:2}/3', 'an array''s own lower bound does not matter');
SELECT is('[1,2]'::vector::sparsevec(2)::text, '{1:1,2:2}/2', 'the type modifier may fit');
SELECT is(nonzero_count(array_agg(n)::sparsevec), 16000, '16,000 elements fit') FROM generate_series(1, 16000) n;
SELECT is(vector_dims((array_fill(0, ARRAY[100000]) || 1)::sparsevec), 100001, 'an array may have more zeros than a vector has dimensions');
SELECT is(v::vector::sparsevec, v, 'there and back') FROM (VALUES ('{1:1.25,16000:-2}/16000'::sparsevec)) t(v);

CREATE TEMP TABLE assigned (s sparsevec(3), v vector(3), h halfvec(3), t tinyvec(3));
INSERT INTO assigned (s) VALUES ('[1,0,2]'::vector), ('[1,0,2]'::halfvec), ('[1,0,2]'::tinyvec), (ARRAY[1,0,2]);
SELECT is(count(*), 4::bigint, 'values of other types are assigned') FROM assigned WHERE s = '{1:1,3:2}/3';
UPDATE assigned SET v = s, h = s, t = s;
SELECT is(count(*), 4::bigint, 'and back') FROM assigned WHERE v = '[1,0,2]' AND h = '[1,0,2]' AND t = '[1,0,2]';
SELECT is('{1:3}/2'::sparsevec <-> '[0,4]'::vector::sparsevec, 5.0::float8, 'a distance after a cast');

SELECT throws_ok(format('SELECT %s', expression), state, message, expression || ' is refused')
  FROM (VALUES
    ($$'{1:1}/3'::sparsevec::sparsevec(2)$$, '22000', 'expected 2 dimensions, not 3'),
    ($$'[0,1,2]'::vector::sparsevec(2)$$, '22000', 'expected 2 dimensions, not 3'),
    ($$'[0,1,2]'::halfvec::sparsevec(2)$$, '22000', 'expected 2 dimensions, not 3'),
    ($$'[0,1,2]'::tinyvec::sparsevec(2)$$, '22000', 'expected 2 dimensions, not 3'),
    ($$'{}/3'::sparsevec::vector(2)$$, '22000', 'expected 2 dimensions, not 3'),
    ($$'{}/3'::sparsevec::halfvec(2)$$, '22000', 'expected 2 dimensions, not 3'),
    ($$'{}/3'::sparsevec::tinyvec(2)$$, '22000', 'expected 2 dimensions, not 3'),
    ($$'{}/16001'::sparsevec::vector$$, '54000', 'vector cannot have more than 16000 dimensions'),
    ($$'{}/16001'::sparsevec::halfvec$$, '54000', 'halfvec cannot have more than 16000 dimensions'),
    ($$'{}/16001'::sparsevec::tinyvec$$, '54000', 'tinyvec cannot have more than 16000 dimensions'),
    ($$'{1:65520}/1'::sparsevec::halfvec$$, '22003', '"65520" is out of range for type halfvec'),
    ($$'{1:127.5}/1'::sparsevec::tinyvec$$, '22003', '"127.5" is out of range for type tinyvec'),
    ($$'{NULL}'::real[]::sparsevec$$, '22004', 'array must not contain nulls'),
    ($$'{NaN}'::real[]::sparsevec$$, '22000', 'NaN not allowed in sparsevec'),
    ($$'{-Infinity}'::real[]::sparsevec$$, '22000', 'infinite value not allowed in sparsevec'),
    ($$'{4e38}'::float8[]::sparsevec$$, '22000', 'infinite value not allowed in sparsevec'),
    ($$'{1e39}'::numeric[]::sparsevec$$, '22003', '"1000000000000000000000000000000000000000" is out of range for type real'),
    ($$'{}'::real[]::sparsevec$$, '22000', 'sparsevec must have at least 1 dimension'),
    ($$'{{1}}'::real[]::sparsevec$$, '22000', 'array must be 1-D'),
    ($$array_agg(n)::sparsevec FROM generate_series(1, 16001) n$$, '54000', 'sparsevec cannot have more than 16000 non-zero elements'),
    ($$array_to_sparsevec(ARRAY[1,2], 3, false)$$, '22000', 'expected 3 dimensions, not 2')
  ) AS bad (expression, state, message);

SELECT * FROM finish();
ROLLBACK;
