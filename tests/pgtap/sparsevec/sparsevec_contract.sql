-- What the catalogs say of sparsevec: signatures, operators, casts and classes an application may rely on.
\ir ../lib/setup.sql
SELECT plan(90);

SELECT results_eq(
    $$SELECT typlen::int, typalign::text, typstorage::text, typinput::text, typoutput::text, typreceive::text, typsend::text,
             typmodin::text, typmodout::text, typanalyze::text
        FROM pg_type WHERE oid = 'sparsevec'::regtype$$,
    $$VALUES (-1, 'i', 'e', 'sparsevec_in', 'sparsevec_out', 'sparsevec_recv', 'sparsevec_send', 'sparsevec_typmod_in', '-', 'quiver.value_typanalyze')$$,
    'the type is variable in length, aligned to four bytes, stored external and sampled by ANALYZE');
SELECT has_type('_sparsevec'::name, 'it has an array type');

CREATE TEMP TABLE promised (name text, arguments text, result text);
INSERT INTO promised VALUES
    ('l2_distance', 'sparsevec,sparsevec', 'double precision'),
    ('inner_product', 'sparsevec,sparsevec', 'double precision'),
    ('cosine_distance', 'sparsevec,sparsevec', 'double precision'),
    ('l1_distance', 'sparsevec,sparsevec', 'double precision'),
    ('sparsevec_l2_squared_distance', 'sparsevec,sparsevec', 'double precision'),
    ('sparsevec_negative_inner_product', 'sparsevec,sparsevec', 'double precision'),
    ('l2_norm', 'sparsevec', 'double precision'),
    ('l2_normalize', 'sparsevec', 'sparsevec'),
    ('vector_dims', 'sparsevec', 'integer'),
    ('nonzero_count', 'sparsevec', 'integer'),
    ('subvector', 'sparsevec,integer,integer', 'sparsevec'),
    ('binary_quantize', 'sparsevec', 'bit'),
    ('sparsevec_add', 'sparsevec,sparsevec', 'sparsevec'),
    ('sparsevec_sub', 'sparsevec,sparsevec', 'sparsevec'),
    ('sparsevec_mul', 'sparsevec,sparsevec', 'sparsevec'),
    ('sparsevec_concat', 'sparsevec,sparsevec', 'sparsevec'),
    ('sparsevec_lt', 'sparsevec,sparsevec', 'boolean'),
    ('sparsevec_le', 'sparsevec,sparsevec', 'boolean'),
    ('sparsevec_eq', 'sparsevec,sparsevec', 'boolean'),
    ('sparsevec_ne', 'sparsevec,sparsevec', 'boolean'),
    ('sparsevec_ge', 'sparsevec,sparsevec', 'boolean'),
    ('sparsevec_gt', 'sparsevec,sparsevec', 'boolean'),
    ('sparsevec_cmp', 'sparsevec,sparsevec', 'integer'),
    ('sparsevec_hash', 'sparsevec', 'integer'),
    ('sparsevec_hash_extended', 'sparsevec,bigint', 'bigint'),
    ('sparsevec', 'sparsevec,integer,boolean', 'sparsevec'),
    ('vector_to_sparsevec', 'vector,integer,boolean', 'sparsevec'),
    ('sparsevec_to_vector', 'sparsevec,integer,boolean', 'vector'),
    ('halfvec_to_sparsevec', 'halfvec,integer,boolean', 'sparsevec'),
    ('sparsevec_to_halfvec', 'sparsevec,integer,boolean', 'halfvec'),
    ('tinyvec_to_sparsevec', 'tinyvec,integer,boolean', 'sparsevec'),
    ('sparsevec_to_tinyvec', 'sparsevec,integer,boolean', 'tinyvec'),
    ('array_to_sparsevec', 'integer[],integer,boolean', 'sparsevec'),
    ('array_to_sparsevec', 'real[],integer,boolean', 'sparsevec'),
    ('array_to_sparsevec', 'double precision[],integer,boolean', 'sparsevec'),
    ('array_to_sparsevec', 'numeric[],integer,boolean', 'sparsevec');
SELECT is((SELECT format_type(prorettype, NULL) || ' ' || provolatile::text || proisstrict || proparallel::text
             FROM pg_proc WHERE oid = to_regprocedure(name || '(' || arguments || ')')),
          result || ' itrues', name || '(' || arguments || ') is there, immutable, strict and parallel safe')
  FROM promised;
SELECT is(prosupport::text, 'quiver.sparsevec_distance_support', proname || ' tells the planner its cost')
  FROM pg_proc JOIN promised ON proname = name AND result = 'double precision' AND arguments = 'sparsevec,sparsevec'
 WHERE oid = to_regprocedure(name || '(' || arguments || ')');

