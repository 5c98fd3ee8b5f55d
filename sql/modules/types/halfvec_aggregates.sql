-- Aggregates of halfvec. Partial states are float8[]: the row count, then a sum for each dimension.
CREATE FUNCTION halfvec_accum(float8[], halfvec) RETURNS float8[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION halfvec_accum(float8[], halfvec) IS 'transition of avg';

CREATE FUNCTION halfvec_avg(float8[]) RETURNS halfvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION halfvec_avg(float8[]) IS 'final step of avg';

CREATE FUNCTION halfvec_combine(float8[], float8[]) RETURNS float8[]
    AS 'MODULE_PATHNAME', 'vector_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION halfvec_combine(float8[], float8[]) IS 'union of two partial states';

CREATE AGGREGATE avg(halfvec) (
    SFUNC = halfvec_accum,
    STYPE = float8[],
    FINALFUNC = halfvec_avg,
    COMBINEFUNC = halfvec_combine,
    INITCOND = '{0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE avg(halfvec) IS 'mean by element, as halfvec; NULL if there is no vector';

CREATE AGGREGATE sum(halfvec) (
    SFUNC = halfvec_add,
    STYPE = halfvec,
    COMBINEFUNC = halfvec_add,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(halfvec) IS 'sum by element, in half precision; NULL if there is no vector';
