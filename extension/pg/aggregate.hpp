// The functions behind an aggregate, looked up as the executor does: transition, final, initial state.
#pragma once

#include "pg/executor.hpp"

extern "C" {
#include "catalog/pg_aggregate.h"
#include "catalog/pg_proc.h"
#include "parser/parse_agg.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"
}

namespace quiver::pg {

struct AggregateFunctions
{
    FmgrInfo transition;
    FmgrInfo final;  // fn_oid is 0 if there is none
    int final_arguments;
    Datum initial;
    bool initial_is_null;
    bool state_by_value;
    std::int16_t state_length;
};

// The user may call a function only with EXECUTE on it.
inline void check_may_execute(Oid function, Oid user, ObjectType kind)
{
#if QUIVER_PLANNER_OF_16
    const AclResult result = object_aclcheck(ProcedureRelationId, function, user, ACL_EXECUTE);
#else
    const AclResult result = pg_proc_aclcheck(function, user, ACL_EXECUTE);
#endif
    if (result != ACLCHECK_OK)
        aclcheck_error(result, kind, get_func_name(function));
}

// The owner of an aggregate is who calls its support functions.
inline Oid owner_of_function(Oid function)
{
    HeapTuple row = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(row))
        elog(ERROR, "cache lookup failed for function %u", function);
    const Oid owner = reinterpret_cast<Form_pg_proc>(GETSTRUCT(row))->proowner;
    ReleaseSysCache(row);
    return owner;
}

inline Datum initial_state(HeapTuple row, Oid type, bool *is_null)
{
    const Datum written = SysCacheGetAttr(AGGFNOID, row, Anum_pg_aggregate_agginitval, is_null);
    if (*is_null)
        return 0;
    Oid input, parameter;
    getTypeInputInfo(type, &input, &parameter);
    return OidInputFunctionCall(input, TextDatumGetCString(written), parameter, -1);
}

inline void look_up_aggregate(Aggref *aggregate, AggregateFunctions *result)
{
    HeapTuple row = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate->aggfnoid));
    if (!HeapTupleIsValid(row))
        elog(ERROR, "cache lookup failed for aggregate %u", aggregate->aggfnoid);
    const auto *form = reinterpret_cast<const FormData_pg_aggregate *>(GETSTRUCT(row));
    check_may_execute(aggregate->aggfnoid, GetUserId(), OBJECT_AGGREGATE);
    const Oid owner = owner_of_function(aggregate->aggfnoid);
    check_may_execute(form->aggtransfn, owner, OBJECT_FUNCTION);
    Oid inputs[FUNC_MAX_ARGS];
    const int count = get_aggregate_argtypes(aggregate, inputs);
    const Oid state =
        resolve_aggregate_transtype(aggregate->aggfnoid, form->aggtranstype, inputs, count);
    get_typlenbyval(state, &result->state_length, &result->state_by_value);
    result->initial = initial_state(row, state, &result->initial_is_null);
    Expr *call = nullptr;
    Expr *inverse = nullptr;
    build_aggregate_transfn_expr(inputs, count, 0, false, state, aggregate->inputcollid,
                                 form->aggtransfn, InvalidOid, &call, &inverse);
    fmgr_info(form->aggtransfn, &result->transition);
    fmgr_info_set_expr(reinterpret_cast<Node *>(call), &result->transition);
    result->final_arguments = form->aggfinalextra ? count + 1 : 1;
    if (OidIsValid(form->aggfinalfn))
    {
        check_may_execute(form->aggfinalfn, owner, OBJECT_FUNCTION);
        build_aggregate_finalfn_expr(inputs, result->final_arguments, state, aggregate->aggtype,
                                     aggregate->inputcollid, form->aggfinalfn, &call);
        fmgr_info(form->aggfinalfn, &result->final);
        fmgr_info_set_expr(reinterpret_cast<Node *>(call), &result->final);
    }
    ReleaseSysCache(row);
}

}  // namespace quiver::pg
