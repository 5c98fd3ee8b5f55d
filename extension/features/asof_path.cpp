// Offer the as-of join node where a LATERAL subquery of that shape is joined to what it refers to.
#include "features/asof.hpp"

#include "features/asof_cost.hpp"
#include "features/asof_history.hpp"
#include "features/asof_index.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

bool enabled = true;
int wanted = static_cast<int>(Strategy::automatic);
set_join_pathlist_hook_type next_hook = nullptr;

const config_enum_entry strategy_options[] = {
    {"auto", static_cast<int>(Strategy::automatic), false},
    {"probe", static_cast<int>(Strategy::probe), false},
    {"hash", static_cast<int>(Strategy::hash), false},
    {"merge", static_cast<int>(Strategy::merge), false},
    {nullptr, 0, false},
};

Plan *plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
                List *children);

const CustomPathMethods path_methods = {.CustomName = asof_node_name, .PlanCustomPath = plan_path};
const CustomScanMethods scan_methods = {.CustomName = asof_node_name,
                                        .CreateCustomScanState = create_asof_state};

// What is known about one LATERAL subquery; kept with its relation, which plain subqueries leave free.
struct Candidate
{
    const void *tag;
    Shape *shape;
    History *history;
    bool planned;
};

const char candidate_tag = 0;

// What a path carries to plan_path.
struct Choice
{
    Strategy strategy;
    bool inner;
    Index subquery;
    Shape *shape;
    History *history;
    List *join_quals;
    List *filters;
};

Candidate *candidate_for(PlannerInfo *root, RelOptInfo *inner)
{
    auto *candidate = static_cast<Candidate *>(inner->fdw_private);
    if (candidate == nullptr)
    {
        MemoryContext caller = MemoryContextSwitchTo(root->planner_cxt);
        candidate = static_cast<Candidate *>(palloc0(sizeof(Candidate)));
        candidate->tag = &candidate_tag;
        candidate->shape = recognise(root, root->simple_rte_array[inner->relid]->subquery);
        inner->fdw_private = candidate;
        MemoryContextSwitchTo(caller);
    }
    return candidate->tag == &candidate_tag && candidate->shape != nullptr ? candidate : nullptr;
}

History *history_of(PlannerInfo *root, Candidate *candidate, RelOptInfo *inner)
{
    if (!candidate->planned)
    {
        MemoryContext caller = MemoryContextSwitchTo(root->planner_cxt);
        candidate->history = plan_history(root, candidate->shape, inner);
        candidate->planned = true;
        MemoryContextSwitchTo(caller);
    }
    return candidate->history;
}

// A join of a LATERAL subquery to all that it refers to, in a query whose rows nobody locks.
bool may_be_asof(const PlannerInfo *root, const RelOptInfo *joinrel, const RelOptInfo *outer,
                 const RelOptInfo *inner, JoinType type)
{
    if ((type != JOIN_LEFT && type != JOIN_INNER) || root->rowMarks != NIL ||
        root->parse->rowMarks != NIL ||
        (root->parse->commandType != CMD_SELECT && root->parse->commandType != CMD_INSERT))
        return false;
    if (inner->reloptkind != RELOPT_BASEREL || inner->rtekind != RTE_SUBQUERY ||
        !root->simple_rte_array[inner->relid]->lateral)
        return false;
    return !bms_is_empty(inner->lateral_relids) &&
           bms_is_subset(inner->lateral_relids, outer->relids) &&
           bms_is_empty(joinrel->lateral_relids) && outer->cheapest_total_path != nullptr &&
           outer->cheapest_total_path->param_info == nullptr && inner->pathlist != NIL;
}

bool has_placeholder(List *quals)
{
    ListCell *cell;
    List *vars = pull_var_clause(reinterpret_cast<Node *>(quals), PVC_INCLUDE_PLACEHOLDERS);
    foreach (cell, vars)
    {
        if (!IsA(static_cast<Node *>(lfirst(cell)), Var))
            return true;
    }
    return false;
}

