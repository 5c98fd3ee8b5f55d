-- NULL in, NULL out, for halfvec; aggregates pass over NULL.
\ir ../lib/setup.sql
SELECT plan(40);

SELECT is_empty(format('SELECT 1 WHERE (%s) IS NOT NULL', expression), expression || ' is NULL')
FROM (VALUES
    (1, 'l2_distance(NULL::halfvec, ''[1]''::halfvec)'),
    (2, 'inner_product(NULL::halfvec, ''[1]''::halfvec)'),
    (3, 'cosine_distance(NULL::halfvec, ''[1]''::halfvec)'),
    (4, 'l1_distance(NULL::halfvec, ''[1]''::halfvec)'),
    (5, 'NULL::halfvec <-> ''[1]''::halfvec'),
    (6, 'NULL::halfvec <#> ''[1]''::halfvec'),
    (7, 'NULL::halfvec <=> ''[1]''::halfvec'),
    (8, 'NULL::halfvec <+> ''[1]''::halfvec'),
    (9, 'NULL::halfvec + ''[1]''::halfvec'),
    (10, 'NULL::halfvec - ''[1]''::halfvec'),
    (11, 'NULL::halfvec * ''[1]''::halfvec'),
    (12, 'NULL::halfvec || ''[1]''::halfvec'),
    (13, 'NULL::halfvec < ''[1]''::halfvec'),
    (14, 'NULL::halfvec = ''[1]''::halfvec'),
    (15, 'NULL::halfvec <> ''[1]''::halfvec'),
    (16, 'halfvec_cmp(NULL, ''[1]''::halfvec)'),
    (17, '''[1]''::halfvec <-> NULL'),
    (18, '''[1]''::halfvec + NULL::halfvec'),
    (19, '''[1]''::halfvec * NULL::float8'),
    (20, 'NULL::halfvec * 2.0'),
    (21, 'vector_dims(NULL::halfvec)'),
    (22, 'l2_norm(NULL::halfvec)'),
    (23, 'l2_normalize(NULL::halfvec)'),
    (24, 'binary_quantize(NULL::halfvec)'),
    (25, 'subvector(NULL::halfvec, 1, 1)'),
    (26, 'subvector(''[1]''::halfvec, NULL, 1)'),
    (27, 'halfvec_hash(NULL)'),
    (28, 'NULL::halfvec::real[]'),
    (29, 'NULL::int[]::halfvec'),
    (30, 'NULL::halfvec(2)'),
    (31, 'NULL::halfvec::vector'),
    (32, 'NULL::vector::halfvec')
) AS cases (n, expression) ORDER BY n;

SELECT is((SELECT avg(v) FROM unnest(ARRAY[]::halfvec[]) AS v), NULL::halfvec, 'avg over no row is NULL');
SELECT is((SELECT sum(v) FROM unnest(ARRAY[]::halfvec[]) AS v), NULL::halfvec, 'sum over no row is NULL');
SELECT is((SELECT avg(v) FROM unnest(ARRAY[NULL, NULL]::halfvec[]) AS v), NULL::halfvec, 'avg over NULLs is NULL');
SELECT is((SELECT sum(v) FROM unnest(ARRAY[NULL, NULL]::halfvec[]) AS v), NULL::halfvec, 'sum over NULLs is NULL');
SELECT is((SELECT avg(v) FROM unnest(ARRAY[NULL, '[1,2]', NULL, '[3,4]']::halfvec[]) AS v), '[2,3]'::halfvec, 'avg passes over NULL');
SELECT is((SELECT sum(v) FROM unnest(ARRAY[NULL, '[1,2]', NULL, '[3,4]']::halfvec[]) AS v), '[4,6]'::halfvec, 'sum passes over NULL');
CREATE TABLE nullable (id int, v halfvec(2));
INSERT INTO nullable VALUES (1, NULL), (2, '[5,5]'), (3, '[1,1]');
SELECT is((SELECT array_agg(id ORDER BY v <-> '[0,0]') FROM nullable), ARRAY[3, 2, 1], 'a NULL vector is the farthest');
SELECT is((SELECT count(*) FROM nullable AS a JOIN nullable AS b USING (v)), 2::bigint, 'NULL vectors do not join');

SELECT * FROM finish();
ROLLBACK;
