-- Functions of sparsevec: distances, norms, parts, arithmetic.
CREATE FUNCTION l2_distance(sparsevec, sparsevec) RETURNS float8
    AS 'MODULE_PATHNAME', 'sparsevec_l2_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.sparsevec_distance_support;
COMMENT ON FUNCTION l2_distance(sparsevec, sparsevec) IS 'Euclidean distance';

CREATE FUNCTION inner_product(sparsevec, sparsevec) RETURNS float8
    AS 'MODULE_PATHNAME', 'sparsevec_inner_product' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.sparsevec_distance_support;
COMMENT ON FUNCTION inner_product(sparsevec, sparsevec) IS 'inner product';

CREATE FUNCTION cosine_distance(sparsevec, sparsevec) RETURNS float8
    AS 'MODULE_PATHNAME', 'sparsevec_cosine_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.sparsevec_distance_support;
COMMENT ON FUNCTION cosine_distance(sparsevec, sparsevec) IS 'cosine distance';

CREATE FUNCTION l1_distance(sparsevec, sparsevec) RETURNS float8
    AS 'MODULE_PATHNAME', 'sparsevec_l1_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.sparsevec_distance_support;
COMMENT ON FUNCTION l1_distance(sparsevec, sparsevec) IS 'taxicab distance';

CREATE FUNCTION sparsevec_l2_squared_distance(sparsevec, sparsevec) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.sparsevec_distance_support;
COMMENT ON FUNCTION sparsevec_l2_squared_distance(sparsevec, sparsevec) IS 'squared Euclidean distance';

CREATE FUNCTION sparsevec_negative_inner_product(sparsevec, sparsevec) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.sparsevec_distance_support;
COMMENT ON FUNCTION sparsevec_negative_inner_product(sparsevec, sparsevec) IS 'negative inner product';

CREATE FUNCTION l2_norm(sparsevec) RETURNS float8
    AS 'MODULE_PATHNAME', 'sparsevec_l2_norm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION l2_norm(sparsevec) IS 'Euclidean norm';

CREATE FUNCTION l2_normalize(sparsevec) RETURNS sparsevec
    AS 'MODULE_PATHNAME', 'sparsevec_l2_normalize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION l2_normalize(sparsevec) IS 'scale to Euclidean norm 1; a zero vector stays zero';

CREATE FUNCTION vector_dims(sparsevec) RETURNS integer
    AS 'MODULE_PATHNAME', 'sparsevec_vector_dims' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_dims(sparsevec) IS 'number of dimensions';

CREATE FUNCTION nonzero_count(sparsevec) RETURNS integer
    AS 'MODULE_PATHNAME', 'sparsevec_nonzero_count' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nonzero_count(sparsevec) IS 'number of dimensions that are not zero';

CREATE FUNCTION subvector(sparsevec, integer, integer) RETURNS sparsevec
    AS 'MODULE_PATHNAME', 'sparsevec_subvector' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subvector(sparsevec, integer, integer) IS
    'dimensions from a start (counted from 1), as many as given';

CREATE FUNCTION binary_quantize(sparsevec) RETURNS bit
    AS 'MODULE_PATHNAME', 'sparsevec_binary_quantize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION binary_quantize(sparsevec) IS 'one bit a dimension: 1 where it is positive';

CREATE FUNCTION sparsevec_add(sparsevec, sparsevec) RETURNS sparsevec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_add(sparsevec, sparsevec) IS 'sum';

CREATE FUNCTION sparsevec_sub(sparsevec, sparsevec) RETURNS sparsevec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_sub(sparsevec, sparsevec) IS 'difference';

CREATE FUNCTION sparsevec_mul(sparsevec, sparsevec) RETURNS sparsevec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_mul(sparsevec, sparsevec) IS 'product by element';

CREATE FUNCTION sparsevec_concat(sparsevec, sparsevec) RETURNS sparsevec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_concat(sparsevec, sparsevec) IS 'concatenation';

CREATE FUNCTION sparsevec_scale(sparsevec, float8) RETURNS sparsevec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_scale(sparsevec, float8) IS 'product with a number';

CREATE FUNCTION sparsevec_scale(float8, sparsevec) RETURNS sparsevec
    AS 'MODULE_PATHNAME', 'sparsevec_scale_reversed' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_scale(float8, sparsevec) IS 'product with a number';

CREATE OPERATOR <-> (
    LEFTARG = sparsevec, RIGHTARG = sparsevec, FUNCTION = l2_distance,
    COMMUTATOR = <->
);
COMMENT ON OPERATOR <-> (sparsevec, sparsevec) IS 'Euclidean distance';

CREATE OPERATOR <#> (
    LEFTARG = sparsevec, RIGHTARG = sparsevec, FUNCTION = sparsevec_negative_inner_product,
    COMMUTATOR = <#>
);
COMMENT ON OPERATOR <#> (sparsevec, sparsevec) IS 'negative inner product';

CREATE OPERATOR <=> (
    LEFTARG = sparsevec, RIGHTARG = sparsevec, FUNCTION = cosine_distance,
    COMMUTATOR = <=>
);
COMMENT ON OPERATOR <=> (sparsevec, sparsevec) IS 'cosine distance';

CREATE OPERATOR <+> (
    LEFTARG = sparsevec, RIGHTARG = sparsevec, FUNCTION = l1_distance,
    COMMUTATOR = <+>
);
COMMENT ON OPERATOR <+> (sparsevec, sparsevec) IS 'taxicab distance';

CREATE OPERATOR + (
    LEFTARG = sparsevec, RIGHTARG = sparsevec, FUNCTION = sparsevec_add,
    COMMUTATOR = +
);
COMMENT ON OPERATOR + (sparsevec, sparsevec) IS 'sum';

CREATE OPERATOR - (
    LEFTARG = sparsevec, RIGHTARG = sparsevec, FUNCTION = sparsevec_sub
);
COMMENT ON OPERATOR - (sparsevec, sparsevec) IS 'difference';

CREATE OPERATOR * (
    LEFTARG = sparsevec, RIGHTARG = sparsevec, FUNCTION = sparsevec_mul,
    COMMUTATOR = *
);
COMMENT ON OPERATOR * (sparsevec, sparsevec) IS 'product by element';

CREATE OPERATOR * (
    LEFTARG = sparsevec, RIGHTARG = float8, FUNCTION = sparsevec_scale,
    COMMUTATOR = *
);
COMMENT ON OPERATOR * (sparsevec, float8) IS 'product with a number';

CREATE OPERATOR * (
    LEFTARG = float8, RIGHTARG = sparsevec, FUNCTION = sparsevec_scale,
    COMMUTATOR = *
);
COMMENT ON OPERATOR * (float8, sparsevec) IS 'product with a number';

CREATE OPERATOR || (
    LEFTARG = sparsevec, RIGHTARG = sparsevec, FUNCTION = sparsevec_concat
);
COMMENT ON OPERATOR || (sparsevec, sparsevec) IS 'concatenation';
