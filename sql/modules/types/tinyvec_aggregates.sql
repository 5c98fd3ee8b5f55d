-- Aggregates of tinyvec. Partial states are float8[]: the row count, then a sum for each dimension.
CREATE FUNCTION tinyvec_accum(float8[], tinyvec) RETURNS float8[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_accum(float8[], tinyvec) IS 'transition of avg and sum';

CREATE FUNCTION tinyvec_avg(float8[]) RETURNS vector
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_avg(float8[]) IS 'final step of avg';

CREATE FUNCTION tinyvec_sum(float8[]) RETURNS vector
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_sum(float8[]) IS 'final step of sum';

CREATE FUNCTION tinyvec_combine(float8[], float8[]) RETURNS float8[]
    AS 'MODULE_PATHNAME', 'vector_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_combine(float8[], float8[]) IS 'union of two partial states';

CREATE AGGREGATE avg(tinyvec) (
    SFUNC = tinyvec_accum,
    STYPE = float8[],
    FINALFUNC = tinyvec_avg,
    COMBINEFUNC = tinyvec_combine,
    INITCOND = '{0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE avg(tinyvec) IS 'mean by element, as vector; NULL if there is no vector';

CREATE AGGREGATE sum(tinyvec) (
    SFUNC = tinyvec_accum,
    STYPE = float8[],
    FINALFUNC = tinyvec_sum,
    COMBINEFUNC = tinyvec_combine,
    INITCOND = '{0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(tinyvec) IS 'sum by element, as vector; NULL if there is no vector';
