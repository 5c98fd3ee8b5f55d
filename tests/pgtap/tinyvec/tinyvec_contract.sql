-- What of tinyvec applications rely on: names, arguments, results, attributes, classes.
\ir ../lib/setup.sql
SELECT plan(61);

SELECT is(format('%s %s %s %s', typlen, typalign, typstorage, typcategory), '-1 i e U',
    'values of tinyvec have any length, align to four bytes and may move out of line uncompressed')
FROM pg_type WHERE typname = 'tinyvec';
SELECT is(format_type('tinyvec'::regtype, 3), 'tinyvec(3)', 'the type modifier is the dimensions');
SELECT is(typanalyze::text || ' ' || typmodout::text, 'quiver.value_typanalyze -', 'ANALYZE keeps a sample of the type, the modifier has the server''s own output')
FROM pg_type WHERE typname = 'tinyvec';

-- Each function by its arguments: result and C symbol, which pg_upgrade and old installs look for.
CREATE TEMP TABLE expected_function (signature text, result text, symbol text);
INSERT INTO expected_function VALUES
    ('tinyvec_in(cstring,oid,integer)', 'tinyvec', 'tinyvec_in'),
    ('tinyvec_out(tinyvec)', 'cstring', 'tinyvec_out'),
    ('tinyvec_typmod_in(cstring[])', 'integer', 'tinyvec_typmod_in'),
    ('tinyvec_recv(internal,oid,integer)', 'tinyvec', 'tinyvec_recv'),
    ('tinyvec_send(tinyvec)', 'bytea', 'tinyvec_send'),
    ('l2_distance(tinyvec,tinyvec)', 'double precision', 'tinyvec_l2_distance'),
    ('inner_product(tinyvec,tinyvec)', 'double precision', 'tinyvec_inner_product'),
    ('cosine_distance(tinyvec,tinyvec)', 'double precision', 'tinyvec_cosine_distance'),
    ('l1_distance(tinyvec,tinyvec)', 'double precision', 'tinyvec_l1_distance'),
    ('tinyvec_l2_squared_distance(tinyvec,tinyvec)', 'double precision', 'tinyvec_l2_squared_distance'),
    ('tinyvec_negative_inner_product(tinyvec,tinyvec)', 'double precision', 'tinyvec_negative_inner_product'),
    ('vector_dims(tinyvec)', 'integer', 'tinyvec_vector_dims'),
    ('l2_norm(tinyvec)', 'double precision', 'tinyvec_l2_norm'),
    ('l2_normalize(tinyvec)', 'vector', 'tinyvec_l2_normalize'),
    ('binary_quantize(tinyvec)', 'bit', 'tinyvec_binary_quantize'),
    ('subvector(tinyvec,integer,integer)', 'tinyvec', 'tinyvec_subvector'),
    ('tinyvec_add(tinyvec,tinyvec)', 'tinyvec', 'tinyvec_add'),
    ('tinyvec_sub(tinyvec,tinyvec)', 'tinyvec', 'tinyvec_sub'),
    ('tinyvec_mul(tinyvec,tinyvec)', 'tinyvec', 'tinyvec_mul'),
    ('tinyvec_concat(tinyvec,tinyvec)', 'tinyvec', 'tinyvec_concat'),
    ('tinyvec_scale(tinyvec,double precision)', 'vector', 'tinyvec_scale'),
    ('tinyvec_scale(double precision,tinyvec)', 'vector', 'tinyvec_scale_reversed'),
    ('tinyvec_lt(tinyvec,tinyvec)', 'boolean', 'tinyvec_lt'),
    ('tinyvec_le(tinyvec,tinyvec)', 'boolean', 'tinyvec_le'),
    ('tinyvec_eq(tinyvec,tinyvec)', 'boolean', 'tinyvec_eq'),
    ('tinyvec_ne(tinyvec,tinyvec)', 'boolean', 'tinyvec_ne'),
    ('tinyvec_ge(tinyvec,tinyvec)', 'boolean', 'tinyvec_ge'),
    ('tinyvec_gt(tinyvec,tinyvec)', 'boolean', 'tinyvec_gt'),
    ('tinyvec_cmp(tinyvec,tinyvec)', 'integer', 'tinyvec_cmp'),
    ('tinyvec_hash(tinyvec)', 'integer', 'tinyvec_hash'),
    ('tinyvec_hash_extended(tinyvec,bigint)', 'bigint', 'tinyvec_hash_extended'),
    ('tinyvec_accum(double precision[],tinyvec)', 'double precision[]', 'tinyvec_accum'),
    ('tinyvec_avg(double precision[])', 'vector', 'tinyvec_avg'),
    ('tinyvec_combine(double precision[],double precision[])', 'double precision[]', 'vector_combine'),
    ('tinyvec(tinyvec,integer,boolean)', 'tinyvec', 'tinyvec'),
    ('tinyvec_to_float4(tinyvec,integer,boolean)', 'real[]', 'tinyvec_to_float4'),
    ('array_to_tinyvec(smallint[],integer,boolean)', 'tinyvec', 'array_to_tinyvec'),
    ('array_to_tinyvec(integer[],integer,boolean)', 'tinyvec', 'array_to_tinyvec'),
    ('array_to_tinyvec(real[],integer,boolean)', 'tinyvec', 'array_to_tinyvec'),
    ('array_to_tinyvec(double precision[],integer,boolean)', 'tinyvec', 'array_to_tinyvec'),
    ('array_to_tinyvec(numeric[],integer,boolean)', 'tinyvec', 'array_to_tinyvec'),
    ('tinyvec_sum(double precision[])', 'vector', 'tinyvec_sum'),
    ('tinyvec_to_int4(tinyvec,integer,boolean)', 'integer[]', 'tinyvec_to_int4'),
    ('tinyvec_to_vector(tinyvec,integer,boolean)', 'vector', 'tinyvec_to_vector'),
    ('tinyvec_to_halfvec(tinyvec,integer,boolean)', 'halfvec', 'tinyvec_to_halfvec'),
    ('vector_to_tinyvec(vector,integer,boolean)', 'tinyvec', 'vector_to_tinyvec'),
    ('halfvec_to_tinyvec(halfvec,integer,boolean)', 'tinyvec', 'halfvec_to_tinyvec'),
    ('scalar_quantize(vector,double precision,double precision)', 'tinyvec', 'vector_scalar_quantize'),
    ('scalar_quantize(halfvec,double precision,double precision)', 'tinyvec', 'halfvec_scalar_quantize'),
    ('scalar_dequantize(tinyvec,double precision,double precision)', 'vector', 'scalar_dequantize');
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
    WHERE p.proargtypes = ARRAY['tinyvec'::regtype]::oidvector AND p.proparallel = 's'
