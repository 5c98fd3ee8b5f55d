-- Classes of the columns that an hnsw index filters by (docs/hnsw_filters.md). All are the default of
-- their type, so a column's name is enough.

CREATE OPERATOR FAMILY integer_ops USING hnsw;
COMMENT ON OPERATOR FAMILY integer_ops USING hnsw IS 'filters on whole numbers of any width';

CREATE OPERATOR CLASS int2_ops
    DEFAULT FOR TYPE int2 USING hnsw FAMILY integer_ops AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS int2_ops USING hnsw IS 'a column to filter by';

CREATE OPERATOR CLASS int4_ops
    DEFAULT FOR TYPE int4 USING hnsw FAMILY integer_ops AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS int4_ops USING hnsw IS 'a column to filter by';

CREATE OPERATOR CLASS int8_ops
    DEFAULT FOR TYPE int8 USING hnsw FAMILY integer_ops AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS int8_ops USING hnsw IS 'a column to filter by';

ALTER OPERATOR FAMILY integer_ops USING hnsw ADD
    OPERATOR 2 < (int2, int4),
    OPERATOR 3 <= (int2, int4),
    OPERATOR 4 = (int2, int4),
    OPERATOR 5 >= (int2, int4),
    OPERATOR 6 > (int2, int4),
    OPERATOR 2 < (int2, int8),
    OPERATOR 3 <= (int2, int8),
    OPERATOR 4 = (int2, int8),
    OPERATOR 5 >= (int2, int8),
    OPERATOR 6 > (int2, int8),
    OPERATOR 2 < (int4, int2),
    OPERATOR 3 <= (int4, int2),
    OPERATOR 4 = (int4, int2),
    OPERATOR 5 >= (int4, int2),
    OPERATOR 6 > (int4, int2),
    OPERATOR 2 < (int4, int8),
    OPERATOR 3 <= (int4, int8),
    OPERATOR 4 = (int4, int8),
    OPERATOR 5 >= (int4, int8),
    OPERATOR 6 > (int4, int8),
    OPERATOR 2 < (int8, int2),
    OPERATOR 3 <= (int8, int2),
    OPERATOR 4 = (int8, int2),
    OPERATOR 5 >= (int8, int2),
    OPERATOR 6 > (int8, int2),
    OPERATOR 2 < (int8, int4),
    OPERATOR 3 <= (int8, int4),
    OPERATOR 4 = (int8, int4),
    OPERATOR 5 >= (int8, int4),
    OPERATOR 6 > (int8, int4);

CREATE OPERATOR FAMILY float_ops USING hnsw;
COMMENT ON OPERATOR FAMILY float_ops USING hnsw IS 'filters on floating-point numbers';

CREATE OPERATOR CLASS float4_ops
    DEFAULT FOR TYPE float4 USING hnsw FAMILY float_ops AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS float4_ops USING hnsw IS 'a column to filter by';

CREATE OPERATOR CLASS float8_ops
    DEFAULT FOR TYPE float8 USING hnsw FAMILY float_ops AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS float8_ops USING hnsw IS 'a column to filter by';

ALTER OPERATOR FAMILY float_ops USING hnsw ADD
    OPERATOR 2 < (float4, float8),
    OPERATOR 3 <= (float4, float8),
    OPERATOR 4 = (float4, float8),
    OPERATOR 5 >= (float4, float8),
    OPERATOR 6 > (float4, float8),
    OPERATOR 2 < (float8, float4),
    OPERATOR 3 <= (float8, float4),
    OPERATOR 4 = (float8, float4),
    OPERATOR 5 >= (float8, float4),
    OPERATOR 6 > (float8, float4);

CREATE OPERATOR CLASS numeric_ops
    DEFAULT FOR TYPE numeric USING hnsw AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS numeric_ops USING hnsw IS 'a column to filter by';

CREATE OPERATOR CLASS oid_ops
    DEFAULT FOR TYPE oid USING hnsw AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS oid_ops USING hnsw IS 'a column to filter by';

CREATE OPERATOR CLASS bool_ops
    DEFAULT FOR TYPE bool USING hnsw AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS bool_ops USING hnsw IS 'a column to filter by';

CREATE OPERATOR CLASS date_ops
    DEFAULT FOR TYPE date USING hnsw AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS date_ops USING hnsw IS 'a column to filter by';

CREATE OPERATOR CLASS time_ops
    DEFAULT FOR TYPE time USING hnsw AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS time_ops USING hnsw IS 'a column to filter by';

CREATE OPERATOR CLASS timestamp_ops
    DEFAULT FOR TYPE timestamp USING hnsw AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS timestamp_ops USING hnsw IS 'a column to filter by';

CREATE OPERATOR CLASS timestamptz_ops
    DEFAULT FOR TYPE timestamptz USING hnsw AS
    OPERATOR 2 <,
    OPERATOR 3 <=,
    OPERATOR 4 =,
    OPERATOR 5 >=,
    OPERATOR 6 >;
COMMENT ON OPERATOR CLASS timestamptz_ops USING hnsw IS 'a column to filter by';

CREATE OPERATOR CLASS text_ops
    DEFAULT FOR TYPE text USING hnsw AS
    OPERATOR 4 =;
COMMENT ON OPERATOR CLASS text_ops USING hnsw IS 'a column to filter by, for equality';

CREATE OPERATOR CLASS bpchar_ops
    DEFAULT FOR TYPE bpchar USING hnsw AS
    OPERATOR 4 =;
COMMENT ON OPERATOR CLASS bpchar_ops USING hnsw IS 'a column to filter by, for equality';

CREATE OPERATOR CLASS uuid_ops
    DEFAULT FOR TYPE uuid USING hnsw AS
    OPERATOR 4 =;
COMMENT ON OPERATOR CLASS uuid_ops USING hnsw IS 'a column to filter by, for equality';

CREATE OPERATOR CLASS enum_ops
    DEFAULT FOR TYPE anyenum USING hnsw AS
    OPERATOR 4 =;
COMMENT ON OPERATOR CLASS enum_ops USING hnsw IS 'a column to filter by, for equality';

CREATE OPERATOR CLASS array_ops
    DEFAULT FOR TYPE anyarray USING hnsw AS
    OPERATOR 7 &&,
    OPERATOR 8 @>;
COMMENT ON OPERATOR CLASS array_ops USING hnsw IS 'a column to filter by, for elements';