// The conditions of the join, in two groups; false if one needs a plan node above the join.
bool split_quals(List *restrictions, const RelOptInfo *joinrel, const RelOptInfo *inner,
                 JoinType type, Choice *choice)
{
    ListCell *cell;
    List *all = list_concat_copy(restrictions, inner->baserestrictinfo);
    foreach (cell, all)
    {
        if (lfirst_node(RestrictInfo, cell)->pseudoconstant)
            return false;
    }
    if (type == JOIN_LEFT)
        extract_actual_join_clauses(restrictions, joinrel->relids, &choice->join_quals,
                                    &choice->filters);
    else
        choice->join_quals = extract_actual_clauses(restrictions, false);
    // What the planner has moved to the subquery itself rejects its one row.
    choice->join_quals =
        list_concat(choice->join_quals, extract_actual_clauses(inner->baserestrictinfo, false));
    return !has_placeholder(choice->join_quals) && !has_placeholder(choice->filters);
}

// Values above the join that are neither columns nor computed by the spine's plan.
bool has_foreign_output(const RelOptInfo *joinrel, const RelOptInfo *outer)
{
    ListCell *cell;
    foreach (cell, joinrel->reltarget->exprs)
    {
        auto *node = static_cast<Node *>(lfirst(cell));
        if (!IsA(node, Var) && !list_member(outer->reltarget->exprs, node))
            return true;
    }
    return false;
}

CustomPath *make_path(RelOptInfo *joinrel, Path *spine, Path *history, const AsofCost &cost,
                      Choice *choice)
{
    auto *path = makeNode(CustomPath);
    path->path.pathtype = T_CustomScan;
    path->path.parent = joinrel;
    path->path.pathtarget = joinrel->reltarget;
    path->path.parallel_safe =
        joinrel->consider_parallel && spine->parallel_safe && history->parallel_safe;
    path->path.rows = joinrel->rows;
    path->path.startup_cost = cost.startup;
    path->path.total_cost = cost.total;
    path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
    path->custom_paths = list_make2(spine, history);
    path->custom_private = list_make1(choice);
    path->methods = &path_methods;
    pg::inherit_disabled_nodes(&path->path, spine);
    return path;
}

double payload_width(const History *history)
{
    return history->outputs == NIL ? 0.0 : history->rel->reltarget->width;
}

// The index keeps times as integers, and which values are NULL in one word.
bool may_hash(const Shape &shape, int outputs)
{
    return ordinal_of(shape.history_type, shape.spine_type, shape.family) != Ordinal::none &&
           ordinal_of(shape.spine_type, shape.history_type, shape.family) != Ordinal::none &&
           outputs + list_length(shape.order) <= Record::most_values;
}

void offer(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
           Candidate *candidate, const Choice &base)
{
    const auto forced = static_cast<Strategy>(wanted);
    const double ordinary = probe_cost(root, joinrel, outer, inner);
    if (forced == Strategy::automatic && ordinary >= 0 && ordinary < least_history_cost(inner))
        return;
    History *history = history_of(root, candidate, inner);
    if (history == nullptr)
        return;
    Path *spine = outer->cheapest_total_path;
    const Path *pass = history->scan;
    if (IsA(pass, SubqueryScanPath))
        pass = reinterpret_cast<const SubqueryScanPath *>(pass)->subpath;
    const AsofCost hash = hash_cost(candidate->shape, spine, pass, outer->rows,
                                    list_length(history->outputs), payload_width(history));
    const AsofCost merge = merge_cost(root, candidate->shape, spine, pass);
    const bool can_hash = may_hash(*candidate->shape, list_length(history->outputs));
    const bool fits = can_hash && hash.memory <= static_cast<double>(get_hash_memory_limit());

    auto *choice = static_cast<Choice *>(palloc(sizeof(Choice)));
    *choice = base;
    choice->history = history;
    choice->strategy = fits && hash.total <= merge.total ? Strategy::hash : Strategy::merge;
    AsofCost cost = choice->strategy == Strategy::hash ? hash : merge;
    if (forced == Strategy::hash || forced == Strategy::merge)
    {
        choice->strategy = can_hash ? forced : Strategy::merge;
        cost.startup = cost.total = 0;
    }
    else if (ordinary >= 0 && cost.total >= ordinary)
        return;
    add_path(joinrel, &make_path(joinrel, spine, history->scan, cost, choice)->path);
}

