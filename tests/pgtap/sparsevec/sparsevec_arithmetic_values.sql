-- Sums, products, concatenation, parts and bits of sparsevec.
\ir ../lib/setup.sql
SELECT plan(38);

SELECT is(('{1:1,3:3}/4'::sparsevec + '{2:2,3:4}/4')::text, '{1:1,2:2,3:7}/4', 'sum');
SELECT is(('{1:1,3:3}/4'::sparsevec + '{1:-1,4:4}/4')::text, '{3:3,4:4}/4', 'what cancels is not stored');
SELECT is(('{1:1}/4'::sparsevec + '{}/4')::text, '{1:1}/4', 'zeros add nothing');
SELECT is(('{1:1,3:3}/4'::sparsevec - '{2:2,3:4}/4')::text, '{1:1,2:-2,3:-1}/4', 'difference');
SELECT is(('{1:1,3:3}/4'::sparsevec - '{1:1,3:3}/4')::text, '{}/4', 'of itself is zero');
SELECT is(('{1:2,3:3,4:5}/4'::sparsevec * '{2:2,3:4,4:-1}/4')::text, '{3:12,4:-5}/4', 'product by element');
SELECT is(('{1:2}/4'::sparsevec * '{2:2}/4')::text, '{}/4', 'of disjoint vectors is zero');
SELECT is(('{1:2,4:3}/4'::sparsevec * 1.5)::text, '{1:3,4:4.5}/4', 'product with a number');
SELECT is((2 * '{1:2,4:3}/4'::sparsevec)::text, '{1:4,4:6}/4', 'and from the left');
SELECT is(('{1:2,4:3}/4'::sparsevec * 0)::text, '{}/4', 'with zero is zero');
SELECT is(('{1:1,3:3}/4'::sparsevec || '{1:5}/2')::text, '{1:1,3:3,5:5}/6', 'concatenation moves the second behind the first');
SELECT is(('{}/4'::sparsevec || '{}/2')::text, '{}/6', 'of zeros');
SELECT is(('{1:1}/500000000'::sparsevec || '{500000000:2}/500000000')::text, '{1:1,1000000000:2}/1000000000',
          'up to a thousand million dimensions');

SELECT is(subvector('{1:1,3:3,5:5}/6'::sparsevec, 2, 3)::text, '{2:3}/3', 'a part counts its indices from 1');
SELECT is(subvector('{1:1,3:3,5:5}/6'::sparsevec, 1, 6)::text, '{1:1,3:3,5:5}/6', 'all of it');
SELECT is(subvector('{1:1,3:3,5:5}/6'::sparsevec, 5, 100)::text, '{1:5}/2', 'a count past the end is cut');
SELECT is(subvector('{1:1,3:3,5:5}/6'::sparsevec, -1, 4)::text, '{1:1}/2', 'a start before the first takes count from there');
SELECT is(subvector('{1:1,3:3,5:5}/6'::sparsevec, 3, 2147483647)::text, '{1:3,3:5}/4', 'the greatest count');
SELECT is(subvector('{1:1,3:3,5:5}/6'::sparsevec, -2147483640, 2147483647)::text, '{1:1,3:3,5:5}/6', 'from the least starts');
SELECT is(subvector('{}/6'::sparsevec, 2, 2)::text, '{}/2', 'of zeros');

SELECT is(binary_quantize('{1:1,3:-3,9:0.5}/10'::sparsevec), B'1000000010', 'one bit a dimension, 1 where positive');
SELECT is(binary_quantize('{}/3'::sparsevec), B'000', 'zeros are 0');
SELECT is(binary_quantize(v), binary_quantize(v::vector), 'as for the vector written out')
  FROM (VALUES ('{2:1,3:-1,17:5,64:1,65:2}/77'::sparsevec)) t(v);
SELECT is(length(binary_quantize('{83886080:1}/83886080'::sparsevec)), 83886080, 'up to the longest bit string');

-- Any two vectors: the same as arithmetic on the vectors written out.
CREATE TEMP TABLE pairs AS
    SELECT n, a, b FROM (
        SELECT n, ('{' || string_agg(d || ':' || hashint4extended(n * 31 + d, 1) % 9, ',') || '}/60')::sparsevec AS a,
               ('{' || string_agg(d || ':' || hashint4extended(n * 31 + d, 2) % 5, ',') || '}/60')::sparsevec AS b
          FROM generate_series(1, 200) n, generate_series(1, 60) d WHERE hashint4extended(n * 77 + d, 3) % 60 < n % 60 GROUP BY n
    ) made;
SELECT cmp_ok(count(*), '>', 150::bigint, 'many pairs are tried') FROM pairs;
SELECT is_empty('SELECT n FROM pairs WHERE (a + b)::vector <> a::vector + b::vector', 'sums agree with vector');
SELECT is_empty('SELECT n FROM pairs WHERE (a - b)::vector <> a::vector - b::vector', 'differences agree with vector');
SELECT is_empty('SELECT n FROM pairs WHERE (a * b)::vector <> a::vector * b::vector', 'products agree with vector');
SELECT is_empty('SELECT n FROM pairs WHERE (a || b)::vector <> a::vector || b::vector', 'concatenations agree with vector');
SELECT is_empty('SELECT n FROM pairs WHERE subvector(a, n % 70 - 5, 20)::vector <> subvector(a::vector, n % 70 - 5, 20)
                   AND n % 70 - 5 BETWEEN -15 AND 60', 'parts agree with vector');
SELECT is_empty('SELECT n FROM pairs WHERE sparsevec_send(a + b) <> sparsevec_send((a + b)::text::sparsevec)
                    OR sparsevec_send(a * b) <> sparsevec_send((a * b)::text::sparsevec)
                    OR sparsevec_send(a || b) <> sparsevec_send((a || b)::text::sparsevec)',
                'results are stored as input would store them');

-- Errors.
SELECT throws_ok($$SELECT '{}/2'::sparsevec + '{}/3'$$, '22000', 'different sparsevec dimensions 2 and 3', 'dimensions must agree');
SELECT throws_ok($$SELECT '{1:3e38}/1'::sparsevec + '{1:3e38}/1'$$, '22003', 'value out of range: overflow', 'a sum may overflow');
SELECT throws_ok($$SELECT '{1:1e-30}/1'::sparsevec * '{1:1e-30}/1'$$, '22003', 'value out of range: underflow', 'a product may underflow');
SELECT throws_ok($$SELECT '{}/600000000'::sparsevec || '{}/600000000'$$, '54000',
                 'sparsevec cannot have more than 1000000000 dimensions', 'a concatenation may be too long');
SELECT throws_ok($$WITH half AS (SELECT ('{' || string_agg(i || ':1', ',') || '}/40000')::sparsevec AS v FROM generate_series(1, 16000) i)
                   SELECT v + subvector('{}/1'::sparsevec || v, 1, 40000) FROM half$$, '54000',
                 'sparsevec cannot have more than 16000 non-zero elements', 'a sum may have too many elements');
SELECT throws_ok($$SELECT subvector('{}/3'::sparsevec, 4, 1)$$, '22000', 'sparsevec must have at least 1 dimension', 'a part past the end');
SELECT throws_ok($$SELECT binary_quantize('{}/83886081'::sparsevec)$$, '54000',
                 'bit string cannot have more than 83886080 dimensions', 'a bit string may be too long');

SELECT * FROM finish();
ROLLBACK;