CREATE TEMP TABLE operators (name text, left_type text, right_type text, result text, function text, commutator text, negator text, restriction text);
INSERT INTO operators VALUES
    ('<->', 'sparsevec', 'sparsevec', 'double precision', 'l2_distance', '<->', NULL, '-'),
    ('<#>', 'sparsevec', 'sparsevec', 'double precision', 'sparsevec_negative_inner_product', '<#>', NULL, '-'),
    ('<=>', 'sparsevec', 'sparsevec', 'double precision', 'cosine_distance', '<=>', NULL, '-'),
    ('<+>', 'sparsevec', 'sparsevec', 'double precision', 'l1_distance', '<+>', NULL, '-'),
    ('+', 'sparsevec', 'sparsevec', 'sparsevec', 'sparsevec_add', '+', NULL, '-'),
    ('-', 'sparsevec', 'sparsevec', 'sparsevec', 'sparsevec_sub', NULL, NULL, '-'),
    ('*', 'sparsevec', 'sparsevec', 'sparsevec', 'sparsevec_mul', '*', NULL, '-'),
    ('||', 'sparsevec', 'sparsevec', 'sparsevec', 'sparsevec_concat', NULL, NULL, '-'),
    ('<', 'sparsevec', 'sparsevec', 'boolean', 'sparsevec_lt', '>', '>=', 'scalarltsel'),
    ('<=', 'sparsevec', 'sparsevec', 'boolean', 'sparsevec_le', '>=', '>', 'scalarlesel'),
    ('=', 'sparsevec', 'sparsevec', 'boolean', 'sparsevec_eq', '=', '<>', 'eqsel'),
    ('<>', 'sparsevec', 'sparsevec', 'boolean', 'sparsevec_ne', '<>', '=', 'neqsel'),
    ('>=', 'sparsevec', 'sparsevec', 'boolean', 'sparsevec_ge', '<=', '<', 'scalargesel'),
    ('>', 'sparsevec', 'sparsevec', 'boolean', 'sparsevec_gt', '<', '<=', 'scalargtsel');
SELECT is((SELECT concat_ws(' ', format_type(o.oprresult, NULL), p.proname, c.oprname, n.oprname, o.oprrest)
             FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode
             LEFT JOIN pg_operator c ON c.oid = o.oprcom LEFT JOIN pg_operator n ON n.oid = o.oprnegate
            WHERE o.oid = to_regoperator(format('%s(%s,%s)', name, left_type, right_type))),
          concat_ws(' ', result, function, commutator, negator, restriction), format('operator %s is as promised', name))
  FROM operators;
SELECT ok(oprcanhash AND oprcanmerge, 'equality hashes and merges') FROM pg_operator WHERE oid = '=(sparsevec,sparsevec)'::regoperator;
SELECT has_operator('sparsevec', '*', 'double precision', 'sparsevec');
SELECT has_operator('double precision', '*', 'sparsevec', 'sparsevec');

SELECT is(castcontext::text, context, format('%s to %s is cast in context %s', source, target, context))
  FROM (VALUES ('sparsevec', 'sparsevec', 'i'), ('sparsevec', 'vector', 'a'), ('vector', 'sparsevec', 'i'),
               ('sparsevec', 'halfvec', 'a'), ('halfvec', 'sparsevec', 'i'), ('sparsevec', 'tinyvec', 'a'),
               ('tinyvec', 'sparsevec', 'a'), ('integer[]', 'sparsevec', 'a'), ('real[]', 'sparsevec', 'a'),
               ('double precision[]', 'sparsevec', 'a'), ('numeric[]', 'sparsevec', 'a')) c(source, target, context)
  JOIN pg_cast ON castsource = source::regtype AND casttarget = target::regtype;

SELECT is(count(*), 1::bigint, 'sparsevec_ops is the default class of ' || method)
  FROM unnest(ARRAY['btree', 'hash']) method
  JOIN pg_am ON amname = method
  JOIN pg_opclass ON opcmethod = pg_am.oid AND opcname = 'sparsevec_ops' AND opcintype = 'sparsevec'::regtype AND opcdefault
 GROUP BY method;
SELECT ok(amvalidate(oid), opcname || ' is complete') FROM pg_opclass WHERE opcname = 'sparsevec_ops';

SELECT is(concat_ws(' ', aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, proparallel),
          format('sparsevec_accum sparsevec_%s sparsevec_combine sparsevec_accum_serialize sparsevec_accum_deserialize s', name),
          name || ' can be computed in parallel')
  FROM unnest(ARRAY['sum', 'avg']) name
  JOIN pg_proc p ON p.oid = to_regprocedure(name || '(sparsevec)') JOIN pg_aggregate a ON a.aggfnoid = p.oid;

-- NULL in, NULL out: every strict function, called with NULLs of its argument types.
CREATE FUNCTION pg_temp.with_nulls(name text, arguments text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE is_null boolean;
BEGIN
    EXECUTE format('SELECT %I(%s) IS NULL', name,
                   (SELECT string_agg('NULL::' || argument, ', ') FROM string_to_table(arguments, ',') argument)) INTO is_null;
    RETURN is_null;
END $$;
SELECT ok(pg_temp.with_nulls(name, arguments), format('%s of NULL is NULL', name))
  FROM promised WHERE name NOT LIKE 'sparsevec\_%' AND name NOT LIKE 'array%' AND arguments LIKE 'sparsevec%';
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
                   JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'quiver'
                   WHERE d.classid = 'pg_proc'::regclass AND p.proargtypes::oid[] @> ARRAY['sparsevec'::regtype::oid]
                     AND obj_description(p.oid, 'pg_proc') IS NULL$$, 'every function of sparsevec has a comment');

SELECT * FROM finish();
ROLLBACK;