void join_paths_hook(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
                     JoinType type, JoinPathExtraData *extra)
{
    if (next_hook != nullptr)
        next_hook(root, joinrel, outer, inner, type, extra);
    if (!enabled || wanted == static_cast<int>(Strategy::probe) ||
        !may_be_asof(root, joinrel, outer, inner, type))
        return;
    Candidate *candidate = candidate_for(root, inner);
    if (candidate == nullptr || has_foreign_output(joinrel, outer))
        return;
    Choice choice{};
    choice.inner = type == JOIN_INNER;
    choice.subquery = inner->relid;
    choice.shape = candidate->shape;
    if (split_quals(extra->restrictlist, joinrel, inner, type, &choice))
        offer(root, joinrel, outer, inner, candidate, choice);
}

// The scan tuple: columns of the spine, of the subquery as the query above mentions them, of the history.
struct ScanTuple
{
    List *entries;
    int spine;
    int outputs;
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
    List *vars = pull_var_clause(expressions, PVC_INCLUDE_PLACEHOLDERS);
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

ScanTuple make_scan_tuple(Choice *choice, List *tlist, const Plan *spine)
{
    ScanTuple tuple{};
    ListCell *cell;
    foreach (cell, spine->targetlist)
        add_entry(&tuple, reinterpret_cast<Node *>(lfirst_node(TargetEntry, cell)->expr));
    tuple.spine = list_length(tuple.entries);
    choice->join_quals = static_cast<List *>(copyObjectImpl(choice->join_quals));
    choice->filters = static_cast<List *>(copyObjectImpl(choice->filters));
    add_outputs(&tuple, reinterpret_cast<Node *>(tlist), choice->subquery);
    add_outputs(&tuple, reinterpret_cast<Node *>(choice->join_quals), choice->subquery);
    add_outputs(&tuple, reinterpret_cast<Node *>(choice->filters), choice->subquery);
    foreach (cell, choice->history->rel->reltarget->exprs)
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
        const auto *clause = list_nth_node(SortGroupClause, choice->shape->order, i + 1);
        const auto column = static_cast<AttrNumber>(list_nth_int(choice->history->ties, i));
        const auto *value = list_nth_node(Var, choice->history->rel->reltarget->exprs, column - 1);
        plan->ties[i] = TiePlan{clause->sortop, value->varcollid, clause->nulls_first, column,
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

// Below a projection no column is asked for by `tlist`; it then takes those of the relation.
Plan *plan_path(PlannerInfo *, RelOptInfo *rel, CustomPath *path, List *tlist, List *,
                List *children)
{
    auto *choice = static_cast<Choice *>(linitial(path->custom_private));
    List *shown = tlist == NIL ? rel->reltarget->exprs : tlist;
    const ScanTuple tuple = make_scan_tuple(choice, shown, static_cast<Plan *>(linitial(children)));
    AsofPlan plan{};
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
    scan->methods = &scan_methods;
    encode(plan, scan);
    return &scan->scan.plan;
}

}  // namespace

void install_asof_join()
{
    DefineCustomBoolVariable("quiver.enable_asof_join",
                             "Enables the planner's use of the as-of join node.",
                             "Off leaves LATERAL ... ORDER BY time LIMIT 1 to a nested loop.",
                             &enabled, true, PGC_USERSET, GUC_EXPLAIN, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable("quiver.asof_strategy", "How as-of joins run.",
                             "\"auto\" chooses by cost; the others are for tests and comparisons.",
                             &wanted, static_cast<int>(Strategy::automatic), strategy_options,
                             PGC_USERSET, GUC_EXPLAIN, nullptr, nullptr, nullptr);
    RegisterCustomScanMethods(&scan_methods);
    next_hook = set_join_pathlist_hook;
    set_join_pathlist_hook = join_paths_hook;
}

}  // namespace quiver::features
