-- The access method hnsw and its operator classes, with pgvector's names.
CREATE FUNCTION hnswhandler(internal) RETURNS index_am_handler
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hnswhandler(internal) IS 'the callbacks of the access method hnsw';

CREATE ACCESS METHOD hnsw TYPE INDEX HANDLER hnswhandler;
COMMENT ON ACCESS METHOD hnsw IS 'hnsw index access method';

CREATE OPERATOR CLASS vector_l2_ops
    FOR TYPE vector USING hnsw AS
    OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_l2_squared_distance(vector, vector);
COMMENT ON OPERATOR CLASS vector_l2_ops USING hnsw IS 'nearest by Euclidean distance';

CREATE OPERATOR CLASS vector_ip_ops
    FOR TYPE vector USING hnsw AS
    OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_negative_inner_product(vector, vector);
COMMENT ON OPERATOR CLASS vector_ip_ops USING hnsw IS 'nearest by inner product';

CREATE OPERATOR CLASS vector_cosine_ops
    FOR TYPE vector USING hnsw AS
    OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_negative_inner_product(vector, vector),
    FUNCTION 2 vector_norm(vector);
COMMENT ON OPERATOR CLASS vector_cosine_ops USING hnsw IS 'nearest by cosine distance';

CREATE OPERATOR CLASS vector_l1_ops
    FOR TYPE vector USING hnsw AS
    OPERATOR 1 <+> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(vector, vector);
COMMENT ON OPERATOR CLASS vector_l1_ops USING hnsw IS 'nearest by taxicab distance';

CREATE OPERATOR CLASS halfvec_l2_ops
    FOR TYPE halfvec USING hnsw AS
    OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_l2_squared_distance(halfvec, halfvec);
COMMENT ON OPERATOR CLASS halfvec_l2_ops USING hnsw IS 'nearest by Euclidean distance';

CREATE OPERATOR CLASS halfvec_ip_ops
    FOR TYPE halfvec USING hnsw AS
    OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_negative_inner_product(halfvec, halfvec);
COMMENT ON OPERATOR CLASS halfvec_ip_ops USING hnsw IS 'nearest by inner product';

CREATE OPERATOR CLASS halfvec_cosine_ops
    FOR TYPE halfvec USING hnsw AS
    OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_negative_inner_product(halfvec, halfvec),
    FUNCTION 2 l2_norm(halfvec);
COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING hnsw IS 'nearest by cosine distance';

CREATE OPERATOR CLASS halfvec_l1_ops
    FOR TYPE halfvec USING hnsw AS
    OPERATOR 1 <+> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(halfvec, halfvec);
COMMENT ON OPERATOR CLASS halfvec_l1_ops USING hnsw IS 'nearest by taxicab distance';

CREATE OPERATOR CLASS tinyvec_l2_ops
    FOR TYPE tinyvec USING hnsw AS
    OPERATOR 1 <-> (tinyvec, tinyvec) FOR ORDER BY float_ops,
    FUNCTION 1 tinyvec_l2_squared_distance(tinyvec, tinyvec);
COMMENT ON OPERATOR CLASS tinyvec_l2_ops USING hnsw IS 'nearest by Euclidean distance';

CREATE OPERATOR CLASS tinyvec_ip_ops
    FOR TYPE tinyvec USING hnsw AS
    OPERATOR 1 <#> (tinyvec, tinyvec) FOR ORDER BY float_ops,
    FUNCTION 1 tinyvec_negative_inner_product(tinyvec, tinyvec);
COMMENT ON OPERATOR CLASS tinyvec_ip_ops USING hnsw IS 'nearest by inner product';

CREATE OPERATOR CLASS tinyvec_cosine_ops
    FOR TYPE tinyvec USING hnsw AS
    OPERATOR 1 <=> (tinyvec, tinyvec) FOR ORDER BY float_ops,
    FUNCTION 1 cosine_distance(tinyvec, tinyvec),
    FUNCTION 2 l2_norm(tinyvec);
COMMENT ON OPERATOR CLASS tinyvec_cosine_ops USING hnsw IS 'nearest by cosine distance';

CREATE OPERATOR CLASS tinyvec_l1_ops
    FOR TYPE tinyvec USING hnsw AS
    OPERATOR 1 <+> (tinyvec, tinyvec) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(tinyvec, tinyvec);
COMMENT ON OPERATOR CLASS tinyvec_l1_ops USING hnsw IS 'nearest by taxicab distance';

CREATE OPERATOR CLASS bit_hamming_ops
    FOR TYPE bit USING hnsw AS
    OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
    FUNCTION 1 hamming_distance(bit, bit);
COMMENT ON OPERATOR CLASS bit_hamming_ops USING hnsw IS 'nearest by Hamming distance';

CREATE OPERATOR CLASS bit_jaccard_ops
    FOR TYPE bit USING hnsw AS
    OPERATOR 1 <%> (bit, bit) FOR ORDER BY float_ops,
    FUNCTION 1 jaccard_distance(bit, bit);
COMMENT ON OPERATOR CLASS bit_jaccard_ops USING hnsw IS 'nearest by Jaccard distance';

CREATE OPERATOR CLASS sparsevec_l2_ops
    FOR TYPE sparsevec USING hnsw AS
    OPERATOR 1 <-> (sparsevec, sparsevec) FOR ORDER BY float_ops,
    FUNCTION 1 sparsevec_l2_squared_distance(sparsevec, sparsevec);
COMMENT ON OPERATOR CLASS sparsevec_l2_ops USING hnsw IS 'nearest by Euclidean distance';

CREATE OPERATOR CLASS sparsevec_ip_ops
    FOR TYPE sparsevec USING hnsw AS
    OPERATOR 1 <#> (sparsevec, sparsevec) FOR ORDER BY float_ops,
    FUNCTION 1 sparsevec_negative_inner_product(sparsevec, sparsevec);
COMMENT ON OPERATOR CLASS sparsevec_ip_ops USING hnsw IS 'nearest by inner product';

CREATE OPERATOR CLASS sparsevec_cosine_ops
    FOR TYPE sparsevec USING hnsw AS
    OPERATOR 1 <=> (sparsevec, sparsevec) FOR ORDER BY float_ops,
    FUNCTION 1 sparsevec_negative_inner_product(sparsevec, sparsevec),
    FUNCTION 2 l2_norm(sparsevec);
COMMENT ON OPERATOR CLASS sparsevec_cosine_ops USING hnsw IS 'nearest by cosine distance';

CREATE OPERATOR CLASS sparsevec_l1_ops
    FOR TYPE sparsevec USING hnsw AS
    OPERATOR 1 <+> (sparsevec, sparsevec) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(sparsevec, sparsevec);
COMMENT ON OPERATOR CLASS sparsevec_l1_ops USING hnsw IS 'nearest by taxicab distance';
