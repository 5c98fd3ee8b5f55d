-- What of vector applications rely on: names, arguments, results, attributes, classes.
\ir ../lib/setup.sql
SELECT plan(54);

SELECT is(format('%s %s %s %s', typlen, typalign, typstorage, typcategory), '-1 i e U',
    'values of vector have any length, align to four bytes and may move out of line uncompressed')
FROM pg_type WHERE typname = 'vector';
SELECT is(format_type('vector'::regtype, 3), 'vector(3)', 'the type modifier is the dimensions');
SELECT is(typanalyze::text || ' ' || typmodout::text, 'quiver.vector_typanalyze -', 'ANALYZE keeps a sample of the type, the modifier has the server''s own output')
FROM pg_type WHERE typname = 'vector';

-- Each function by its arguments: result and C symbol, which pg_upgrade and old installs look for.
CREATE TEMP TABLE expected_function (signature text, result text, symbol text);
INSERT INTO expected_function VALUES
    ('vector_in(cstring,oid,integer)', 'vector', 'vector_in'),
    ('vector_out(vector)', 'cstring', 'vector_out'),
    ('vector_typmod_in(cstring[])', 'integer', 'vector_typmod_in'),
    ('vector_recv(internal,oid,integer)', 'vector', 'vector_recv'),
    ('vector_send(vector)', 'bytea', 'vector_send'),
    ('l2_distance(vector,vector)', 'double precision', 'l2_distance'),
    ('inner_product(vector,vector)', 'double precision', 'inner_product'),
    ('cosine_distance(vector,vector)', 'double precision', 'cosine_distance'),
    ('l1_distance(vector,vector)', 'double precision', 'l1_distance'),
    ('vector_l2_squared_distance(vector,vector)', 'double precision', 'vector_l2_squared_distance'),
    ('vector_negative_inner_product(vector,vector)', 'double precision', 'vector_negative_inner_product'),
    ('vector_dims(vector)', 'integer', 'vector_dims'),
    ('l2_norm(vector)', 'double precision', 'vector_norm'),
    ('l2_normalize(vector)', 'vector', 'l2_normalize'),
    ('binary_quantize(vector)', 'bit', 'binary_quantize'),
    ('subvector(vector,integer,integer)', 'vector', 'subvector'),
    ('vector_spherical_distance(vector,vector)', 'double precision', 'vector_spherical_distance'),
    ('vector_norm(vector)', 'double precision', 'vector_norm'),
    ('binary_dequantize(bit)', 'vector', 'binary_dequantize'),
    ('vector_add(vector,vector)', 'vector', 'vector_add'),
    ('vector_sub(vector,vector)', 'vector', 'vector_sub'),
    ('vector_mul(vector,vector)', 'vector', 'vector_mul'),
    ('vector_concat(vector,vector)', 'vector', 'vector_concat'),
    ('vector_scale(vector,double precision)', 'vector', 'vector_scale'),
    ('vector_scale(double precision,vector)', 'vector', 'vector_scale_reversed'),
    ('vector_lt(vector,vector)', 'boolean', 'vector_lt'),
    ('vector_le(vector,vector)', 'boolean', 'vector_le'),
    ('vector_eq(vector,vector)', 'boolean', 'vector_eq'),
    ('vector_ne(vector,vector)', 'boolean', 'vector_ne'),
    ('vector_ge(vector,vector)', 'boolean', 'vector_ge'),
    ('vector_gt(vector,vector)', 'boolean', 'vector_gt'),
    ('vector_cmp(vector,vector)', 'integer', 'vector_cmp'),
    ('vector_hash(vector)', 'integer', 'vector_hash'),
    ('vector_hash_extended(vector,bigint)', 'bigint', 'vector_hash_extended'),
    ('vector_accum(double precision[],vector)', 'double precision[]', 'vector_accum'),
    ('vector_avg(double precision[])', 'vector', 'vector_avg'),
    ('vector_combine(double precision[],double precision[])', 'double precision[]', 'vector_combine'),
    ('vector(vector,integer,boolean)', 'vector', 'vector'),
    ('vector_to_float4(vector,integer,boolean)', 'real[]', 'vector_to_float4'),
    ('array_to_vector(integer[],integer,boolean)', 'vector', 'array_to_vector'),
    ('array_to_vector(real[],integer,boolean)', 'vector', 'array_to_vector'),
    ('array_to_vector(double precision[],integer,boolean)', 'vector', 'array_to_vector'),
    ('array_to_vector(numeric[],integer,boolean)', 'vector', 'array_to_vector');
SELECT is(
    (SELECT concat_ws(' ', p.prorettype::regtype, p.prosrc) FROM pg_proc p
     WHERE p.oid = to_regprocedure(signature)),
    result || ' ' || symbol, signature)
FROM expected_function ORDER BY signature;

SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc p
    JOIN expected_function ON p.oid = to_regprocedure(signature)
    WHERE NOT (p.proisstrict AND p.provolatile = 'i' AND p.proparallel = 's')
$$, 'every function is strict, immutable and parallel safe');

SELECT set_eq($$
    SELECT p.proname::text, a.aggtransfn::regproc::text, a.aggcombinefn::regproc::text,
        a.aggtranstype::regtype::text, a.agginitval
    FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
    WHERE p.proargtypes = ARRAY['vector'::regtype]::oidvector AND p.proparallel = 's'
$$, $$VALUES
    ('avg', 'vector_accum', 'vector_combine', 'double precision[]', '{0}'),
    ('sum', 'vector_add', 'vector_add', 'vector', NULL)
$$, 'aggregates of vector: parallel, with pgvector''s states');

