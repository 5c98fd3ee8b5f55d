-- The type tinyvec: 8-bit integers. docs/vector.md says what its bytes are.
CREATE TYPE tinyvec;

CREATE FUNCTION tinyvec_in(cstring, oid, integer) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_in(cstring, oid, integer) IS 'read tinyvec from text: [1,2,3]';

CREATE FUNCTION tinyvec_out(tinyvec) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_out(tinyvec) IS 'write tinyvec as text';

CREATE FUNCTION tinyvec_typmod_in(cstring[]) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_typmod_in(cstring[]) IS 'read the dimensions of tinyvec(n)';

CREATE FUNCTION tinyvec_recv(internal, oid, integer) RETURNS tinyvec
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_recv(internal, oid, integer) IS 'read tinyvec from its binary form';

CREATE FUNCTION tinyvec_send(tinyvec) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_send(tinyvec) IS 'write tinyvec in its binary form';

CREATE TYPE tinyvec (
    INPUT = tinyvec_in,
    OUTPUT = tinyvec_out,
    TYPMOD_IN = tinyvec_typmod_in,
    RECEIVE = tinyvec_recv,
    SEND = tinyvec_send,
    ANALYZE = quiver.value_typanalyze,
    STORAGE = external
);
COMMENT ON TYPE tinyvec IS 'vector of 8-bit signed integers, 1 to 16,000 dimensions';
