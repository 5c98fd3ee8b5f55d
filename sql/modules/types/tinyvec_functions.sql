-- Size, norm, parts and arithmetic of tinyvec.
CREATE FUNCTION vector_dims(tinyvec) RETURNS integer
    AS 'MODULE_PATHNAME', 'tinyvec_vector_dims' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_dims(tinyvec) IS 'number of dimensions';

CREATE FUNCTION l2_norm(tinyvec) RETURNS float8
    AS 'MODULE_PATHNAME', 'tinyvec_l2_norm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION l2_norm(tinyvec) IS 'Euclidean norm';

CREATE FUNCTION l2_normalize(tinyvec) RETURNS vector
    AS 'MODULE_PATHNAME', 'tinyvec_l2_normalize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION l2_normalize(tinyvec) IS 'scale to Euclidean norm 1; a zero vector stays zero';

CREATE FUNCTION binary_quantize(tinyvec) RETURNS bit
    AS 'MODULE_PATHNAME', 'tinyvec_binary_quantize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION binary_quantize(tinyvec) IS
    'one bit for each element: 1 if it is greater than zero';

CREATE FUNCTION subvector(tinyvec, integer, integer) RETURNS tinyvec
    AS 'MODULE_PATHNAME', 'tinyvec_subvector' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subvector(tinyvec, integer, integer) IS
    'part of a vector: from the position given (the first is 1), as many elements as given';

CREATE FUNCTION tinyvec_add(tinyvec, tinyvec) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_add(tinyvec, tinyvec) IS 'sum by element';

CREATE FUNCTION tinyvec_sub(tinyvec, tinyvec) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_sub(tinyvec, tinyvec) IS 'difference by element';

CREATE FUNCTION tinyvec_mul(tinyvec, tinyvec) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_mul(tinyvec, tinyvec) IS 'product by element';

CREATE FUNCTION tinyvec_scale(tinyvec, float8) RETURNS vector
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_scale(tinyvec, float8) IS 'product with a number';

CREATE FUNCTION tinyvec_scale(float8, tinyvec) RETURNS vector
    AS 'MODULE_PATHNAME', 'tinyvec_scale_reversed' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_scale(float8, tinyvec) IS 'product with a number';

CREATE FUNCTION tinyvec_concat(tinyvec, tinyvec) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_concat(tinyvec, tinyvec) IS
    'the elements of one vector after those of the other';

CREATE OPERATOR + (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_add,
    COMMUTATOR = +
);
COMMENT ON OPERATOR + (tinyvec, tinyvec) IS 'sum by element';

CREATE OPERATOR - (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_sub
);
COMMENT ON OPERATOR - (tinyvec, tinyvec) IS 'difference by element';

CREATE OPERATOR * (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_mul,
    COMMUTATOR = *
);
COMMENT ON OPERATOR * (tinyvec, tinyvec) IS 'product by element';

CREATE OPERATOR * (
    LEFTARG = tinyvec, RIGHTARG = float8, FUNCTION = tinyvec_scale,
    COMMUTATOR = *
);
COMMENT ON OPERATOR * (tinyvec, float8) IS 'product with a number';

CREATE OPERATOR * (
    LEFTARG = float8, RIGHTARG = tinyvec, FUNCTION = tinyvec_scale,
    COMMUTATOR = *
);
COMMENT ON OPERATOR * (float8, tinyvec) IS 'product with a number';

CREATE OPERATOR || (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_concat
);
COMMENT ON OPERATOR || (tinyvec, tinyvec) IS 'concatenate';
