-- Aggregates of vector. Partial states are float8[]: the row count, then a sum for each dimension.
CREATE FUNCTION vector_accum(float8[], vector) RETURNS float8[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_accum(float8[], vector) IS 'transition of avg';

CREATE FUNCTION vector_avg(float8[]) RETURNS vector
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_avg(float8[]) IS 'final step of avg';

CREATE FUNCTION vector_combine(float8[], float8[]) RETURNS float8[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_combine(float8[], float8[]) IS 'union of two partial states';

CREATE AGGREGATE avg(vector) (
    SFUNC = vector_accum,
    STYPE = float8[],
    FINALFUNC = vector_avg,
    COMBINEFUNC = vector_combine,
    INITCOND = '{0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE avg(vector) IS 'mean by element, as vector; NULL if there is no vector';

CREATE AGGREGATE sum(vector) (
    SFUNC = vector_add,
    STYPE = vector,
    COMBINEFUNC = vector_add,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(vector) IS 'sum by element, in single precision; NULL if there is no vector';
