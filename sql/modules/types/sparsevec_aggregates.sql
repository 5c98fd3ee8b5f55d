-- Aggregates of sparsevec.
CREATE FUNCTION sparsevec_accum(internal, sparsevec) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_accum(internal, sparsevec) IS 'transition of sum and avg';

CREATE FUNCTION sparsevec_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_combine(internal, internal) IS 'joins the states of two workers';

CREATE FUNCTION sparsevec_accum_serialize(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_accum_serialize(internal) IS 'state for another process';

CREATE FUNCTION sparsevec_accum_deserialize(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_accum_deserialize(bytea, internal) IS 'state from another process';

CREATE FUNCTION sparsevec_sum(internal) RETURNS sparsevec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_sum(internal) IS 'final step of sum';

CREATE FUNCTION sparsevec_avg(internal) RETURNS sparsevec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_avg(internal) IS 'final step of avg';

CREATE AGGREGATE sum(sparsevec) (
    SFUNC = sparsevec_accum,
    STYPE = internal,
    FINALFUNC = sparsevec_sum,
    COMBINEFUNC = sparsevec_combine,
    SERIALFUNC = sparsevec_accum_serialize,
    DESERIALFUNC = sparsevec_accum_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(sparsevec) IS 'sum of the vectors; NULL if there are none';

CREATE AGGREGATE avg(sparsevec) (
    SFUNC = sparsevec_accum,
    STYPE = internal,
    FINALFUNC = sparsevec_avg,
    COMBINEFUNC = sparsevec_combine,
    SERIALFUNC = sparsevec_accum_serialize,
    DESERIALFUNC = sparsevec_accum_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE avg(sparsevec) IS 'mean of the vectors; NULL if there are none';
