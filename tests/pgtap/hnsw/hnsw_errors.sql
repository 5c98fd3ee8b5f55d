-- What CREATE INDEX ... USING hnsw and its settings refuse: texts and SQLSTATEs are pgvector's.
\ir ../lib/setup.sql
\ir ../lib/errors.sql
SELECT plan(21);

CREATE TABLE items (v vector(3), h halfvec(3), b bit(3), s sparsevec(3), t tinyvec(3), bare vector, loose varbit(3), n int,
    v_wide vector(2001), h_wide halfvec(4001), b_wide bit(64001), t_wide tinyvec(8001), s_wide sparsevec(2000));

SELECT is(pg_temp.error_of(statement), expected, statement) FROM (VALUES
    ('CREATE INDEX ON items USING hnsw (bare vector_l2_ops)', '22023 | column does not have dimensions'),
    ('CREATE INDEX ON items USING hnsw (v_wide vector_l2_ops)', '54000 | column cannot have more than 2000 dimensions for hnsw index'),
    ('CREATE INDEX ON items USING hnsw (h_wide halfvec_l2_ops)', '54000 | column cannot have more than 4000 dimensions for hnsw index'),
    ('CREATE INDEX ON items USING hnsw (b_wide bit_hamming_ops)', '54000 | column cannot have more than 64000 dimensions for hnsw index'),
    ('CREATE INDEX ON items USING hnsw (t_wide tinyvec_l2_ops)', '54000 | column cannot have more than 8000 dimensions for hnsw index'),
    ('CREATE INDEX ON items USING hnsw (loose bit_hamming_ops)', '0A000 | type not supported for hnsw index'),
    ('CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (m = 1)', '22023 | value 1 out of bounds for option "m" | Valid values are between "2" and "100".'),
    ('CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (m = 101)', '22023 | value 101 out of bounds for option "m" | Valid values are between "2" and "100".'),
    ('CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (ef_construction = 3)',
        '22023 | value 3 out of bounds for option "ef_construction" | Valid values are between "4" and "1000".'),
    ('CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (ef_construction = 1001)',
        '22023 | value 1001 out of bounds for option "ef_construction" | Valid values are between "4" and "1000".'),
    ('CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (m = 16, ef_construction = 31)', '22023 | ef_construction must be greater than or equal to 2 * m'),
    ('CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (lists = 1)', '22023 | unrecognized parameter "lists"'),
    ('SET hnsw.ef_search = 0', '22023 | 0 is outside the valid range for parameter "hnsw.ef_search" (1 .. 1000)'),
    ('SET hnsw.ef_search = 1001', '22023 | 1001 is outside the valid range for parameter "hnsw.ef_search" (1 .. 1000)'),
    ('SET hnsw.iterative_scan = on', '22023 | invalid value for parameter "hnsw.iterative_scan": "on"'),
    ('SET hnsw.max_scan_tuples = 0', '22023 | 0 is outside the valid range for parameter "hnsw.max_scan_tuples" (1 .. 2147483647)'),
    ('SET hnsw.scan_mem_multiplier = 0', '22023 | 0 is outside the valid range for parameter "hnsw.scan_mem_multiplier" (1 .. 1000)'),
    ('SET hnsw.scan_mem_multiplier = 1001', '22023 | 1001 is outside the valid range for parameter "hnsw.scan_mem_multiplier" (1 .. 1000)')
) t (statement, expected);

CREATE INDEX ON items USING hnsw (s_wide sparsevec_l2_ops);
SELECT is(pg_temp.error_of($$INSERT INTO items (s_wide) SELECT ('{' || string_agg(i || ':1', ',') || '}/2000')::sparsevec FROM generate_series(1, 1001) i$$),
    '54000 | sparsevec cannot have more than 1000 non-zero elements for hnsw index', 'a sparse vector of more than 1000 elements is refused');

CREATE INDEX ON items USING hnsw (v vector_l2_ops);
SET LOCAL enable_seqscan = off;
SELECT is(pg_temp.error_of($$SELECT v FROM items ORDER BY v <-> '[1,2]'$$), 'no error', 'an empty index is searched by a query of any dimensions');
INSERT INTO items (v) VALUES ('[1,2,3]');
SELECT is(pg_temp.error_of($$SELECT v FROM items ORDER BY v <-> '[1,2]'$$), '22000 | different vector dimensions 2 and 3', 'a query of other dimensions is refused');
SELECT * FROM finish();
ROLLBACK;
