-- What the planner asks about distance functions (docs/exact_search.md).
CREATE FUNCTION quiver.vector_distance_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.vector_distance_support(internal) IS
    'planner support: cost of a distance between vector values';

CREATE FUNCTION quiver.halfvec_distance_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.halfvec_distance_support(internal) IS
    'planner support: cost of a distance between halfvec values';

CREATE FUNCTION quiver.tinyvec_distance_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.tinyvec_distance_support(internal) IS
    'planner support: cost of a distance between tinyvec values';

CREATE FUNCTION quiver.bit_distance_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.bit_distance_support(internal) IS
    'planner support: cost of a distance between bit values';

CREATE FUNCTION quiver.sparsevec_distance_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sparsevec_distance_support(internal) IS
    'planner support: cost of a distance between sparsevec values';
