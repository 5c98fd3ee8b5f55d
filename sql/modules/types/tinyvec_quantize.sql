-- Scalar quantisation: the range lo to hi in 255 equal steps, -128 for lo and 127 for hi.
CREATE FUNCTION scalar_quantize(vector, lo float8, hi float8) RETURNS tinyvec
    AS 'MODULE_PATHNAME', 'vector_scalar_quantize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION scalar_quantize(vector, float8, float8) IS
    'nearest of 256 levels from lo (-128) to hi (127); what lies outside takes the nearest bound';

CREATE FUNCTION scalar_quantize(halfvec, lo float8, hi float8) RETURNS tinyvec
    AS 'MODULE_PATHNAME', 'halfvec_scalar_quantize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION scalar_quantize(halfvec, float8, float8) IS
    'nearest of 256 levels from lo (-128) to hi (127); what lies outside takes the nearest bound';

CREATE FUNCTION scalar_dequantize(tinyvec, lo float8, hi float8) RETURNS vector
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION scalar_dequantize(tinyvec, float8, float8) IS
    'the levels that scalar_quantize chose, as numbers';
