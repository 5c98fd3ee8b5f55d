-- What of halfvec applications rely on: names, arguments, results, attributes, classes.
\ir ../lib/setup.sql
SELECT plan(54);

SELECT is(format('%s %s %s %s', typlen, typalign, typstorage, typcategory), '-1 i e U',
    'values of halfvec have any length, align to four bytes and may move out of line uncompressed')
FROM pg_type WHERE typname = 'halfvec';
SELECT is(format_type('halfvec'::regtype, 3), 'halfvec(3)', 'the type modifier is the dimensions');
SELECT is(typanalyze::text || ' ' || typmodout::text, 'quiver.value_typanalyze -', 'ANALYZE keeps a sample of the type, the modifier has the server''s own output')
FROM pg_type WHERE typname = 'halfvec';

-- Each function by its arguments: result and C symbol, which pg_upgrade and old installs look for.
CREATE TEMP TABLE expected_function (signature text, result text, symbol text);
INSERT INTO expected_function VALUES
    ('halfvec_in(cstring,oid,integer)', 'halfvec', 'halfvec_in'),
    ('halfvec_out(halfvec)', 'cstring', 'halfvec_out'),
    ('halfvec_typmod_in(cstring[])', 'integer', 'halfvec_typmod_in'),
    ('halfvec_recv(internal,oid,integer)', 'halfvec', 'halfvec_recv'),
    ('halfvec_send(halfvec)', 'bytea', 'halfvec_send'),
    ('l2_distance(halfvec,halfvec)', 'double precision', 'halfvec_l2_distance'),
    ('inner_product(halfvec,halfvec)', 'double precision', 'halfvec_inner_product'),
    ('cosine_distance(halfvec,halfvec)', 'double precision', 'halfvec_cosine_distance'),
    ('l1_distance(halfvec,halfvec)', 'double precision', 'halfvec_l1_distance'),
    ('halfvec_l2_squared_distance(halfvec,halfvec)', 'double precision', 'halfvec_l2_squared_distance'),
    ('halfvec_negative_inner_product(halfvec,halfvec)', 'double precision', 'halfvec_negative_inner_product'),
    ('vector_dims(halfvec)', 'integer', 'halfvec_vector_dims'),
    ('l2_norm(halfvec)', 'double precision', 'halfvec_l2_norm'),
    ('l2_normalize(halfvec)', 'halfvec', 'halfvec_l2_normalize'),
    ('binary_quantize(halfvec)', 'bit', 'halfvec_binary_quantize'),
    ('subvector(halfvec,integer,integer)', 'halfvec', 'halfvec_subvector'),
    ('halfvec_spherical_distance(halfvec,halfvec)', 'double precision', 'halfvec_spherical_distance'),
    ('halfvec_add(halfvec,halfvec)', 'halfvec', 'halfvec_add'),
    ('halfvec_sub(halfvec,halfvec)', 'halfvec', 'halfvec_sub'),
    ('halfvec_mul(halfvec,halfvec)', 'halfvec', 'halfvec_mul'),
    ('halfvec_concat(halfvec,halfvec)', 'halfvec', 'halfvec_concat'),
    ('halfvec_scale(halfvec,double precision)', 'halfvec', 'halfvec_scale'),
    ('halfvec_scale(double precision,halfvec)', 'halfvec', 'halfvec_scale_reversed'),
    ('halfvec_lt(halfvec,halfvec)', 'boolean', 'halfvec_lt'),
    ('halfvec_le(halfvec,halfvec)', 'boolean', 'halfvec_le'),
    ('halfvec_eq(halfvec,halfvec)', 'boolean', 'halfvec_eq'),
    ('halfvec_ne(halfvec,halfvec)', 'boolean', 'halfvec_ne'),
    ('halfvec_ge(halfvec,halfvec)', 'boolean', 'halfvec_ge'),
    ('halfvec_gt(halfvec,halfvec)', 'boolean', 'halfvec_gt'),
    ('halfvec_cmp(halfvec,halfvec)', 'integer', 'halfvec_cmp'),
    ('halfvec_hash(halfvec)', 'integer', 'halfvec_hash'),
    ('halfvec_hash_extended(halfvec,bigint)', 'bigint', 'halfvec_hash_extended'),
    ('halfvec_accum(double precision[],halfvec)', 'double precision[]', 'halfvec_accum'),
    ('halfvec_avg(double precision[])', 'halfvec', 'halfvec_avg'),
    ('halfvec_combine(double precision[],double precision[])', 'double precision[]', 'vector_combine'),
    ('halfvec(halfvec,integer,boolean)', 'halfvec', 'halfvec'),
    ('halfvec_to_float4(halfvec,integer,boolean)', 'real[]', 'halfvec_to_float4'),
    ('array_to_halfvec(integer[],integer,boolean)', 'halfvec', 'array_to_halfvec'),
    ('array_to_halfvec(real[],integer,boolean)', 'halfvec', 'array_to_halfvec'),
    ('array_to_halfvec(double precision[],integer,boolean)', 'halfvec', 'array_to_halfvec'),
    ('array_to_halfvec(numeric[],integer,boolean)', 'halfvec', 'array_to_halfvec'),
    ('halfvec_to_vector(halfvec,integer,boolean)', 'vector', 'halfvec_to_vector'),
    ('vector_to_halfvec(vector,integer,boolean)', 'halfvec', 'vector_to_halfvec');
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
    WHERE p.proargtypes = ARRAY['halfvec'::regtype]::oidvector AND p.proparallel = 's'
$$, $$VALUES
    ('avg', 'halfvec_accum', 'halfvec_combine', 'double precision[]', '{0}'),
    ('sum', 'halfvec_add', 'halfvec_add', 'halfvec', NULL)
$$, 'aggregates of halfvec: parallel, with pgvector''s states');

