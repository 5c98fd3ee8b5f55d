-- The schema of everything that is not a type, an operator or an operator class.
CREATE SCHEMA quiver;
COMMENT ON SCHEMA quiver IS 'quiver: features, retrieval, audit, models and helpers';
GRANT USAGE ON SCHEMA quiver TO PUBLIC;

CREATE FUNCTION quiver.version() RETURNS text
    AS 'MODULE_PATHNAME', 'quiver_version' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.version() IS
    'version of the loaded quiver library; differs from pg_extension.extversion until ALTER EXTENSION quiver UPDATE is run';

CREATE FUNCTION quiver.simd_level() RETURNS text
    AS 'MODULE_PATHNAME', 'quiver_simd_level' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quiver.simd_level() IS
    'instruction set level that distances are computed with: scalar, avx2, avx512 or neon';
