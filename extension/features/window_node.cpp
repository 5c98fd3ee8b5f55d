// Windows to the executor: read both sides, give out spine rows with their aggregates, explain.
#include "features/window_state.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

void prepare_aggregates(WindowState *state, EState *estate)
{
    const auto count = static_cast<std::size_t>(state->plan.count) + 1;
    state->general = static_cast<GeneralAggregate **>(palloc0(sizeof(void *) * count));
    for (int i = 0; i < state->plan.count; ++i)
    {
        const WindowAggregate &aggregate = state->plan.aggregates[i];
        if (aggregate.kind == WindowKind::general)
            state->general[i] = prepare_general(aggregate, estate);
        else
            pg::check_may_execute(aggregate.aggregate->aggfnoid, GetUserId(), OBJECT_AGGREGATE);
    }
    state->runs = static_cast<Run *>(
        palloc0(sizeof(Run) * static_cast<std::size_t>(state->plan.join.payload_count + 1)));
    state->arguments = static_cast<Run *>(palloc0(sizeof(Run) * FUNC_MAX_ARGS));
}

void begin(CustomScanState *node, EState *estate, int eflags)
{
    WindowState *state = window_state(node);
    auto *scan = castNode(CustomScan, node->ss.ps.plan);
    const int child_flags = eflags & ~(EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK);
    ListCell *cell;
    foreach (cell, scan->custom_plans)
        node->custom_ps = lappend(
            node->custom_ps, ExecInitNode(static_cast<Plan *>(lfirst(cell)), estate, child_flags));
    state->plan = decode_windows(scan);
    PlanState *self = &node->ss.ps;
    const AsofPlan &join = state->plan.join;
    prepare_values(&state->values, join, self);
    state->known_by = ExecInitExpr(state->plan.known_by, self);
    state->join_quals = ExecInitQual(join.join_quals, self);
    state->filters = ExecInitQual(join.filters, self);
    state->outputs = static_cast<ExprState **>(
        palloc0(sizeof(ExprState *) * static_cast<std::size_t>(list_length(join.outputs) + 1)));
    int at = 0;
    foreach (cell, join.outputs)
        state->outputs[at++] = ExecInitExpr(static_cast<Expr *>(lfirst(cell)), self);
    prepare_aggregates(state, estate);
    state->history_columns = std::max(join.time, static_cast<AttrNumber>(1));
    for (int i = 0; i < join.key_count; ++i)
        state->history_columns = std::max<int>(state->history_columns, join.keys[i].history);
    for (int i = 0; i < join.payload_count; ++i)
        state->history_columns = std::max<int>(state->history_columns, join.payloads[i].history);
    state->spine_row =
        MakeSingleTupleTableSlot(ExecGetResultType(spine_of(state)), &TTSOpsMinimalTuple);
    state->history_row =
        MakeSingleTupleTableSlot(ExecGetResultType(history_of(state)), &TTSOpsMinimalTuple);
    state->memory =
        AllocSetContextCreate(estate->es_query_cxt, "quiver windows", ALLOCSET_DEFAULT_SIZES);
}

void fill_spine(WindowState *state, TupleTableSlot *scan, TupleTableSlot *spine)
{
    const int columns = state->plan.join.spine_columns;
    slot_getsomeattrs(spine, columns);
    ExecClearTuple(scan);
    std::copy_n(spine->tts_values, columns, scan->tts_values);
    std::copy_n(spine->tts_isnull, columns, scan->tts_isnull);
    std::fill(scan->tts_isnull + columns, scan->tts_isnull + state->plan.join.scan_columns, true);
    ExecStoreVirtualTuple(scan);
}

// The scan tuple of one spine row; false if the row has no place in the output.
bool join(WindowState *state, TupleTableSlot *scan, TupleTableSlot *spine)
{
    CustomScanState *node = &state->custom;
    ExprContext *econtext = node->ss.ps.ps_ExprContext;
    ResetExprContext(econtext);
    fill_spine(state, scan, spine);
    econtext->ecxt_scantuple = scan;
    MemoryContext caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
    aggregate_window(state, scan->tts_values + state->plan.computed_place,
                     scan->tts_isnull + state->plan.computed_place);
    int at = 0;
    ListCell *cell;
    foreach (cell, state->plan.join.output_places)
    {
        const int place = lfirst_int(cell);
        scan->tts_values[place] =
            ExecEvalExprSwitchContext(state->outputs[at++], econtext, &scan->tts_isnull[place]);
    }
    bool matched = true;
    if (state->join_quals != nullptr && !ExecQual(state->join_quals, econtext))
    {
        matched = false;
        std::fill(scan->tts_isnull + state->plan.join.spine_columns,
                  scan->tts_isnull + state->plan.join.scan_columns, true);
    }
    const bool stays = (matched || !state->plan.join.inner) &&
                       (state->filters == nullptr || ExecQual(state->filters, econtext));
    MemoryContextSwitchTo(caller);
    return stays;
}

