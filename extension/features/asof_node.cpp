// The as-of join to the executor: begin, rows, rescan, end, EXPLAIN.
#include "features/asof_state.hpp"

namespace quiver::features {
namespace {

TupleDesc payload_descriptor(const AsofPlan &plan, TupleDesc history)
{
    TupleDesc payload = CreateTemplateTupleDesc(plan.payload_count);
    for (int i = 0; i < plan.payload_count; ++i)
        TupleDescCopyEntry(payload, static_cast<AttrNumber>(i + 1), history,
                           plan.payloads[i].history);
    return payload;
}

bool all_by_value(TupleDesc payload)
{
    for (int i = 0; i < payload->natts; ++i)
    {
        if (!TupleDescAttr(payload, i)->attbyval)
            return false;
    }
    return true;
}

int last_column(const AsofPlan &plan)
{
    int last = plan.time > plan.seen ? plan.time : plan.seen;
    for (int i = 0; i < plan.key_count; ++i)
        last = plan.keys[i].history > last ? plan.keys[i].history : last;
    for (int i = 0; i < plan.payload_count; ++i)
        last = plan.payloads[i].history > last ? plan.payloads[i].history : last;
    return last;
}

void prepare_expressions(AsofState *state)
{
    PlanState *node = &state->custom.ss.ps;
    state->join_quals = ExecInitQual(state->plan.join_quals, node);
    state->filters = ExecInitQual(state->plan.filters, node);
    state->outputs = static_cast<ExprState **>(palloc0(
        sizeof(ExprState *) * static_cast<std::size_t>(list_length(state->plan.outputs) + 1)));
    int at = 0;
    ListCell *cell;
    foreach (cell, state->plan.outputs)
        state->outputs[at++] = ExecInitExpr(static_cast<Expr *>(lfirst(cell)), node);
}

void begin(CustomScanState *node, EState *estate, int eflags)
{
    AsofState *state = asof_state(node);
    auto *scan = castNode(CustomScan, node->ss.ps.plan);
    const int child_flags = eflags & ~(EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK);
    ListCell *cell;
    foreach (cell, scan->custom_plans)
        node->custom_ps = lappend(
            node->custom_ps, ExecInitNode(static_cast<Plan *>(lfirst(cell)), estate, child_flags));
    state->plan = decode(scan);
    TupleDesc history = ExecGetResultType(history_child(state));
    prepare_values(&state->values, state->plan, &node->ss.ps);
    prepare_expressions(state);
    state->payload = payload_descriptor(state->plan, history);
    state->flat = all_by_value(state->payload);
    state->history_columns = last_column(state->plan);
    state->payload_row = MakeSingleTupleTableSlot(state->payload, &TTSOpsMinimalTuple);
    state->spine_row =
        MakeSingleTupleTableSlot(ExecGetResultType(spine_child(state)), &TTSOpsMinimalTuple);
    state->history_row = MakeSingleTupleTableSlot(history, &TTSOpsMinimalTuple);
    state->memory =
        AllocSetContextCreate(estate->es_query_cxt, "quiver as-of join", ALLOCSET_DEFAULT_SIZES);
}

TupleTableSlot *next_row(CustomScanState *node)
{
    AsofState *state = asof_state(node);
    if (!state->ready)
        read_inputs(state);
    return next_output(state);
}

void end(CustomScanState *node)
{
    forget_inputs(asof_state(node));
    ListCell *cell;
    foreach (cell, node->custom_ps)
        ExecEndNode(static_cast<PlanState *>(lfirst(cell)));
}

// With the same inputs, what the index holds is given out again; sorts are read anew.
void rescan(CustomScanState *node)
{
    AsofState *state = asof_state(node);
    bool changed = node->ss.ps.chgParam != nullptr;
    ListCell *cell;
    foreach (cell, node->custom_ps)
    {
        auto *child = static_cast<PlanState *>(lfirst(cell));
        if (node->ss.ps.chgParam != nullptr)
            UpdateChangedParamSet(child, node->ss.ps.chgParam);
        changed |= child->chgParam != nullptr;
    }
    if (state->ready && !changed && state->spine != nullptr && state->shared == nullptr &&
        state->batches.count == 0)
    {
        tuplestore_rescan(state->spine);
        state->next_row = 0;
        return;
    }
    forget_inputs(state);
    foreach (cell, node->custom_ps)
    {
        auto *child = static_cast<PlanState *>(lfirst(cell));
        if (child->chgParam == nullptr)
            ExecReScan(child);
    }
}

const CustomExecMethods exec_methods = {.CustomName = asof_node_name,
                                        .BeginCustomScan = begin,
                                        .ExecCustomScan = next_row,
                                        .EndCustomScan = end,
                                        .ReScanCustomScan = rescan,
                                        .EstimateDSMCustomScan = estimate_shared,
                                        .InitializeDSMCustomScan = begin_shared,
                                        .ReInitializeDSMCustomScan = begin_shared_again,
                                        .InitializeWorkerCustomScan = join_shared,
                                        .ShutdownCustomScan = leave_shared,
                                        .ExplainCustomScan = explain_asof};

const char *strategy_name(const AsofState *state)
{
    const bool ran = state->ready;
    if (ran && state->batches.count > 0)
        return psprintf("hash of the spine, in %d batches", state->batches.count);
    if (ran && state->lender != nullptr)
        return "hash of the spine, shared with the join below";
    if (ran ? state->merge == nullptr : state->plan.strategy == Strategy::hash)
        return "hash of the spine";
    return "sort and merge";
}

void show_clauses(const char *label, List *clauses, AsofState *state, List *ancestors,
                  ExplainState *es)
{
    if (clauses == NIL)
        return;
    List *context = set_deparse_context_plan(es->deparse_cxt, state->custom.ss.ps.plan, ancestors);
    auto *all = reinterpret_cast<Node *>(make_ands_explicit(clauses));
    ExplainPropertyText(label, deparse_expression(all, context, true, false), es);
}

}  // namespace

void explain_asof(CustomScanState *node, List *ancestors, ExplainState *es)
{
    AsofState *state = asof_state(node);
    ExplainPropertyText("Strategy", strategy_name(state), es);
    ExplainPropertyText("Join Type", state->plan.inner ? "Inner" : "Left", es);
    show_clauses("As Of", state->plan.shown, state, ancestors, es);
    show_clauses("Join Filter", state->plan.join_quals, state, ancestors, es);
    show_clauses("Filter", state->plan.filters, state, ancestors, es);
    if (!es->analyze)
        return;
    ExplainPropertyUInteger("Spine Rows", nullptr, state->spine_rows, es);
    ExplainPropertyUInteger("History Rows", nullptr, state->history_rows, es);
    if (state->merge == nullptr)
        ExplainPropertyUInteger("Rows Kept", nullptr, state->kept, es);
    ExplainPropertyUInteger("Index Memory", "kB", state->peak / 1024, es);
}

bool is_asof_state(PlanState *node)
{
    return IsA(node, CustomScanState) &&
           reinterpret_cast<CustomScanState *>(node)->methods == &exec_methods;
}

Node *create_asof_state(CustomScan *)
{
    auto *state = static_cast<AsofState *>(palloc0(sizeof(AsofState)));
    NodeSetTag(state, T_CustomScanState);
    state->custom.methods = &exec_methods;
    return reinterpret_cast<Node *>(state);
}

}  // namespace quiver::features
