-- States and inputs that aggregates of halfvec refuse.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(27);

SELECT is(pg_temp.error_of('SELECT ' || expression), error, expression)
FROM (VALUES
    (1, 'halfvec_accum(''{{0}}'', ''[1,2,3]'')', 'XX000 | halfvec_accum: expected state array'),
    (2, 'halfvec_accum(''{NULL}'', ''[1,2,3]'')', 'XX000 | halfvec_accum: expected state array'),
    (3, 'halfvec_accum(''{}'', ''[1,2,3]'')', 'XX000 | halfvec_accum: expected state array'),
    (4, 'halfvec_avg(''{{2,2,4,6}}'')', 'XX000 | halfvec_avg: expected state array'),
    (5, 'halfvec_avg(''{NULL,2}'')', 'XX000 | halfvec_avg: expected state array'),
    (6, 'halfvec_avg(''{}'')', 'XX000 | halfvec_avg: expected state array'),
    (7, 'halfvec_accum(''{0,0}'', ''[1,2,3]'')', '22000 | expected 1 dimensions, not 3'),
    (8, 'halfvec_avg(''{1}'')', '22000 | halfvec must have at least 1 dimension'),
    (9, 'halfvec_avg((SELECT array_agg(n::float8) FROM generate_series(1, 16002) AS n))', '54000 | halfvec cannot have more than 16000 dimensions'),
    (10, 'halfvec_combine(''{{1,2}}'', ''{3,4}'')', 'XX000 | vector_combine: expected state array'),
    (11, 'halfvec_combine(''{1,2}'', ''{{3,4}}'')', 'XX000 | vector_combine: expected state array'),
    (12, 'halfvec_combine(''{NULL,2}'', ''{3,4}'')', 'XX000 | vector_combine: expected state array'),
    (13, 'halfvec_combine(''{1,2}'', ''{3,NULL}'')', 'XX000 | vector_combine: expected state array'),
    (14, 'halfvec_combine(''{}'', ''{0}'')', 'XX000 | vector_combine: expected state array'),
    (15, 'halfvec_combine(''{0}'', ''{}'')', 'XX000 | vector_combine: expected state array'),
    (16, 'halfvec_combine(''{1,2}'', ''{3,4,5}'')', '22000 | expected 1 dimensions, not 2'),
    (17, 'halfvec_combine(''{0}'', (SELECT array_agg(n::float8) FROM generate_series(1, 16002) AS n))', '54000 | vector cannot have more than 16000 dimensions'),
    (18, 'halfvec_combine((SELECT array_agg(n::float8) FROM generate_series(1, 16002) AS n), ''{0}'')', '54000 | vector cannot have more than 16000 dimensions'),
    (19, 'halfvec_combine(''{1,1e308}'', ''{1,1e308}'')', '22003 | value out of range: overflow'),
    (20, 'halfvec_accum(''{1,1.7976931348623157e308}'', ''[1]'')', 'no error'),
    (21, 'avg(v) FROM unnest(ARRAY[''[1,2]'', ''[3]'']::halfvec[]) AS v', '22000 | expected 2 dimensions, not 1'),
    (22, 'sum(v) FROM unnest(ARRAY[''[1,2]'', ''[3]'']::halfvec[]) AS v', '22000 | different halfvec dimensions 2 and 1'),
    (23, 'sum(v) FROM unnest(ARRAY[''[1,2]'', ''[3,4]'', ''[3]'']::halfvec[]) AS v', '22000 | different halfvec dimensions 2 and 1'),
    (24, 'sum(v) FROM unnest(ARRAY[''[65504]'', ''[65504]'']::halfvec[]) AS v', '22003 | value out of range: overflow'),
    (25, 'sum(v) FROM unnest(ARRAY[''[30000]'', ''[30000]'', ''[30000]'']::halfvec[]) AS v', '22003 | value out of range: overflow'),
    (26, 'halfvec_avg(''{1,65520}'')', '22003 | "65520" is out of range for type halfvec'),
    (27, 'halfvec_avg(''{1,1e300}'')', '22000 | infinite value not allowed in halfvec')
) AS cases (n, expression, error) ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