$$, $$VALUES
    ('avg', 'tinyvec_accum', 'tinyvec_combine', 'double precision[]', '{0}'),
    ('sum', 'tinyvec_accum', 'tinyvec_combine', 'double precision[]', '{0}')
$$, 'aggregates of tinyvec: parallel, with pgvector''s states');

SELECT set_eq($$
    SELECT o.oprname::text, o.oprleft::regtype::text, o.oprright::regtype::text,
        (SELECT p.proname FROM pg_proc p WHERE p.oid = o.oprcode)::text,
        coalesce((SELECT c.oprname FROM pg_operator c WHERE c.oid = o.oprcom), '') AS commutator,
        coalesce((SELECT n.oprname FROM pg_operator n WHERE n.oid = o.oprnegate), '') AS negator,
        o.oprrest::text, o.oprjoin::text, o.oprcanhash, o.oprcanmerge
    FROM pg_operator o WHERE 'tinyvec'::regtype IN (o.oprleft, o.oprright)
$$, $$VALUES
    ('<->', 'tinyvec', 'tinyvec', 'l2_distance', '<->', '', '-', '-', false, false),
    ('<#>', 'tinyvec', 'tinyvec', 'tinyvec_negative_inner_product', '<#>', '', '-', '-', false, false),
    ('<=>', 'tinyvec', 'tinyvec', 'cosine_distance', '<=>', '', '-', '-', false, false),
    ('<+>', 'tinyvec', 'tinyvec', 'l1_distance', '<+>', '', '-', '-', false, false),
    ('+', 'tinyvec', 'tinyvec', 'tinyvec_add', '+', '', '-', '-', false, false),
    ('-', 'tinyvec', 'tinyvec', 'tinyvec_sub', '', '', '-', '-', false, false),
    ('*', 'tinyvec', 'tinyvec', 'tinyvec_mul', '*', '', '-', '-', false, false),
    ('*', 'tinyvec', 'double precision', 'tinyvec_scale', '*', '', '-', '-', false, false),
    ('*', 'double precision', 'tinyvec', 'tinyvec_scale', '*', '', '-', '-', false, false),
    ('||', 'tinyvec', 'tinyvec', 'tinyvec_concat', '', '', '-', '-', false, false),
    ('<', 'tinyvec', 'tinyvec', 'tinyvec_lt', '>', '>=', 'scalarltsel', 'scalarltjoinsel', false, false),
    ('<=', 'tinyvec', 'tinyvec', 'tinyvec_le', '>=', '>', 'scalarlesel', 'scalarlejoinsel', false, false),
    ('=', 'tinyvec', 'tinyvec', 'tinyvec_eq', '=', '<>', 'eqsel', 'eqjoinsel', true, true),
    ('<>', 'tinyvec', 'tinyvec', 'tinyvec_ne', '<>', '=', 'neqsel', 'neqjoinsel', false, false),
    ('>=', 'tinyvec', 'tinyvec', 'tinyvec_ge', '<=', '<', 'scalargesel', 'scalargejoinsel', false, false),
    ('>', 'tinyvec', 'tinyvec', 'tinyvec_gt', '<', '<=', 'scalargtsel', 'scalargtjoinsel', false, false)
$$, 'operators of tinyvec');

