-- Distances of tinyvec and their operators.
CREATE FUNCTION l2_distance(tinyvec, tinyvec) RETURNS float8
    AS 'MODULE_PATHNAME', 'tinyvec_l2_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.tinyvec_distance_support;
COMMENT ON FUNCTION l2_distance(tinyvec, tinyvec) IS 'Euclidean distance';

CREATE FUNCTION inner_product(tinyvec, tinyvec) RETURNS float8
    AS 'MODULE_PATHNAME', 'tinyvec_inner_product' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.tinyvec_distance_support;
COMMENT ON FUNCTION inner_product(tinyvec, tinyvec) IS 'inner product';

CREATE FUNCTION cosine_distance(tinyvec, tinyvec) RETURNS float8
    AS 'MODULE_PATHNAME', 'tinyvec_cosine_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.tinyvec_distance_support;
COMMENT ON FUNCTION cosine_distance(tinyvec, tinyvec) IS
    'cosine distance: 1 minus the cosine of the angle; NaN if a vector is zero';

CREATE FUNCTION l1_distance(tinyvec, tinyvec) RETURNS float8
    AS 'MODULE_PATHNAME', 'tinyvec_l1_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.tinyvec_distance_support;
COMMENT ON FUNCTION l1_distance(tinyvec, tinyvec) IS
    'taxicab distance: sum of the absolute differences';

CREATE FUNCTION tinyvec_l2_squared_distance(tinyvec, tinyvec) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.tinyvec_distance_support;
COMMENT ON FUNCTION tinyvec_l2_squared_distance(tinyvec, tinyvec) IS
    'square of the Euclidean distance';

CREATE FUNCTION tinyvec_negative_inner_product(tinyvec, tinyvec) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT quiver.tinyvec_distance_support;
COMMENT ON FUNCTION tinyvec_negative_inner_product(tinyvec, tinyvec) IS
    'inner product times -1, so that the nearest has the least';

CREATE OPERATOR <-> (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = l2_distance,
    COMMUTATOR = '<->'
);
COMMENT ON OPERATOR <-> (tinyvec, tinyvec) IS 'Euclidean distance';

CREATE OPERATOR <#> (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_negative_inner_product,
    COMMUTATOR = '<#>'
);
COMMENT ON OPERATOR <#> (tinyvec, tinyvec) IS 'negative inner product';

CREATE OPERATOR <=> (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = cosine_distance,
    COMMUTATOR = '<=>'
);
COMMENT ON OPERATOR <=> (tinyvec, tinyvec) IS 'cosine distance';

CREATE OPERATOR <+> (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = l1_distance,
    COMMUTATOR = '<+>'
);
COMMENT ON OPERATOR <+> (tinyvec, tinyvec) IS 'taxicab distance';
