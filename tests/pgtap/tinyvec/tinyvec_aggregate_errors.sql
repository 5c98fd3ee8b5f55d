-- States and inputs that aggregates of tinyvec refuse.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(25);

SELECT is(pg_temp.error_of('SELECT ' || expression), error, expression)
FROM (VALUES
    (1, 'tinyvec_accum(''{{0}}'', ''[1,2,3]'')', 'XX000 | tinyvec_accum: expected state array'),
    (2, 'tinyvec_accum(''{NULL}'', ''[1,2,3]'')', 'XX000 | tinyvec_accum: expected state array'),
    (3, 'tinyvec_accum(''{}'', ''[1,2,3]'')', 'XX000 | tinyvec_accum: expected state array'),
    (4, 'tinyvec_avg(''{{2,2,4,6}}'')', 'XX000 | tinyvec_avg: expected state array'),
    (5, 'tinyvec_avg(''{NULL,2}'')', 'XX000 | tinyvec_avg: expected state array'),
    (6, 'tinyvec_avg(''{}'')', 'XX000 | tinyvec_avg: expected state array'),
    (7, 'tinyvec_accum(''{0,0}'', ''[1,2,3]'')', '22000 | expected 1 dimensions, not 3'),
    (8, 'tinyvec_avg(''{1}'')', '22000 | vector must have at least 1 dimension'),
    (9, 'tinyvec_avg((SELECT array_agg(n::float8) FROM generate_series(1, 16002) AS n))', '54000 | vector cannot have more than 16000 dimensions'),
    (10, 'tinyvec_combine(''{{1,2}}'', ''{3,4}'')', 'XX000 | vector_combine: expected state array'),
    (11, 'tinyvec_combine(''{1,2}'', ''{{3,4}}'')', 'XX000 | vector_combine: expected state array'),
    (12, 'tinyvec_combine(''{NULL,2}'', ''{3,4}'')', 'XX000 | vector_combine: expected state array'),
    (13, 'tinyvec_combine(''{1,2}'', ''{3,NULL}'')', 'XX000 | vector_combine: expected state array'),
    (14, 'tinyvec_combine(''{}'', ''{0}'')', 'XX000 | vector_combine: expected state array'),
    (15, 'tinyvec_combine(''{0}'', ''{}'')', 'XX000 | vector_combine: expected state array'),
    (16, 'tinyvec_combine(''{1,2}'', ''{3,4,5}'')', '22000 | expected 1 dimensions, not 2'),
    (17, 'tinyvec_combine(''{0}'', (SELECT array_agg(n::float8) FROM generate_series(1, 16002) AS n))', '54000 | vector cannot have more than 16000 dimensions'),
    (18, 'tinyvec_combine((SELECT array_agg(n::float8) FROM generate_series(1, 16002) AS n), ''{0}'')', '54000 | vector cannot have more than 16000 dimensions'),
    (19, 'tinyvec_combine(''{1,1e308}'', ''{1,1e308}'')', '22003 | value out of range: overflow'),
    (20, 'tinyvec_accum(''{1,1.7976931348623157e308}'', ''[1]'')', 'no error'),
    (21, 'avg(v) FROM unnest(ARRAY[''[1,2]'', ''[3]'']::tinyvec[]) AS v', '22000 | expected 2 dimensions, not 1'),
    (22, 'sum(v) FROM unnest(ARRAY[''[1,2]'', ''[3]'']::tinyvec[]) AS v', '22000 | expected 2 dimensions, not 1'),
    (23, 'sum(v) FROM unnest(ARRAY[''[1,2]'', ''[3,4]'', ''[3]'']::tinyvec[]) AS v', '22000 | expected 2 dimensions, not 1'),
    (24, 'tinyvec_sum(''{}'')', 'XX000 | tinyvec_sum: expected state array'),
    (25, 'tinyvec_sum(''{1,1e300}'')', '22000 | infinite value not allowed in vector')
) AS cases (n, expression, error) ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
