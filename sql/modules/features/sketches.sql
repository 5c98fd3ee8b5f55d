-- Mergeable sketches: quantiles and distinct counts of any number of rows in a few kilobytes.
CREATE FUNCTION quiver.sketch_quantile_add(internal, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_quantile_add(internal, float8) IS 'transition of quiver.quantile_sketch';
CREATE FUNCTION quiver.sketch_quantile_merge(internal, bytea) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_quantile_merge(internal, bytea) IS 'transition of quiver.quantile_sketch_merge';
CREATE FUNCTION quiver.sketch_quantile_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_quantile_combine(internal, internal) IS 'union of two partial quantile sketches';
CREATE FUNCTION quiver.sketch_quantile_store(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_quantile_store(internal) IS 'final step of the quantile sketch aggregates';
CREATE FUNCTION quiver.sketch_quantile_fetch(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_quantile_fetch(bytea, internal) IS 'partial quantile sketch from another process';

CREATE AGGREGATE quiver.quantile_sketch(float8) (
    SFUNC = quiver.sketch_quantile_add, STYPE = internal, FINALFUNC = quiver.sketch_quantile_store,
    COMBINEFUNC = quiver.sketch_quantile_combine, SERIALFUNC = quiver.sketch_quantile_store,
    DESERIALFUNC = quiver.sketch_quantile_fetch, PARALLEL = SAFE
);
COMMENT ON AGGREGATE quiver.quantile_sketch(float8) IS
    'sketch of a distribution; exact up to 512 values, ranks within about 0.14 % (standard error) beyond; NULL and '
    'NaN are passed over';
CREATE AGGREGATE quiver.quantile_sketch_merge(bytea) (
    SFUNC = quiver.sketch_quantile_merge, STYPE = internal, FINALFUNC = quiver.sketch_quantile_store,
    COMBINEFUNC = quiver.sketch_quantile_combine, SERIALFUNC = quiver.sketch_quantile_store,
    DESERIALFUNC = quiver.sketch_quantile_fetch, PARALLEL = SAFE
);
COMMENT ON AGGREGATE quiver.quantile_sketch_merge(bytea) IS 'one sketch of the values of many sketches';

CREATE FUNCTION quiver.sketch_count(sketch bytea) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_count(bytea) IS 'how many values a quantile sketch has seen';
CREATE FUNCTION quiver.sketch_quantile(sketch bytea, fraction float8) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_quantile(bytea, float8) IS
    'the value below which a fraction of the values lie, as percentile_disc; 0 and 1 are the exact least and greatest';
CREATE FUNCTION quiver.sketch_rank(sketch bytea, value float8) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_rank(bytea, float8) IS 'the fraction of values at or below a value';

CREATE FUNCTION quiver.sketch_distinct_add(internal, anyelement) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_distinct_add(internal, anyelement) IS 'transition of quiver.distinct_sketch';
CREATE FUNCTION quiver.sketch_distinct_merge(internal, bytea) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_distinct_merge(internal, bytea) IS 'transition of quiver.distinct_sketch_merge';
CREATE FUNCTION quiver.sketch_distinct_store(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_distinct_store(internal) IS 'final step of the distinct sketch aggregates';

CREATE AGGREGATE quiver.distinct_sketch(anyelement) (
    SFUNC = quiver.sketch_distinct_add, STYPE = internal, FINALFUNC = quiver.sketch_distinct_store, PARALLEL = SAFE
);
COMMENT ON AGGREGATE quiver.distinct_sketch(anyelement) IS
    'sketch of the distinct values (HyperLogLog, standard error 1.6 %); NULL is no value';
CREATE AGGREGATE quiver.distinct_sketch_merge(bytea) (
    SFUNC = quiver.sketch_distinct_merge, STYPE = internal, FINALFUNC = quiver.sketch_distinct_store, PARALLEL = SAFE
);
COMMENT ON AGGREGATE quiver.distinct_sketch_merge(bytea) IS 'one sketch of the distinct values of many sketches';
CREATE FUNCTION quiver.sketch_distinct_count(sketch bytea) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.sketch_distinct_count(bytea) IS 'about how many distinct values a distinct sketch has seen';

-- Drift of counts in bins and of samples. NULL where a sample is empty: nothing can be said then.
CREATE FUNCTION quiver.drift_psi(reference float8[], current float8[], smoothing float8 DEFAULT 0.5) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.drift_psi(float8[], float8[], float8) IS
    'population stability index of counts in the same bins, smoothing added to each; 0.1 and 0.25 are customary alarms';
CREATE FUNCTION quiver.drift_js(reference float8[], current float8[]) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.drift_js(float8[], float8[]) IS
    'Jensen-Shannon divergence of counts in the same bins, in nats: from 0 to ln 2';
CREATE FUNCTION quiver.drift_chi2(reference float8[], current float8[], OUT statistic float8, OUT freedom int,
    OUT p_value float8)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.drift_chi2(float8[], float8[]) IS
    'chi-squared test that counts in the same bins are of one distribution';
CREATE FUNCTION quiver.drift_ks(reference float8[], current float8[], OUT statistic float8, OUT p_value float8)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.drift_ks(float8[], float8[]) IS
    'Kolmogorov-Smirnov test of two samples; NULL and NaN are passed over';
CREATE FUNCTION quiver.drift_wasserstein(reference float8[], current float8[]) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.drift_wasserstein(float8[], float8[]) IS
    'Wasserstein-1 distance of two samples, in the unit of the values; NULL if a value is infinite';
