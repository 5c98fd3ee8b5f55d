// Make the plan node of an as-of path: lay out its scan tuple and translate what it computes.
#include "features/window.hpp"

namespace quiver::features {

const CustomScanMethods asof_scan_methods = {.CustomName = asof_node_name,
                                             .CreateCustomScanState = create_asof_state};

namespace {

// The scan tuple: columns of the spine, of the subquery as the query above mentions them, of the history,
// and the aggregates of windows.
struct ScanTuple
{
    List *entries;
    int spine;
    int outputs;
    int computed;  // the first of the aggregates, which come last
};

void add_entry(ScanTuple *tuple, Node *expression)
{
    auto *copy = static_cast<Expr *>(copyObjectImpl(expression));
    const auto number = static_cast<AttrNumber>(list_length(tuple->entries) + 1);
    tuple->entries = lappend(tuple->entries, makeTargetEntry(copy, number, nullptr, false));
}

// Place of a column of the subquery among the entries, counted from 0; -1 if it is not there.
int place_of(const ScanTuple &tuple, Index relid, AttrNumber column)
{
    for (int i = tuple.spine; i < tuple.spine + tuple.outputs; ++i)
    {
        auto *entry = list_nth_node(TargetEntry, tuple.entries, i);
        const auto *var = castNode(Var, entry->expr);
        if (var->varno == static_cast<int>(relid) && var->varattno == column)
            return i;
    }
    return -1;
}

// Mentions of the subquery's columns; those of the quals are made to look like the output's.
void add_outputs(ScanTuple *tuple, Node *expressions, Index relid)
{
    ListCell *cell;
    List *vars = pull_var_clause(expressions, PVC_INCLUDE_PLACEHOLDERS | PVC_RECURSE_AGGREGATES);
    foreach (cell, vars)
    {
        auto *node = static_cast<Node *>(lfirst(cell));
        if (!IsA(node, Var) || castNode(Var, node)->varno != static_cast<int>(relid))
            continue;
        auto *var = castNode(Var, node);
        const int place = place_of(*tuple, relid, var->varattno);
        if (place >= 0)
        {
            pg::nulled_like(var,
                            castNode(Var, list_nth_node(TargetEntry, tuple->entries, place)->expr));
            continue;
        }
        add_entry(tuple, node);
        ++tuple->outputs;
    }
}

// What the query above needs is the relation's target: a target list is not always asked for.
ScanTuple make_scan_tuple(Choice *choice, const RelOptInfo *joinrel, const Plan *spine)
{
    ScanTuple tuple{};
    ListCell *cell;
    foreach (cell, spine->targetlist)
        add_entry(&tuple, reinterpret_cast<Node *>(lfirst_node(TargetEntry, cell)->expr));
    tuple.spine = list_length(tuple.entries);
    choice->join_quals = static_cast<List *>(copyObjectImpl(choice->join_quals));
    choice->filters = static_cast<List *>(copyObjectImpl(choice->filters));
    add_outputs(&tuple, reinterpret_cast<Node *>(joinrel->reltarget->exprs), choice->subquery);
    add_outputs(&tuple, reinterpret_cast<Node *>(choice->join_quals), choice->subquery);
    add_outputs(&tuple, reinterpret_cast<Node *>(choice->filters), choice->subquery);
    foreach (cell, choice->history->rel->reltarget->exprs)
        add_entry(&tuple, static_cast<Node *>(lfirst(cell)));
    tuple.computed = list_length(tuple.entries);
    foreach (cell, choice->history->computed)
        add_entry(&tuple, static_cast<Node *>(lfirst(cell)));
    return tuple;
}

// Keep history column `column` with each winner; its position among the payloads.
int keep(AsofPlan *plan, const ScanTuple &tuple, AttrNumber column)
{
    for (int i = 0; i < plan->payload_count; ++i)
    {
        if (plan->payloads[i].history == column)
            return i;
    }
    plan->payloads[plan->payload_count] =
        Payload{column, tuple.spine + tuple.outputs + column - 1, -1};
    return plan->payload_count++;
}

void fill_outputs(AsofPlan *plan, const ScanTuple &tuple, const Choice *choice)
{
    const auto history = static_cast<int>(choice->history->relid);
    ListCell *cell;
    foreach (cell, choice->history->outputs)
    {
        auto *output = lfirst_node(TargetEntry, cell);
        const int place = place_of(tuple, choice->subquery, output->resno);
        if (place < 0)
            continue;
        if (choice->history->computed != NIL)
        {
            plan->outputs = lappend(plan->outputs, output->expr);
            plan->output_places = lappend_int(plan->output_places, place);
            continue;
        }
        ListCell *used;
        List *vars = pull_var_clause(reinterpret_cast<Node *>(output->expr), 0);
        int kept = -1;
        foreach (used, vars)
            kept = keep(plan, tuple, lfirst_node(Var, used)->varattno);
        if (IsA(output->expr, Var) && castNode(Var, output->expr)->varno == history &&
            plan->payloads[kept].copy < 0)
        {
            plan->payloads[kept].copy = place;
            continue;
        }
        plan->outputs = lappend(plan->outputs, output->expr);
        plan->output_places = lappend_int(plan->output_places, place);
    }
}

void fill_ties(AsofPlan *plan, const ScanTuple &tuple, const Choice *choice)
{
    plan->tie_count = list_length(choice->history->ties);
    plan->ties = static_cast<TiePlan *>(
        palloc0(sizeof(TiePlan) * static_cast<std::size_t>(plan->tie_count + 1)));
    for (int i = 0; i < plan->tie_count; ++i)
    {
        const bool is_window = choice->history->window_ties != NIL;
        const auto *tie = is_window
                              ? static_cast<WindowTie *>(list_nth(choice->history->window_ties, i))
                              : nullptr;
        const auto *clause =
            is_window ? nullptr : list_nth_node(SortGroupClause, choice->shape->order, i + 1);
        const auto column = static_cast<AttrNumber>(list_nth_int(choice->history->ties, i));
        const auto *value = list_nth_node(Var, choice->history->rel->reltarget->exprs, column - 1);
        plan->ties[i] = TiePlan{is_window ? tie->sort_operator : clause->sortop, value->varcollid,
                                is_window ? tie->nulls_first : clause->nulls_first, column,
                                keep(plan, tuple, column)};
    }
}

void fill_keys(AsofPlan *plan, const Choice *choice)
{
    plan->key_count = list_length(choice->shape->keys);
    plan->keys = static_cast<KeyPlan *>(
        palloc0(sizeof(KeyPlan) * static_cast<std::size_t>(plan->key_count + 1)));
    for (int i = 0; i < plan->key_count; ++i)
    {
        const auto *key = static_cast<KeyClause *>(list_nth(choice->shape->keys, i));
        plan->keys[i] = KeyPlan{key->family,
                                key->history_type,
                                key->spine_type,
                                key->collation,
                                static_cast<AttrNumber>(list_nth_int(choice->history->keys, i)),
                                key->spine};
    }
}

void fill_times(AsofPlan *plan, const Choice *choice)
{
    const Shape *shape = choice->shape;
    plan->strategy = choice->strategy;
    plan->inner = choice->inner;
    plan->shared_spine = choice->shared_spine;
    plan->borrows = choice->borrows;
    plan->strict = shape->strict;
    plan->forward = shape->forward;
    plan->family = shape->family;
    plan->history_type = shape->history_type;
    plan->spine_type = shape->spine_type;
    plan->collation = shape->collation;
    plan->time = choice->history->time;
    plan->seen = choice->history->seen;
    plan->spine_time = shape->spine_time;
    plan->bounds = shape->bounds;
    plan->bound_count = list_length(shape->bounds);
    plan->bound_operators =
        static_cast<Oid *>(palloc0(sizeof(Oid) * static_cast<std::size_t>(plan->bound_count + 1)));
    for (int i = 0; i < plan->bound_count; ++i)
        plan->bound_operators[i] = list_nth_oid(shape->bound_operators, i);
    plan->join_quals = choice->join_quals;
    plan->filters = choice->filters;
    plan->shown = choice->history->shown;
}

void fill_windows(WindowPlan *plan, const ScanTuple &tuple, const Choice *choice)
{
    const Shape *shape = choice->shape;
    const History *history = choice->history;
    const auto bounds = static_cast<std::size_t>(plan->join.bound_count) + 1;
    plan->bound_count = plan->join.bound_count;
    plan->bounds_strict = static_cast<bool *>(palloc0(sizeof(bool) * bounds));
    for (int i = 0; i < plan->bound_count; ++i)
        plan->bounds_strict[i] = get_op_opfamily_strategy(plan->join.bound_operators[i],
                                                          shape->family) == BTGreaterStrategyNumber;
    plan->known = history->known == 0 ? -1 : keep(&plan->join, tuple, history->known);
    plan->sequence = history->sequence == 0 ? -1 : keep(&plan->join, tuple, history->sequence);
    plan->known_by = shape->known_by;
    plan->known_strict = shape->known_strict;
    plan->computed_place = tuple.computed;
    plan->count = list_length(history->computed);
    plan->aggregates = static_cast<WindowAggregate *>(
        palloc0(sizeof(WindowAggregate) * static_cast<std::size_t>(plan->count + 1)));
    for (int i = 0; i < plan->count; ++i)
    {
        WindowAggregate &aggregate = plan->aggregates[i];
        (void) classify(static_cast<Expr *>(list_nth(shape->computed, i)), &aggregate);
        if (aggregate.kind == WindowKind::count_rows && aggregate.aggregate->aggfilter != nullptr)
            aggregate.kind = WindowKind::count_values;
        aggregate.node = static_cast<Expr *>(list_nth(history->computed, i));
        ListCell *cell;
        auto *columns = static_cast<List *>(list_nth(history->arguments, i));
        foreach (cell, columns)
            aggregate.columns =
                lappend_int(aggregate.columns,
                            keep(&plan->join, tuple, static_cast<AttrNumber>(lfirst_int(cell))));
        const int filter = list_nth_int(history->filters, i);
        aggregate.filter =
            filter == 0 ? -1 : keep(&plan->join, tuple, static_cast<AttrNumber>(filter));
    }
}

}  // namespace

Plan *plan_asof(PlannerInfo *, RelOptInfo *joinrel, CustomPath *path, List *tlist, List *,
                List *children)
{
    auto *choice = static_cast<Choice *>(linitial(path->custom_private));
    const ScanTuple tuple =
        make_scan_tuple(choice, joinrel, static_cast<Plan *>(linitial(children)));
    WindowPlan windows{};
    AsofPlan &plan = windows.join;
    plan.spine_columns = tuple.spine;
    plan.scan_columns = list_length(tuple.entries);
    plan.payloads = static_cast<Payload *>(
        palloc0(sizeof(Payload) * static_cast<std::size_t>(plan.scan_columns + 1)));
    fill_times(&plan, choice);
    fill_keys(&plan, choice);
    fill_outputs(&plan, tuple, choice);
    fill_ties(&plan, tuple, choice);

    auto *scan = makeNode(CustomScan);
    scan->scan.plan.targetlist = tlist;
    scan->scan.scanrelid = 0;
    scan->flags = path->flags;
    scan->custom_plans = children;
    scan->custom_scan_tlist = tuple.entries;
    if (choice->history->computed == NIL)
    {
        scan->methods = &asof_scan_methods;
        encode(plan, scan);
        return &scan->scan.plan;
    }
    scan->methods = &window_scan_methods;
    fill_windows(&windows, tuple, choice);
    encode_windows(windows, scan);
    return &scan->scan.plan;
}

}  // namespace quiver::features
