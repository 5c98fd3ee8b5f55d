-- What the access method offers by name: classes, defaults, capabilities.
\ir ../lib/setup.sql
SELECT plan(8);

SELECT is((SELECT string_agg(opcname, ' ' ORDER BY opcname COLLATE "C") FROM pg_opclass WHERE opcmethod = (SELECT oid FROM pg_am WHERE amname = 'hnsw') AND NOT opcdefault),
    'bit_hamming_ops bit_jaccard_ops halfvec_cosine_ops halfvec_ip_ops halfvec_l1_ops halfvec_l2_ops '
    'sparsevec_cosine_ops sparsevec_ip_ops sparsevec_l1_ops sparsevec_l2_ops tinyvec_cosine_ops tinyvec_ip_ops tinyvec_l1_ops tinyvec_l2_ops '
    'vector_cosine_ops vector_ip_ops vector_l1_ops vector_l2_ops', 'every metric of every type has a class of pgvector''s name');
SELECT is((SELECT string_agg(opcintype::regtype::text, ' ' ORDER BY opcname COLLATE "C") FROM pg_opclass WHERE opcmethod = (SELECT oid FROM pg_am WHERE amname = 'hnsw') AND opcdefault),
    'anyarray boolean character date anyenum real double precision smallint integer bigint numeric oid text time without time zone timestamp without time zone timestamp with time zone uuid',
    'no class is the default but those of columns that rows are filtered by');
SELECT is((SELECT array_agg(property ORDER BY property) FROM unnest(ARRAY['can_order', 'can_unique', 'can_multi_col', 'can_include']) property
    WHERE pg_indexam_has_property((SELECT oid FROM pg_am WHERE amname = 'hnsw'), property)), ARRAY['can_multi_col'], 'the index orders by distance, has columns to filter by, and does nothing else');
CREATE TABLE items (v vector(3));
CREATE INDEX by_distance ON items USING hnsw (v vector_l2_ops);
SELECT is(current_setting('hnsw.ef_search'), '40', 'hnsw.ef_search is 40');
SELECT is(current_setting('hnsw.iterative_scan'), 'off', 'hnsw.iterative_scan is off');
SELECT is(current_setting('hnsw.max_scan_tuples'), '20000', 'hnsw.max_scan_tuples is 20000');
SELECT is(current_setting('hnsw.scan_mem_multiplier'), '1', 'hnsw.scan_mem_multiplier is 1');
SELECT is((SELECT array_agg(property ORDER BY property) FROM unnest(ARRAY['clusterable', 'index_scan', 'bitmap_scan', 'backward_scan']) property
    WHERE pg_index_has_property('by_distance', property)), ARRAY['index_scan'], 'it is scanned forward, row by row');
SELECT * FROM finish();
ROLLBACK;
