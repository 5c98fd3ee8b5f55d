-- Casts to and from tinyvec.
CREATE FUNCTION tinyvec(tinyvec, integer, boolean) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec(tinyvec, integer, boolean) IS 'check the dimensions';

CREATE FUNCTION array_to_tinyvec(smallint[], integer, boolean) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_tinyvec(smallint[], integer, boolean) IS
    'tinyvec from smallint array';

CREATE FUNCTION array_to_tinyvec(integer[], integer, boolean) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_tinyvec(integer[], integer, boolean) IS 'tinyvec from integer array';

CREATE FUNCTION array_to_tinyvec(real[], integer, boolean) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_tinyvec(real[], integer, boolean) IS 'tinyvec from real array';

CREATE FUNCTION array_to_tinyvec(double precision[], integer, boolean) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_tinyvec(double precision[], integer, boolean) IS
    'tinyvec from double precision array';

CREATE FUNCTION array_to_tinyvec(numeric[], integer, boolean) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_tinyvec(numeric[], integer, boolean) IS 'tinyvec from numeric array';

CREATE FUNCTION tinyvec_to_float4(tinyvec, integer, boolean) RETURNS real[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_to_float4(tinyvec, integer, boolean) IS 'real array from tinyvec';

CREATE FUNCTION tinyvec_to_int4(tinyvec, integer, boolean) RETURNS integer[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_to_int4(tinyvec, integer, boolean) IS 'integer array from tinyvec';

CREATE FUNCTION tinyvec_to_vector(tinyvec, integer, boolean) RETURNS vector
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_to_vector(tinyvec, integer, boolean) IS 'vector from tinyvec; exact';

CREATE FUNCTION tinyvec_to_halfvec(tinyvec, integer, boolean) RETURNS halfvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_to_halfvec(tinyvec, integer, boolean) IS 'halfvec from tinyvec; exact';

CREATE FUNCTION vector_to_tinyvec(vector, integer, boolean) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_to_tinyvec(vector, integer, boolean) IS
    'tinyvec from vector, rounded to nearest; outside -128 to 127 is an error';

CREATE FUNCTION halfvec_to_tinyvec(halfvec, integer, boolean) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION halfvec_to_tinyvec(halfvec, integer, boolean) IS
    'tinyvec from halfvec, rounded to nearest; outside -128 to 127 is an error';

CREATE CAST (tinyvec AS tinyvec)
    WITH FUNCTION tinyvec(tinyvec, integer, boolean) AS IMPLICIT;
COMMENT ON CAST (tinyvec AS tinyvec) IS 'check the dimensions';

CREATE CAST (tinyvec AS real[])
    WITH FUNCTION tinyvec_to_float4(tinyvec, integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (tinyvec AS real[]) IS 'tinyvec to real array';

CREATE CAST (tinyvec AS integer[])
    WITH FUNCTION tinyvec_to_int4(tinyvec, integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (tinyvec AS integer[]) IS 'tinyvec to integer array';

CREATE CAST (smallint[] AS tinyvec)
    WITH FUNCTION array_to_tinyvec(smallint[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (smallint[] AS tinyvec) IS 'smallint array to tinyvec';

CREATE CAST (integer[] AS tinyvec)
    WITH FUNCTION array_to_tinyvec(integer[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (integer[] AS tinyvec) IS 'integer array to tinyvec';

CREATE CAST (real[] AS tinyvec)
    WITH FUNCTION array_to_tinyvec(real[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (real[] AS tinyvec) IS 'real array to tinyvec';

CREATE CAST (double precision[] AS tinyvec)
    WITH FUNCTION array_to_tinyvec(double precision[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (double precision[] AS tinyvec) IS 'double precision array to tinyvec';

CREATE CAST (numeric[] AS tinyvec)
    WITH FUNCTION array_to_tinyvec(numeric[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (numeric[] AS tinyvec) IS 'numeric array to tinyvec';

CREATE CAST (tinyvec AS vector)
    WITH FUNCTION tinyvec_to_vector(tinyvec, integer, boolean) AS IMPLICIT;
COMMENT ON CAST (tinyvec AS vector) IS 'exact';

CREATE CAST (tinyvec AS halfvec)
    WITH FUNCTION tinyvec_to_halfvec(tinyvec, integer, boolean) AS IMPLICIT;
COMMENT ON CAST (tinyvec AS halfvec) IS 'exact';

CREATE CAST (vector AS tinyvec)
    WITH FUNCTION vector_to_tinyvec(vector, integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (vector AS tinyvec) IS 'rounded to nearest';

CREATE CAST (halfvec AS tinyvec)
    WITH FUNCTION halfvec_to_tinyvec(halfvec, integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (halfvec AS tinyvec) IS 'rounded to nearest';