SELECT set_eq($$
    SELECT o.oprname::text, o.oprleft::regtype::text, o.oprright::regtype::text,
        (SELECT p.proname FROM pg_proc p WHERE p.oid = o.oprcode)::text,
        coalesce((SELECT c.oprname FROM pg_operator c WHERE c.oid = o.oprcom), '') AS commutator,
        coalesce((SELECT n.oprname FROM pg_operator n WHERE n.oid = o.oprnegate), '') AS negator,
        o.oprrest::text, o.oprjoin::text, o.oprcanhash, o.oprcanmerge
    FROM pg_operator o WHERE 'vector'::regtype IN (o.oprleft, o.oprright)
$$, $$VALUES
    ('<->', 'vector', 'vector', 'l2_distance', '<->', '', '-', '-', false, false),
    ('<#>', 'vector', 'vector', 'vector_negative_inner_product', '<#>', '', '-', '-', false, false),
    ('<=>', 'vector', 'vector', 'cosine_distance', '<=>', '', '-', '-', false, false),
    ('<+>', 'vector', 'vector', 'l1_distance', '<+>', '', '-', '-', false, false),
    ('+', 'vector', 'vector', 'vector_add', '+', '', '-', '-', false, false),
    ('-', 'vector', 'vector', 'vector_sub', '', '', '-', '-', false, false),
    ('*', 'vector', 'vector', 'vector_mul', '*', '', '-', '-', false, false),
    ('*', 'vector', 'double precision', 'vector_scale', '*', '', '-', '-', false, false),
    ('*', 'double precision', 'vector', 'vector_scale', '*', '', '-', '-', false, false),
    ('||', 'vector', 'vector', 'vector_concat', '', '', '-', '-', false, false),
    ('<', 'vector', 'vector', 'vector_lt', '>', '>=', 'scalarltsel', 'scalarltjoinsel', false, false),
    ('<=', 'vector', 'vector', 'vector_le', '>=', '>', 'scalarlesel', 'scalarlejoinsel', false, false),
    ('=', 'vector', 'vector', 'vector_eq', '=', '<>', 'eqsel', 'eqjoinsel', true, true),
    ('<>', 'vector', 'vector', 'vector_ne', '<>', '=', 'neqsel', 'neqjoinsel', false, false),
    ('>=', 'vector', 'vector', 'vector_ge', '<=', '<', 'scalargesel', 'scalargejoinsel', false, false),
    ('>', 'vector', 'vector', 'vector_gt', '<', '<=', 'scalargtsel', 'scalargtjoinsel', false, false)
$$, 'operators of vector');

SELECT set_eq($$
    SELECT castsource::regtype::text, casttarget::regtype::text, castcontext::text FROM pg_cast
    WHERE 'vector'::regtype IN (castsource, casttarget)
    AND (castsource::regtype::text || casttarget::regtype::text) !~ 'halfvec|tinyvec|sparsevec'
$$, $$VALUES
    ('vector', 'vector', 'i'),
    ('vector', 'real[]', 'i'),
    ('integer[]', 'vector', 'a'),
    ('real[]', 'vector', 'a'),
    ('double precision[]', 'vector', 'a'),
    ('numeric[]', 'vector', 'a')
$$, 'casts of vector: implicit or in assignment');

SELECT set_eq($$
    SELECT am.amname::text, c.opcname::text, c.opcdefault,
        (SELECT string_agg(ao.amopstrategy || ao.amopopr::regoperator::text, ' ' ORDER BY ao.amopstrategy)
         FROM pg_amop ao WHERE ao.amopfamily = c.opcfamily) AS operators,
        (SELECT string_agg(ap.amprocnum || ap.amproc::regproc::text, ' ' ORDER BY ap.amprocnum)
         FROM pg_amproc ap WHERE ap.amprocfamily = c.opcfamily) AS functions
    FROM pg_opclass c JOIN pg_am am ON am.oid = c.opcmethod
    WHERE c.opcintype = 'vector'::regtype AND am.amname IN ('btree', 'hash')
$$, $$VALUES
    ('btree', 'vector_ops', true, '1<(vector,vector) 2<=(vector,vector) 3=(vector,vector) 4>=(vector,vector) 5>(vector,vector)', '1vector_cmp'),
    ('hash', 'vector_ops', true, '1=(vector,vector)', '1vector_hash 2vector_hash_extended')
$$, 'btree and hash classes of vector are its defaults');
SELECT ok(amvalidate(oid), format('the %s class is valid', (SELECT amname FROM pg_am WHERE oid = opcmethod)))
FROM pg_opclass WHERE opcintype = 'vector'::regtype
AND opcmethod IN (SELECT oid FROM pg_am WHERE amname IN ('btree', 'hash'))
ORDER BY opcmethod;

SELECT is_empty($$
    SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'quiver')
    AND d.classid IN ('pg_type'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass,
                      'pg_cast'::regclass, 'pg_opclass'::regclass)
    AND pg_describe_object(d.classid, d.objid, 0) ~ 'vector'
    AND pg_describe_object(d.classid, d.objid, 0) !~ 'type vector\[\]'
    AND obj_description(d.objid, d.classid::regclass::name) IS NULL
$$, 'every object that names vector has a comment');

SELECT * FROM finish();
ROLLBACK;