TupleTableSlot *next_row(CustomScanState *node)
{
    WindowState *state = window_state(node);
    if (!state->ready)
        read_window_inputs(state);
    TupleTableSlot *scan = node->ss.ss_ScanTupleSlot;
    const bool projects = node->ss.ps.ps_ProjInfo != nullptr;
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *spine = next_window_spine(state);
        if (spine == nullptr)
            return ExecClearTuple(projects ? node->ss.ps.ps_ResultTupleSlot : scan);
        if (join(state, scan, spine))
            return projects ? ExecProject(node->ss.ps.ps_ProjInfo) : scan;
    }
}

void end(CustomScanState *node)
{
    forget_window_inputs(window_state(node));
    ListCell *cell;
    foreach (cell, node->custom_ps)
        ExecEndNode(static_cast<PlanState *>(lfirst(cell)));
}

void rescan(CustomScanState *node)
{
    forget_window_inputs(window_state(node));
    ListCell *cell;
    foreach (cell, node->custom_ps)
    {
        auto *child = static_cast<PlanState *>(lfirst(cell));
        if (node->ss.ps.chgParam != nullptr)
            UpdateChangedParamSet(child, node->ss.ps.chgParam);
        if (child->chgParam == nullptr)
            ExecReScan(child);
    }
}

void show_clauses(const char *label, List *clauses, WindowState *state, List *ancestors,
                  ExplainState *es)
{
    if (clauses == NIL)
        return;
    List *context = set_deparse_context_plan(es->deparse_cxt, state->custom.ss.ps.plan, ancestors);
    auto *all = reinterpret_cast<Node *>(make_ands_explicit(clauses));
    ExplainPropertyText(label, deparse_expression(all, context, true, false), es);
}

void explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
    WindowState *state = window_state(node);
    ExplainPropertyText("Join Type", state->plan.join.inner ? "Inner" : "Left", es);
    show_clauses("Window", state->plan.join.shown, state, ancestors, es);
    show_clauses("Join Filter", state->plan.join.join_quals, state, ancestors, es);
    show_clauses("Filter", state->plan.join.filters, state, ancestors, es);
    if (!es->analyze)
        return;
    ExplainPropertyUInteger("Spine Rows", nullptr, state->spine_rows, es);
    ExplainPropertyUInteger("History Rows", nullptr, state->history_rows, es);
    ExplainPropertyUInteger("Rows Kept", nullptr, state->kept, es);
    ExplainPropertyInteger("Batches", nullptr, std::max(1, state->batch_count), es);
    ExplainPropertyUInteger("Window Memory", "kB", state->peak / 1024, es);
}

const CustomExecMethods exec_methods = {.CustomName = window_node_name,
                                        .BeginCustomScan = begin,
                                        .ExecCustomScan = next_row,
                                        .EndCustomScan = end,
                                        .ReScanCustomScan = rescan,
                                        .EstimateDSMCustomScan = estimate_shared_windows,
                                        .InitializeDSMCustomScan = begin_shared_windows,
                                        .ReInitializeDSMCustomScan = begin_shared_windows_again,
                                        .InitializeWorkerCustomScan = join_shared_windows,
                                        .ShutdownCustomScan = leave_shared_windows,
                                        .ExplainCustomScan = explain};

}  // namespace

const CustomScanMethods window_scan_methods = {.CustomName = window_node_name,
                                               .CreateCustomScanState = create_window_state};

Node *create_window_state(CustomScan *)
{
    auto *state = static_cast<WindowState *>(palloc0(sizeof(WindowState)));
    NodeSetTag(state, T_CustomScanState);
    state->custom.methods = &exec_methods;
    return reinterpret_cast<Node *>(state);
}

}  // namespace quiver::features
