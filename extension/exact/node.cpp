// The executor's side of exact search: read the child once, keep the k nearest rows, give them out.
#include "exact/exact.hpp"

#include "exact/top_k.hpp"

#include <new>

namespace quiver::exact {
namespace {

// Starts with the node PostgreSQL sees; the rest is ours. Lives in the executor's memory context.
struct SearchState
{
    CustomScanState custom;
    std::size_t limit;
    ExprState *distance;
    int last_attribute;  // highest child column the distance reads
    MemoryContext rows_context;  // the rows kept; reset on rescan
    TopK *best;  // null until the child has been read
    std::size_t next;  // position of the next row to give out
    std::uint64_t compared;  // rows read and rows let in, over all rescans, for EXPLAIN
    std::uint64_t copied;
};

SearchState *search_state(CustomScanState *node) { return reinterpret_cast<SearchState *>(node); }

int last_attribute(List *expressions)
{
    Bitmapset *columns = nullptr;
    pull_varattnos(reinterpret_cast<Node *>(expressions), INDEX_VAR, &columns);
    int last = 0;
    for (int member = -1; (member = bms_next_member(columns, member)) >= 0;)
        last = member + FirstLowInvalidHeapAttributeNumber;
    return last;
}

void begin(CustomScanState *node, EState *estate, int eflags)
{
    auto *state = search_state(node);
    auto *scan = castNode(CustomScan, node->ss.ps.plan);
    auto *child = ExecInitNode(static_cast<Plan *>(linitial(scan->custom_plans)), estate,
                               eflags & ~(EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK));
    node->custom_ps = list_make1(child);
    state->limit = static_cast<std::size_t>(intVal(linitial(scan->custom_private)));
    state->distance = ExecInitExpr(static_cast<Expr *>(linitial(scan->custom_exprs)), &node->ss.ps);
    state->last_attribute = last_attribute(scan->custom_exprs);
    state->rows_context = AllocSetContextCreate(estate->es_query_cxt, "quiver exact search rows",
                                                ALLOCSET_DEFAULT_SIZES);
}

// The row as this node gives it out. The expressions were compiled for a virtual scan tuple, so
// the child's columns are taken apart first.
TupleTableSlot *project(SearchState *state, TupleTableSlot *row)
{
    slot_getallattrs(row);
    if (state->custom.ss.ps.ps_ProjInfo == nullptr)
        return row;
    state->custom.ss.ps.ps_ExprContext->ecxt_scantuple = row;
    return ExecProject(state->custom.ss.ps.ps_ProjInfo);
}

void keep(SearchState *state, const Key &key, TupleTableSlot *row)
{
    TupleTableSlot *output = project(state, row);
    MemoryContext caller = MemoryContextSwitchTo(state->rows_context);
    MinimalTuple copy = ExecCopySlotMinimalTuple(output);
    MemoryContextSwitchTo(caller);
    ++state->copied;
    MinimalTuple dropped = state->best->keep(key, copy);
    if (dropped != nullptr)
        heap_free_minimal_tuple(dropped);
}

void read_child(SearchState *state)
{
    auto *child = static_cast<PlanState *>(linitial(state->custom.custom_ps));
    ExprContext *econtext = state->custom.ss.ps.ps_ExprContext;
    MemoryContext caller = MemoryContextSwitchTo(state->rows_context);
    state->best = new (palloc(sizeof(TopK))) TopK{state->limit};
    MemoryContextSwitchTo(caller);

    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        TupleTableSlot *row = ExecProcNode(child);
        if (TupIsNull(row))
            break;
        ResetExprContext(econtext);
        slot_getsomeattrs(row, state->last_attribute);
        econtext->ecxt_scantuple = row;
        Key key{};
        key.distance =
            DatumGetFloat8(ExecEvalExprSwitchContext(state->distance, econtext, &key.is_null));
        ++state->compared;
        if (state->best->accepts(key))
            keep(state, key, row);
    }
    state->best->sort();
    state->next = 0;
}

TupleTableSlot *next_row(CustomScanState *node)
{
    auto *state = search_state(node);
    if (state->best == nullptr)
        read_child(state);
    TupleTableSlot *slot = node->ss.ps.ps_ProjInfo != nullptr ? node->ss.ps.ps_ResultTupleSlot
                                                              : node->ss.ss_ScanTupleSlot;
    if (state->next >= state->best->size())
        return ExecClearTuple(slot);
    ExecForceStoreMinimalTuple(state->best->row(state->next++), slot, false);
    return slot;
}

void forget(SearchState *state)
{
    MemoryContextReset(state->rows_context);
    state->best = nullptr;
    state->next = 0;
}

void end(CustomScanState *node)
{
    ExecEndNode(static_cast<PlanState *>(linitial(node->custom_ps)));
    forget(search_state(node));
}

// Same parameters, same rows: only give them out again. Otherwise read the child anew.
void rescan(CustomScanState *node)
{
    auto *state = search_state(node);
    auto *child = static_cast<PlanState *>(linitial(node->custom_ps));
    if (node->ss.ps.chgParam != nullptr)
        UpdateChangedParamSet(child, node->ss.ps.chgParam);
    if (state->best != nullptr && node->ss.ps.chgParam == nullptr && child->chgParam == nullptr)
    {
        state->next = 0;
        return;
    }
    forget(state);
    if (child->chgParam == nullptr)
        ExecReScan(child);
}

void explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
    auto *state = search_state(node);
    auto *scan = castNode(CustomScan, node->ss.ps.plan);
    List *context = set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, ancestors);
    ExplainPropertyText("Order By",
                        deparse_expression(static_cast<Node *>(linitial(scan->custom_exprs)),
                                           context, list_length(es->rtable) > 1 || es->verbose,
                                           false),
                        es);
    ExplainPropertyUInteger("Limit", nullptr, state->limit, es);
    if (!es->analyze)
        return;
    ExplainPropertyUInteger("Rows Compared", nullptr, state->compared, es);
    ExplainPropertyUInteger("Rows Copied", nullptr, state->copied, es);
}

const CustomExecMethods exec_methods = {.CustomName = node_name,
                                        .BeginCustomScan = begin,
                                        .ExecCustomScan = next_row,
                                        .EndCustomScan = end,
                                        .ReScanCustomScan = rescan,
                                        .ExplainCustomScan = explain};

}  // namespace

Node *create_scan_state(CustomScan *)
{
    auto *state = static_cast<SearchState *>(palloc0(sizeof(SearchState)));
    NodeSetTag(state, T_CustomScanState);
    state->custom.methods = &exec_methods;
    return reinterpret_cast<Node *>(state);
}

}  // namespace quiver::exact
