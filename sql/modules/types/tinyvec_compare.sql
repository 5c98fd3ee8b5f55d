-- Order, equality and hash of tinyvec: by elements, then by dimensions.
CREATE FUNCTION tinyvec_lt(tinyvec, tinyvec) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_lt(tinyvec, tinyvec) IS 'implementation of operator <';

CREATE FUNCTION tinyvec_le(tinyvec, tinyvec) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_le(tinyvec, tinyvec) IS 'implementation of operator <=';

CREATE FUNCTION tinyvec_eq(tinyvec, tinyvec) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_eq(tinyvec, tinyvec) IS 'implementation of operator =';

CREATE FUNCTION tinyvec_ne(tinyvec, tinyvec) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_ne(tinyvec, tinyvec) IS 'implementation of operator <>';

CREATE FUNCTION tinyvec_ge(tinyvec, tinyvec) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_ge(tinyvec, tinyvec) IS 'implementation of operator >=';

CREATE FUNCTION tinyvec_gt(tinyvec, tinyvec) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_gt(tinyvec, tinyvec) IS 'implementation of operator >';

CREATE FUNCTION tinyvec_cmp(tinyvec, tinyvec) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_cmp(tinyvec, tinyvec) IS 'less, equal, greater: -1, 0, 1';

CREATE FUNCTION tinyvec_hash(tinyvec) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_hash(tinyvec) IS 'hash; equal vectors have equal hashes';

CREATE FUNCTION tinyvec_hash_extended(tinyvec, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tinyvec_hash_extended(tinyvec, bigint) IS '64-bit hash with a seed';

CREATE OPERATOR < (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_lt,
    COMMUTATOR = >, NEGATOR = >=,
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (tinyvec, tinyvec) IS 'less than';

CREATE OPERATOR <= (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_le,
    COMMUTATOR = >=, NEGATOR = >,
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (tinyvec, tinyvec) IS 'less than or equal';

CREATE OPERATOR = (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_eq,
    COMMUTATOR = =, NEGATOR = <>,
    RESTRICT = eqsel, JOIN = eqjoinsel,
    HASHES, MERGES
);
COMMENT ON OPERATOR = (tinyvec, tinyvec) IS 'equal';

CREATE OPERATOR <> (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_ne,
    COMMUTATOR = <>, NEGATOR = =,
    RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (tinyvec, tinyvec) IS 'not equal';

CREATE OPERATOR >= (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_ge,
    COMMUTATOR = <=, NEGATOR = <,
    RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (tinyvec, tinyvec) IS 'greater than or equal';

CREATE OPERATOR > (
    LEFTARG = tinyvec, RIGHTARG = tinyvec, FUNCTION = tinyvec_gt,
    COMMUTATOR = <, NEGATOR = <=,
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (tinyvec, tinyvec) IS 'greater than';

CREATE OPERATOR CLASS tinyvec_ops
    DEFAULT FOR TYPE tinyvec USING btree AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 tinyvec_cmp(tinyvec, tinyvec);
COMMENT ON OPERATOR CLASS tinyvec_ops USING btree IS 'order by elements, then by dimensions';

CREATE OPERATOR CLASS tinyvec_ops
    DEFAULT FOR TYPE tinyvec USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 tinyvec_hash(tinyvec),
    FUNCTION 2 tinyvec_hash_extended(tinyvec, bigint);
COMMENT ON OPERATOR CLASS tinyvec_ops USING hash IS 'equality by hash: GROUP BY, DISTINCT, hash joins';