SELECT set_eq($$
    SELECT o.oprname::text, o.oprleft::regtype::text, o.oprright::regtype::text,
        (SELECT p.proname FROM pg_proc p WHERE p.oid = o.oprcode)::text,
        coalesce((SELECT c.oprname FROM pg_operator c WHERE c.oid = o.oprcom), '') AS commutator,
        coalesce((SELECT n.oprname FROM pg_operator n WHERE n.oid = o.oprnegate), '') AS negator,
        o.oprrest::text, o.oprjoin::text, o.oprcanhash, o.oprcanmerge
    FROM pg_operator o WHERE 'halfvec'::regtype IN (o.oprleft, o.oprright)
$$, $$VALUES
    ('<->', 'halfvec', 'halfvec', 'l2_distance', '<->', '', '-', '-', false, false),
    ('<#>', 'halfvec', 'halfvec', 'halfvec_negative_inner_product', '<#>', '', '-', '-', false, false),
    ('<=>', 'halfvec', 'halfvec', 'cosine_distance', '<=>', '', '-', '-', false, false),
    ('<+>', 'halfvec', 'halfvec', 'l1_distance', '<+>', '', '-', '-', false, false),
    ('+', 'halfvec', 'halfvec', 'halfvec_add', '+', '', '-', '-', false, false),
    ('-', 'halfvec', 'halfvec', 'halfvec_sub', '', '', '-', '-', false, false),
    ('*', 'halfvec', 'halfvec', 'halfvec_mul', '*', '', '-', '-', false, false),
    ('*', 'halfvec', 'double precision', 'halfvec_scale', '*', '', '-', '-', false, false),
    ('*', 'double precision', 'halfvec', 'halfvec_scale', '*', '', '-', '-', false, false),
    ('||', 'halfvec', 'halfvec', 'halfvec_concat', '', '', '-', '-', false, false),
    ('<', 'halfvec', 'halfvec', 'halfvec_lt', '>', '>=', 'scalarltsel', 'scalarltjoinsel', false, false),
    ('<=', 'halfvec', 'halfvec', 'halfvec_le', '>=', '>', 'scalarlesel', 'scalarlejoinsel', false, false),
    ('=', 'halfvec', 'halfvec', 'halfvec_eq', '=', '<>', 'eqsel', 'eqjoinsel', true, true),
    ('<>', 'halfvec', 'halfvec', 'halfvec_ne', '<>', '=', 'neqsel', 'neqjoinsel', false, false),
    ('>=', 'halfvec', 'halfvec', 'halfvec_ge', '<=', '<', 'scalargesel', 'scalargejoinsel', false, false),
    ('>', 'halfvec', 'halfvec', 'halfvec_gt', '<', '<=', 'scalargtsel', 'scalargtjoinsel', false, false)
$$, 'operators of halfvec');

SELECT set_eq($$
    SELECT castsource::regtype::text, casttarget::regtype::text, castcontext::text FROM pg_cast
    WHERE 'halfvec'::regtype IN (castsource, casttarget)
    AND (castsource::regtype::text || casttarget::regtype::text) !~ 'tinyvec|sparsevec'
$$, $$VALUES
    ('halfvec', 'halfvec', 'i'),
    ('halfvec', 'vector', 'a'),
    ('vector', 'halfvec', 'i'),
    ('halfvec', 'real[]', 'a'),
    ('integer[]', 'halfvec', 'a'),
    ('real[]', 'halfvec', 'a'),
    ('double precision[]', 'halfvec', 'a'),
    ('numeric[]', 'halfvec', 'a')
$$, 'casts of halfvec: implicit or in assignment');

SELECT set_eq($$
    SELECT am.amname::text, c.opcname::text, c.opcdefault,
        (SELECT string_agg(ao.amopstrategy || ao.amopopr::regoperator::text, ' ' ORDER BY ao.amopstrategy)
         FROM pg_amop ao WHERE ao.amopfamily = c.opcfamily) AS operators,
        (SELECT string_agg(ap.amprocnum || ap.amproc::regproc::text, ' ' ORDER BY ap.amprocnum)
         FROM pg_amproc ap WHERE ap.amprocfamily = c.opcfamily) AS functions
    FROM pg_opclass c JOIN pg_am am ON am.oid = c.opcmethod
    WHERE c.opcintype = 'halfvec'::regtype AND am.amname IN ('btree', 'hash')
$$, $$VALUES
    ('btree', 'halfvec_ops', true, '1<(halfvec,halfvec) 2<=(halfvec,halfvec) 3=(halfvec,halfvec) 4>=(halfvec,halfvec) 5>(halfvec,halfvec)', '1halfvec_cmp'),
    ('hash', 'halfvec_ops', true, '1=(halfvec,halfvec)', '1halfvec_hash 2halfvec_hash_extended')
$$, 'btree and hash classes of halfvec are its defaults');
SELECT ok(amvalidate(oid), format('the %s class is valid', (SELECT amname FROM pg_am WHERE oid = opcmethod)))
FROM pg_opclass WHERE opcintype = 'halfvec'::regtype
AND opcmethod IN (SELECT oid FROM pg_am WHERE amname IN ('btree', 'hash'))
ORDER BY opcmethod;

SELECT is_empty($$
    SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'quiver')
    AND d.classid IN ('pg_type'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass,
                      'pg_cast'::regclass, 'pg_opclass'::regclass)
    AND pg_describe_object(d.classid, d.objid, 0) ~ 'halfvec'
    AND pg_describe_object(d.classid, d.objid, 0) !~ 'type halfvec\[\]'
    AND obj_description(d.objid, d.classid::regclass::name) IS NULL
$$, 'every object that names halfvec has a comment');

SELECT * FROM finish();
ROLLBACK;
