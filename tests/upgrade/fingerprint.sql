-- Everything the extension owns, one line an object or property, sorted; no OID in it. Two installations are
-- the same if their lines are.
SET search_path = pg_catalog;
WITH owned AS (
    SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name
      FROM pg_depend
     WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
       AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'quiver')
), relations AS (
    SELECT o.name, c.* FROM owned o JOIN pg_class c ON o.classid = 'pg_class'::regclass AND c.oid = o.objid
), lines AS (
    SELECT name || ': owned' AS line FROM owned
    UNION ALL
    SELECT format('%s: comment %s', name, obj_description(objid, classid::regclass::name)) FROM owned
    UNION ALL
    SELECT format('%s: %s', o.name,
                  to_jsonb(p) - '{oid,proname,pronamespace,proowner,prosupport,prolang,prorettype,proargtypes,proallargtypes,provariadic,proargdefaults,prosqlbody}'::text[]
                  || jsonb_build_object('support', p.prosupport::regproc, 'language', l.lanname, 'body', pg_get_function_sqlbody(p.oid),
                                        'arguments', pg_get_function_arguments(p.oid), 'result', pg_get_function_result(p.oid)))
      FROM owned o JOIN pg_proc p ON o.classid = 'pg_proc'::regclass AND p.oid = o.objid JOIN pg_language l ON l.oid = p.prolang
    UNION ALL
    SELECT format('%s: aggregate %s', o.name,
                  jsonb_build_array(a.aggkind, a.aggnumdirectargs, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                                    a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggfinalextra, a.aggfinalmodify, a.aggsortop::regoperator,
                                    a.aggtranstype::regtype, a.aggtransspace, a.agginitval))
      FROM owned o JOIN pg_aggregate a ON o.classid = 'pg_proc'::regclass AND a.aggfnoid = o.objid
    UNION ALL
    SELECT format('%s: operator %s', o.name,
                  jsonb_build_array(p.oprkind, p.oprcanmerge, p.oprcanhash, p.oprresult::regtype, p.oprcom::regoperator, p.oprnegate::regoperator,
                                    p.oprcode, p.oprrest, p.oprjoin))
      FROM owned o JOIN pg_operator p ON o.classid = 'pg_operator'::regclass AND p.oid = o.objid
    UNION ALL
    SELECT format('%s: cast by %s, context %s, method %s', o.name, c.castfunc::regprocedure, c.castcontext, c.castmethod)
      FROM owned o JOIN pg_cast c ON o.classid = 'pg_cast'::regclass AND c.oid = o.objid
    UNION ALL
    SELECT format('%s: type %s', o.name,
                  to_jsonb(t) - '{oid,typname,typnamespace,typowner,typrelid,typelem,typarray,typbasetype,typcollation,typdefaultbin}'::text[]
                  || jsonb_build_object('element', t.typelem::regtype, 'base', t.typbasetype::regtype))
      FROM owned o JOIN pg_type t ON o.classid = 'pg_type'::regclass AND t.oid = o.objid
    UNION ALL
    SELECT format('%s: class for %s, key %s, default %s, family %s', o.name, c.opcintype::regtype, c.opckeytype::regtype, c.opcdefault,
                  pg_describe_object('pg_opfamily'::regclass, c.opcfamily, 0))
      FROM owned o JOIN pg_opclass c ON o.classid = 'pg_opclass'::regclass AND c.oid = o.objid
    UNION ALL
    SELECT format('%s: strategy %s %s, purpose %s, order %s', o.name, a.amopstrategy, a.amopopr::regoperator, a.amoppurpose,
                  CASE WHEN a.amopsortfamily <> 0 THEN pg_describe_object('pg_opfamily'::regclass, a.amopsortfamily, 0) END)
      FROM owned o JOIN pg_amop a ON o.classid = 'pg_opfamily'::regclass AND a.amopfamily = o.objid
    UNION ALL
    SELECT format('%s: support %s %s for %s, %s', o.name, a.amprocnum, a.amproc::regprocedure, a.amproclefttype::regtype, a.amprocrighttype::regtype)
      FROM owned o JOIN pg_amproc a ON o.classid = 'pg_opfamily'::regclass AND a.amprocfamily = o.objid
    UNION ALL
    SELECT format('%s: access method %s, %s', o.name, a.amtype, a.amhandler)
      FROM owned o JOIN pg_am a ON o.classid = 'pg_am'::regclass AND a.oid = o.objid
    UNION ALL
    SELECT format('%s: schema, granted %s', o.name, n.nspacl)
      FROM owned o JOIN pg_namespace n ON o.classid = 'pg_namespace'::regclass AND n.oid = o.objid
    UNION ALL
    SELECT format('%s: relation %s, granted %s, options %s, row security %s %s, view %s', name, relkind, relacl, reloptions, relrowsecurity,
                  relforcerowsecurity, CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END)
      FROM relations
    UNION ALL
    SELECT format('%s: column %s %s %s, not null %s, %s, default %s, granted %s, comment %s', r.name, a.attnum, a.attname,
                  format_type(a.atttypid, a.atttypmod), a.attnotnull, concat(a.attidentity, a.attgenerated, a.attstorage),
                  pg_get_expr(d.adbin, d.adrelid), a.attacl, col_description(r.oid, a.attnum))
      FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
           LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
    UNION ALL
    SELECT format('%s: constraint %s %s', r.name, c.conname, pg_get_constraintdef(c.oid)) FROM relations r JOIN pg_constraint c ON c.conrelid = r.oid
    UNION ALL
    SELECT format('%s: index %s', r.name, pg_get_indexdef(i.indexrelid)) FROM relations r JOIN pg_index i ON i.indrelid = r.oid
    UNION ALL
    SELECT format('%s: trigger %s, %s', r.name, pg_get_triggerdef(t.oid), t.tgenabled)
      FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT format('%s: policy %s %s %s using %s check %s', r.name, p.polname, p.polcmd, p.polroles::regrole[], pg_get_expr(p.polqual, r.oid),
                  pg_get_expr(p.polwithcheck, r.oid))
      FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT format('%s: event trigger %s', o.name, jsonb_build_array(e.evtevent, e.evtfoid::regproc, e.evtenabled, e.evttags))
      FROM owned o JOIN pg_event_trigger e ON o.classid = 'pg_event_trigger'::regclass AND e.oid = o.objid
    UNION ALL
    SELECT format('dumped with its rows: %s where %s', configured.relation::regclass, configured.condition)
      FROM pg_extension, unnest(extconfig, extcondition) AS configured(relation, condition) WHERE extname = 'quiver'
)
SELECT line FROM lines ORDER BY line COLLATE "C";
