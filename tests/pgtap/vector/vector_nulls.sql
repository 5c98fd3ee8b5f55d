-- NULL in, NULL out, for vector; aggregates pass over NULL.
\ir ../lib/setup.sql
SELECT plan(40);

SELECT is_empty(format('SELECT 1 WHERE (%s) IS NOT NULL', expression), expression || ' is NULL')
FROM (VALUES
    (1, 'l2_distance(NULL::vector, ''[1]''::vector)'),
    (2, 'inner_product(NULL::vector, ''[1]''::vector)'),
    (3, 'cosine_distance(NULL::vector, ''[1]''::vector)'),
    (4, 'l1_distance(NULL::vector, ''[1]''::vector)'),
    (5, 'NULL::vector <-> ''[1]''::vector'),
    (6, 'NULL::vector <#> ''[1]''::vector'),
    (7, 'NULL::vector <=> ''[1]''::vector'),
    (8, 'NULL::vector <+> ''[1]''::vector'),
    (9, 'NULL::vector + ''[1]''::vector'),
    (10, 'NULL::vector - ''[1]''::vector'),
    (11, 'NULL::vector * ''[1]''::vector'),
    (12, 'NULL::vector || ''[1]''::vector'),
    (13, 'NULL::vector < ''[1]''::vector'),
    (14, 'NULL::vector = ''[1]''::vector'),
    (15, 'NULL::vector <> ''[1]''::vector'),
    (16, 'vector_cmp(NULL, ''[1]''::vector)'),
    (17, '''[1]''::vector <-> NULL'),
    (18, '''[1]''::vector + NULL::vector'),
    (19, '''[1]''::vector * NULL::float8'),
    (20, 'NULL::vector * 2.0'),
    (21, 'vector_dims(NULL::vector)'),
    (22, 'l2_norm(NULL::vector)'),
    (23, 'l2_normalize(NULL::vector)'),
    (24, 'binary_quantize(NULL::vector)'),
    (25, 'subvector(NULL::vector, 1, 1)'),
    (26, 'subvector(''[1]''::vector, NULL, 1)'),
    (27, 'vector_hash(NULL)'),
    (28, 'NULL::vector::real[]'),
    (29, 'NULL::int[]::vector'),
    (30, 'NULL::vector(2)'),
    (31, 'binary_dequantize(NULL)'),
    (32, 'vector_norm(NULL)')
) AS cases (n, expression) ORDER BY n;

SELECT is((SELECT avg(v) FROM unnest(ARRAY[]::vector[]) AS v), NULL::vector, 'avg over no row is NULL');
SELECT is((SELECT sum(v) FROM unnest(ARRAY[]::vector[]) AS v), NULL::vector, 'sum over no row is NULL');
SELECT is((SELECT avg(v) FROM unnest(ARRAY[NULL, NULL]::vector[]) AS v), NULL::vector, 'avg over NULLs is NULL');
SELECT is((SELECT sum(v) FROM unnest(ARRAY[NULL, NULL]::vector[]) AS v), NULL::vector, 'sum over NULLs is NULL');
SELECT is((SELECT avg(v) FROM unnest(ARRAY[NULL, '[1,2]', NULL, '[3,4]']::vector[]) AS v), '[2,3]'::vector, 'avg passes over NULL');
SELECT is((SELECT sum(v) FROM unnest(ARRAY[NULL, '[1,2]', NULL, '[3,4]']::vector[]) AS v), '[4,6]'::vector, 'sum passes over NULL');
CREATE TABLE nullable (id int, v vector(2));
INSERT INTO nullable VALUES (1, NULL), (2, '[5,5]'), (3, '[1,1]');
SELECT is((SELECT array_agg(id ORDER BY v <-> '[0,0]') FROM nullable), ARRAY[3, 2, 1], 'a NULL vector is the farthest');
SELECT is((SELECT count(*) FROM nullable AS a JOIN nullable AS b USING (v)), 2::bigint, 'NULL vectors do not join');

SELECT * FROM finish();
ROLLBACK;
