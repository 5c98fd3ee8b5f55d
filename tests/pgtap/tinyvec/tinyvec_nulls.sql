-- NULL in, NULL out, for tinyvec; aggregates pass over NULL.
\ir ../lib/setup.sql
SELECT plan(43);

SELECT is_empty(format('SELECT 1 WHERE (%s) IS NOT NULL', expression), expression || ' is NULL')
FROM (VALUES
    (1, 'l2_distance(NULL::tinyvec, ''[1]''::tinyvec)'),
    (2, 'inner_product(NULL::tinyvec, ''[1]''::tinyvec)'),
    (3, 'cosine_distance(NULL::tinyvec, ''[1]''::tinyvec)'),
    (4, 'l1_distance(NULL::tinyvec, ''[1]''::tinyvec)'),
    (5, 'NULL::tinyvec <-> ''[1]''::tinyvec'),
    (6, 'NULL::tinyvec <#> ''[1]''::tinyvec'),
    (7, 'NULL::tinyvec <=> ''[1]''::tinyvec'),
    (8, 'NULL::tinyvec <+> ''[1]''::tinyvec'),
    (9, 'NULL::tinyvec + ''[1]''::tinyvec'),
    (10, 'NULL::tinyvec - ''[1]''::tinyvec'),
    (11, 'NULL::tinyvec * ''[1]''::tinyvec'),
    (12, 'NULL::tinyvec || ''[1]''::tinyvec'),
    (13, 'NULL::tinyvec < ''[1]''::tinyvec'),
    (14, 'NULL::tinyvec = ''[1]''::tinyvec'),
    (15, 'NULL::tinyvec <> ''[1]''::tinyvec'),
    (16, 'tinyvec_cmp(NULL, ''[1]''::tinyvec)'),
    (17, '''[1]''::tinyvec <-> NULL'),
    (18, '''[1]''::tinyvec + NULL::tinyvec'),
    (19, '''[1]''::tinyvec * NULL::float8'),
    (20, 'NULL::tinyvec * 2.0'),
    (21, 'vector_dims(NULL::tinyvec)'),
    (22, 'l2_norm(NULL::tinyvec)'),
    (23, 'l2_normalize(NULL::tinyvec)'),
    (24, 'binary_quantize(NULL::tinyvec)'),
    (25, 'subvector(NULL::tinyvec, 1, 1)'),
    (26, 'subvector(''[1]''::tinyvec, NULL, 1)'),
    (27, 'tinyvec_hash(NULL)'),
    (28, 'NULL::tinyvec::real[]'),
    (29, 'NULL::int[]::tinyvec'),
    (30, 'NULL::tinyvec(2)'),
    (31, 'NULL::tinyvec::vector'),
    (32, 'NULL::vector::tinyvec'),
    (33, 'scalar_quantize(NULL::vector, 0, 1)'),
    (34, 'scalar_quantize(''[1]''::vector, NULL, 1)'),
    (35, 'scalar_dequantize(NULL::tinyvec, 0, 1)')
) AS cases (n, expression) ORDER BY n;

SELECT is((SELECT avg(v) FROM unnest(ARRAY[]::tinyvec[]) AS v), NULL::vector, 'avg over no row is NULL');
SELECT is((SELECT sum(v) FROM unnest(ARRAY[]::tinyvec[]) AS v), NULL::vector, 'sum over no row is NULL');
SELECT is((SELECT avg(v) FROM unnest(ARRAY[NULL, NULL]::tinyvec[]) AS v), NULL::vector, 'avg over NULLs is NULL');
SELECT is((SELECT sum(v) FROM unnest(ARRAY[NULL, NULL]::tinyvec[]) AS v), NULL::vector, 'sum over NULLs is NULL');
SELECT is((SELECT avg(v) FROM unnest(ARRAY[NULL, '[1,2]', NULL, '[3,4]']::tinyvec[]) AS v), '[2,3]'::vector, 'avg passes over NULL');
SELECT is((SELECT sum(v) FROM unnest(ARRAY[NULL, '[1,2]', NULL, '[3,4]']::tinyvec[]) AS v), '[4,6]'::vector, 'sum passes over NULL');
CREATE TABLE nullable (id int, v tinyvec(2));
INSERT INTO nullable VALUES (1, NULL), (2, '[5,5]'), (3, '[1,1]');
SELECT is((SELECT array_agg(id ORDER BY v <-> '[0,0]') FROM nullable), ARRAY[3, 2, 1], 'a NULL vector is the farthest');
SELECT is((SELECT count(*) FROM nullable AS a JOIN nullable AS b USING (v)), 2::bigint, 'NULL vectors do not join');

SELECT * FROM finish();
ROLLBACK;