SELECT set_eq($$
    SELECT castsource::regtype::text, casttarget::regtype::text, castcontext::text FROM pg_cast
    WHERE 'tinyvec'::regtype IN (castsource, casttarget)
    AND (castsource::regtype::text || casttarget::regtype::text) !~ 'sparsevec'
$$, $$VALUES
    ('tinyvec', 'tinyvec', 'i'),
    ('tinyvec', 'vector', 'i'),
    ('tinyvec', 'halfvec', 'i'),
    ('vector', 'tinyvec', 'a'),
    ('halfvec', 'tinyvec', 'a'),
    ('tinyvec', 'real[]', 'a'),
    ('tinyvec', 'integer[]', 'a'),
    ('smallint[]', 'tinyvec', 'a'),
    ('integer[]', 'tinyvec', 'a'),
    ('real[]', 'tinyvec', 'a'),
    ('double precision[]', 'tinyvec', 'a'),
    ('numeric[]', 'tinyvec', 'a')
$$, 'casts of tinyvec: implicit or in assignment');

SELECT set_eq($$
    SELECT am.amname::text, c.opcname::text, c.opcdefault,
        (SELECT string_agg(ao.amopstrategy || ao.amopopr::regoperator::text, ' ' ORDER BY ao.amopstrategy)
         FROM pg_amop ao WHERE ao.amopfamily = c.opcfamily) AS operators,
        (SELECT string_agg(ap.amprocnum || ap.amproc::regproc::text, ' ' ORDER BY ap.amprocnum)
         FROM pg_amproc ap WHERE ap.amprocfamily = c.opcfamily) AS functions
    FROM pg_opclass c JOIN pg_am am ON am.oid = c.opcmethod
    WHERE c.opcintype = 'tinyvec'::regtype AND am.amname IN ('btree', 'hash')
$$, $$VALUES
    ('btree', 'tinyvec_ops', true, '1<(tinyvec,tinyvec) 2<=(tinyvec,tinyvec) 3=(tinyvec,tinyvec) 4>=(tinyvec,tinyvec) 5>(tinyvec,tinyvec)', '1tinyvec_cmp'),
    ('hash', 'tinyvec_ops', true, '1=(tinyvec,tinyvec)', '1tinyvec_hash 2tinyvec_hash_extended')
$$, 'btree and hash classes of tinyvec are its defaults');
SELECT ok(amvalidate(oid), format('the %s class is valid', (SELECT amname FROM pg_am WHERE oid = opcmethod)))
FROM pg_opclass WHERE opcintype = 'tinyvec'::regtype
AND opcmethod IN (SELECT oid FROM pg_am WHERE amname IN ('btree', 'hash'))
ORDER BY opcmethod;

SELECT is_empty($$
    SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'quiver')
    AND d.classid IN ('pg_type'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass,
                      'pg_cast'::regclass, 'pg_opclass'::regclass)
    AND pg_describe_object(d.classid, d.objid, 0) ~ 'tinyvec'
    AND pg_describe_object(d.classid, d.objid, 0) !~ 'type tinyvec\[\]'
    AND obj_description(d.objid, d.classid::regclass::name) IS NULL
$$, 'every object that names tinyvec has a comment');

SELECT * FROM finish();
ROLLBACK;
