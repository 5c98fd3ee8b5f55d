// Look up the functions that compare and hash keys and times.
#include "features/asof_values.hpp"

namespace quiver::features {
namespace {

Ordinal kind_of(Oid type)
{
    switch (type)
    {
    case INT2OID:
        return Ordinal::int2;
    case INT4OID:
    case DATEOID:
        return Ordinal::int4;
    case INT8OID:
    case TIMEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
        return Ordinal::int8;
    case FLOAT8OID:
        return Ordinal::float8;
    default:
        return Ordinal::none;
    }
}

bool is_integer(Oid type) { return type == INT2OID || type == INT4OID || type == INT8OID; }

void prepare_key(KeyFunctions *key, const KeyPlan &plan, PlanState *node)
{
    const Oid equal =
        get_opfamily_member(plan.family, plan.history_type, plan.spine_type, BTEqualStrategyNumber);
    const Oid same =
        get_opfamily_member(plan.family, plan.spine_type, plan.spine_type, BTEqualStrategyNumber);
    RegProcedure hash_history, hash_spine;
    if (!OidIsValid(equal) || !OidIsValid(same) ||
        !get_op_hash_functions(equal, &hash_history, &hash_spine))
        elog(ERROR, "operator family %u lost its equality or hash functions", plan.family);
    fmgr_info(hash_history, &key->hash_history);
    fmgr_info(hash_spine, &key->hash_spine);
    fmgr_info(get_opcode(equal), &key->equal);
    fmgr_info(get_opcode(same), &key->same);
    fmgr_info(get_opfamily_proc(plan.family, plan.history_type, plan.spine_type, BTORDER_PROC),
              &key->order);
    key->collation = plan.collation;
    key->history = plan.history;
    key->spine = ExecInitExpr(plan.spine, node);
    get_typlenbyval(exprType(reinterpret_cast<Node *>(plan.spine)), &key->length, &key->by_value);
}

void prepare_sort(SortSupportData *order, Oid sort_operator, Oid collation, bool nulls_first,
                  AttrNumber column)
{
    order->ssup_cxt = CurrentMemoryContext;
    order->ssup_collation = collation;
    order->ssup_nulls_first = nulls_first;
    order->ssup_attno = column;
    order->abbreviate = false;
    PrepareSortSupportFromOrderingOp(sort_operator, order);
}

}  // namespace

Ordinal ordinal_of(Oid type, Oid other_type, Oid family)
{
    const bool comparable = type == other_type || (is_integer(type) && is_integer(other_type));
    if (!comparable || lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf != family)
        return Ordinal::none;
    return kind_of(type);
}

void prepare_values(Values *values, const AsofPlan &plan, PlanState *node)
{
    values->key_count = plan.key_count;
    values->keys = static_cast<KeyFunctions *>(
        palloc0(sizeof(KeyFunctions) * static_cast<std::size_t>(plan.key_count + 1)));
    for (int i = 0; i < plan.key_count; ++i)
        prepare_key(&values->keys[i], plan.keys[i], node);
    if (plan.key_count == 1)
    {
        const KeyPlan &key = plan.keys[0];
        values->history_key = ordinal_of(key.history_type, key.spine_type, key.family);
        values->spine_key = ordinal_of(key.spine_type, key.history_type, key.family);
    }
    values->strict = plan.strict;
    values->forward = plan.forward;
    values->time = plan.time;
    values->seen = plan.seen;
    values->spine_time = ExecInitExpr(plan.spine_time, node);
    values->history_time = ordinal_of(plan.history_type, plan.spine_type, plan.family);
    values->spine_ordinal = ordinal_of(plan.spine_type, plan.history_type, plan.family);
    values->time_collation = plan.collation;
    fmgr_info(get_opfamily_proc(plan.family, plan.history_type, plan.spine_type, BTORDER_PROC),
              &values->time_order);
    const auto strategy = plan.forward ? BTLessStrategyNumber : BTGreaterStrategyNumber;
    prepare_sort(&values->newest,
                 get_opfamily_member(plan.family, plan.history_type, plan.history_type, strategy),
                 plan.collation, false, plan.time);

    values->tie_count = plan.tie_count;
    values->ties =
        static_cast<Tie *>(palloc0(sizeof(Tie) * static_cast<std::size_t>(plan.tie_count + 1)));
    for (int i = 0; i < plan.tie_count; ++i)
    {
        const TiePlan &tie = plan.ties[i];
        prepare_sort(&values->ties[i].order, tie.sort_operator, tie.collation, tie.nulls_first,
                     tie.history);
        values->ties[i].history = tie.history;
        values->ties[i].payload = tie.payload;
    }

    const auto bounds = static_cast<std::size_t>(plan.bound_count) + 1;
    values->bound_count = plan.bound_count;
    values->bound_functions = static_cast<FmgrInfo *>(palloc0(sizeof(FmgrInfo) * bounds));
    values->bounds = static_cast<ExprState **>(palloc0(sizeof(ExprState *) * bounds));
    for (int i = 0; i < plan.bound_count; ++i)
    {
        fmgr_info(get_opcode(plan.bound_operators[i]), &values->bound_functions[i]);
        values->bounds[i] = ExecInitExpr(static_cast<Expr *>(list_nth(plan.bounds, i)), node);
    }
}

bool read_spine(Values &values, ExprContext *econtext, Datum *keys, Datum *time)
{
    bool is_null;
    for (int i = 0; i < values.key_count; ++i)
    {
        keys[i] = ExecEvalExprSwitchContext(values.keys[i].spine, econtext, &is_null);
        if (is_null)
            return false;
    }
    *time = ExecEvalExprSwitchContext(values.spine_time, econtext, &is_null);
    return !is_null;
}

bool within_bounds(Values &values, ExprContext *econtext, Datum time)
{
    for (int i = 0; i < values.bound_count; ++i)
    {
        bool is_null;
        const Datum bound = ExecEvalExprSwitchContext(values.bounds[i], econtext, &is_null);
        if (is_null || !DatumGetBool(FunctionCall2Coll(&values.bound_functions[i],
                                                       values.time_collation, time, bound)))
            return false;
    }
    return true;
}

}  // namespace quiver::features
