-- Order, equality and hash of halfvec.
\ir ../lib/setup.sql
SELECT plan(46);

SELECT is(halfvec_cmp(a::halfvec, b::halfvec), sign::integer, format('%s to %s is %s', a, b, sign))
FROM (VALUES
    (1, '[1,2,3]', '[1,2,3]', '0'),
    (2, '[1,2,3]', '[0,0,0]', '1'),
    (3, '[0,0,0]', '[1,2,3]', '-1'),
    (4, '[1,2]', '[1,2,3]', '-1'),
    (5, '[1,2,3]', '[1,2]', '1'),
    (6, '[1,2]', '[2,3,4]', '-1'),
    (7, '[2,3]', '[1,2,3]', '1'),
    (8, '[-1]', '[1]', '-1'),
    (9, '[-2]', '[-1]', '-1'),
    (10, '[0]', '[-0]', '0'),
    (11, '[0.5]', '[0.25]', '1'),
    (12, '[-0,1]', '[0,2]', '-1')
) AS cases (n, a, b, sign) ORDER BY n;
SELECT is(
    ARRAY[a::halfvec < b::halfvec, a::halfvec <= b::halfvec, a::halfvec = b::halfvec, a::halfvec <> b::halfvec, a::halfvec >= b::halfvec, a::halfvec > b::halfvec],
    ARRAY[sign::int < 0, sign::int <= 0, sign::int = 0, sign::int <> 0, sign::int >= 0, sign::int > 0],
    format('operators agree for %s and %s', a, b))
FROM (VALUES
    (1, '[1,2,3]', '[1,2,3]', '0'),
    (2, '[1,2,3]', '[0,0,0]', '1'),
    (3, '[0,0,0]', '[1,2,3]', '-1'),
    (4, '[1,2]', '[1,2,3]', '-1'),
    (5, '[1,2,3]', '[1,2]', '1'),
    (6, '[1,2]', '[2,3,4]', '-1'),
    (7, '[2,3]', '[1,2,3]', '1'),
    (8, '[-1]', '[1]', '-1'),
    (9, '[-2]', '[-1]', '-1'),
    (10, '[0]', '[-0]', '0'),
    (11, '[0.5]', '[0.25]', '1'),
    (12, '[-0,1]', '[0,2]', '-1')
) AS cases (n, a, b, sign) ORDER BY n;
SELECT is(halfvec_hash(a::halfvec) = halfvec_hash(b::halfvec) AND halfvec_hash_extended(a::halfvec, 7) = halfvec_hash_extended(b::halfvec, 7),
    sign = '0', format('hashes of %s and %s are equal only if the vectors are', a, b))
FROM (VALUES
    (1, '[1,2,3]', '[1,2,3]', '0'),
    (2, '[1,2,3]', '[0,0,0]', '1'),
    (3, '[0,0,0]', '[1,2,3]', '-1'),
    (4, '[1,2]', '[1,2,3]', '-1'),
    (5, '[1,2,3]', '[1,2]', '1'),
    (6, '[1,2]', '[2,3,4]', '-1'),
    (7, '[2,3]', '[1,2,3]', '1'),
    (8, '[-1]', '[1]', '-1'),
    (9, '[-2]', '[-1]', '-1'),
    (10, '[0]', '[-0]', '0'),
    (11, '[0.5]', '[0.25]', '1'),
    (12, '[-0,1]', '[0,2]', '-1')
) AS cases (n, a, b, sign) ORDER BY n;

-- A difference at each place of a vector longer than a block.
SELECT is_empty($$
    SELECT place FROM generate_series(1, 67) AS place,
        LATERAL (SELECT array_agg(1 ORDER BY i)::halfvec AS low, array_agg(1 + (i = place)::int ORDER BY i)::halfvec AS high
                 FROM generate_series(1, 67) AS i) AS vectors
    WHERE NOT (low < high AND high > low AND low <> high AND halfvec_cmp(low, high) = -1 AND halfvec_cmp(high, low) = 1
               AND halfvec_hash(low) <> halfvec_hash(high))
$$, 'one element that differs decides, wherever it is');
SELECT is(array_agg(v::text ORDER BY v), '{"[-2]","[-1,5]","[0]","[0,0]","[1]","[1,-9]","[1,0]",NULL}', 'ORDER BY sorts by elements, then dimensions, NULL last')
FROM unnest(ARRAY['[1,0]', NULL, '[0]', '[-1,5]', '[1]', '[-2]', '[0,0]', '[1,-9]']::halfvec[]) AS v;
SELECT is(count(DISTINCT v), 2::bigint, 'DISTINCT takes both zeros as one') FROM unnest(ARRAY['[0,1]', '[-0,1]', '[0,1,0]']::halfvec[]) AS v;
SELECT is(halfvec_hash_extended('[1,2]', 0) = halfvec_hash_extended('[1,2]', 1), false, 'the seed changes the extended hash');
SELECT is(halfvec_hash_extended('[1,2]', 0) & 4294967295, halfvec_hash('[1,2]')::bigint & 4294967295, 'with seed 0 its low half is the plain hash');

CREATE TABLE item (id int, v halfvec(3));
INSERT INTO item SELECT i, ARRAY[i % 10, i % 7, i % 3]::halfvec FROM generate_series(1, 1000) AS i;
CREATE INDEX item_btree ON item (v);
CREATE INDEX item_hash ON item USING hash (v);
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT is((SELECT count(*) FROM item WHERE v = '[4,2,1]'), (SELECT count(*) FROM generate_series(1, 1000) AS i WHERE i % 10 = 4 AND i % 7 = 2 AND i % 3 = 1), 'an index finds what is equal');
DROP INDEX item_btree;
SELECT is((SELECT count(*) FROM item WHERE v = '[4,2,1]'), (SELECT count(*) FROM generate_series(1, 1000) AS i WHERE i % 10 = 4 AND i % 7 = 2 AND i % 3 = 1), 'a hash index alone does too');
DROP INDEX item_hash;
CREATE INDEX item_btree ON item (v);
SELECT is((SELECT count(*) FROM item WHERE v < '[5]' AND v >= '[2,6]'),
    (SELECT count(*) FROM generate_series(1, 1000) AS i WHERE i % 10 BETWEEN 3 AND 4 OR i % 10 = 2 AND i % 7 >= 6), 'a btree index finds a range');
SELECT is((SELECT count(*) FROM (SELECT v FROM item GROUP BY v) AS g), 210::bigint, 'GROUP BY finds every combination once');
SELECT throws_ok($$CREATE UNIQUE INDEX ON item (v)$$, '23505', NULL, 'a unique index refuses equal vectors');

SELECT * FROM finish();
ROLLBACK;
