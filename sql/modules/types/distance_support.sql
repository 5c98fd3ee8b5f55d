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

-- What ANALYZE does with columns of vectors, for estimating how many rows lie within a distance.
CREATE FUNCTION quiver.vector_typanalyze(internal) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.vector_typanalyze(internal) IS
    'ANALYZE of vector columns: keeps a sample of the values, in half precision';

CREATE FUNCTION quiver.value_typanalyze(internal) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.value_typanalyze(internal) IS
    'ANALYZE of halfvec, tinyvec and sparsevec columns: keeps a sample of the values';
