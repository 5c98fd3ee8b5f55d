// Offer the as-of join node where a LATERAL subquery of that shape is joined to what it refers to.
#include "features/asof.hpp"

#include "features/asof_choice.hpp"
#include "features/asof_cost.hpp"
#include "features/asof_history.hpp"
#include "features/asof_index.hpp"
#include "features/window.hpp"

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

const CustomPathMethods path_methods = {.CustomName = asof_node_name, .PlanCustomPath = plan_asof};

// What is known about one LATERAL subquery; kept with its relation, which plain subqueries leave free.
struct Candidate
{
    const void *tag;
    Shape *shape;
    History *history;
    bool planned;
};

const char candidate_tag = 0;

Candidate *candidate_for(PlannerInfo *root, RelOptInfo *inner)
{
    auto *candidate = static_cast<Candidate *>(inner->fdw_private);
    if (candidate == nullptr)
    {
        MemoryContext caller = MemoryContextSwitchTo(root->planner_cxt);
        candidate = static_cast<Candidate *>(palloc0(sizeof(Candidate)));
        candidate->tag = &candidate_tag;
        const Query *subquery = root->simple_rte_array[inner->relid]->subquery;
        candidate->shape =
            subquery->hasAggs ? recognise_windows(root, subquery) : recognise(root, subquery);
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

// The index keeps times as integers, and which values are NULL in one word.
bool may_hash(const Shape &shape, int outputs)
{
    return ordinal_of(shape.history_type, shape.spine_type, shape.family) != Ordinal::none &&
           ordinal_of(shape.spine_type, shape.history_type, shape.family) != Ordinal::none &&
           outputs + list_length(shape.order) <= Record::most_values;
}

const Path *below_scan(const Path *path)
{
    return IsA(path, SubqueryScanPath) ? reinterpret_cast<const SubqueryScanPath *>(path)->subpath
                                       : path;
}

// How many processes share the work of `workers`, as PostgreSQL counts the leader's part.
double process_count(int workers)
{
    const double leader = parallel_leader_participation ? std::max(0.0, 1.0 - 0.3 * workers) : 0.0;
    return workers + leader;
}

bool is_parallel_safe_join(PlannerInfo *root, const RelOptInfo *joinrel, const RelOptInfo *outer,
                           const Choice &choice)
{
    const Shape *shape = choice.shape;
    List *expressions =
        list_make5(shape->spine_time, shape->bounds, choice.history->outputs,
                   list_concat_copy(choice.join_quals, choice.filters), joinrel->reltarget->exprs);
    expressions = lappend(lappend(expressions, shape->computed), shape->known_by);
    ListCell *cell;
    foreach (cell, shape->keys)
        expressions = lappend(expressions, static_cast<KeyClause *>(lfirst(cell))->spine);
    return outer->consider_parallel && choice.history->share != nullptr &&
           is_parallel_safe(root, reinterpret_cast<Node *>(expressions));
}

// The spine in shares if there are any, else for one process to read; nullptr if no worker may.
Path *spine_share(const RelOptInfo *outer, Choice *choice)
{
    choice->shared_spine = outer->partial_pathlist != NIL;
    auto *spine = choice->shared_spine ? static_cast<Path *>(linitial(outer->partial_pathlist))
                                       : outer->cheapest_total_path;
    return spine->parallel_safe && spine->param_info == nullptr ? spine : nullptr;
}

void add_share(RelOptInfo *joinrel, Path *spine, Path *history, const AsofCost &cost,
               Choice *choice, int workers)
{
    joinrel->consider_parallel = true;
    CustomPath *path = make_path(joinrel, spine, history, cost, choice);
    path->path.parallel_aware = true;
    path->path.parallel_workers = workers;
    path->path.rows = clamp_row_est(joinrel->rows / process_count(workers));
    add_partial_path(joinrel, &path->path);
}

// A share of the join for each worker. PostgreSQL thinks that a subquery with LIMIT must not run in
// workers, as each would take another row; here it is the same row whoever finds it.
void offer_share(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, const Choice &base,
                 bool forced, double ordinary)
{
    if (!is_parallel_safe_join(root, joinrel, outer, base))
        return;
    auto *choice = static_cast<Choice *>(palloc(sizeof(Choice)));
    *choice = base;
    choice->strategy = Strategy::hash;
    Path *spine = spine_share(outer, choice);
    Path *history = base.history->share;
    if (spine == nullptr)
        return;
    const int workers = std::max(spine->parallel_workers, history->parallel_workers);
    choice->borrows = has_same_spine(spine, *choice);
    AsofCost cost =
        hash_cost(*choice, spine, below_scan(history), outer->rows, process_count(workers));
    if (cost.memory > static_cast<double>(get_hash_memory_limit()))
        return;
    if (forced)
        cost.startup = cost.total = 0;
    else if (ordinary >= 0 && cost.total >= ordinary)
        return;
    add_share(joinrel, spine, history, cost, choice, workers);
}

// A share of the windows for each worker.
void offer_window_share(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer,
                        const Choice &base, bool forced, double ordinary)
{
    if (!is_parallel_safe_join(root, joinrel, outer, base) ||
        !may_share_windows(base.shape, base.history) ||
        window_memory(base.history, outer->rows) > static_cast<double>(get_hash_memory_limit()))
        return;
    auto *choice = static_cast<Choice *>(palloc(sizeof(Choice)));
    *choice = base;
    Path *spine = spine_share(outer, choice);
    if (spine == nullptr)
        return;
    Path *history = base.history->share;
    AsofCost cost = window_cost(base.shape, spine, below_scan(history), 1.0);
    if (forced)
        cost.startup = cost.total = 0;
    else if (ordinary >= 0 && cost.total >= ordinary)
        return;
    add_share(joinrel, spine, history, cost, choice,
              std::max(spine->parallel_workers, history->parallel_workers));
}

// Without a look at the subquery: its pages alone cost more than the ordinary plan.
bool probes_win(PlannerInfo *root, const RelOptInfo *joinrel, const RelOptInfo *outer,
                const RelOptInfo *inner)
{
    const double ordinary = probe_cost(root, joinrel, outer, inner);
    return ordinary >= 0 && ordinary < least_history_cost(inner);
}

// Aggregates over windows have one strategy; `hash` and `merge` both force it.
void offer_windows(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
                   Candidate *candidate, const Choice &base)
{
    const double ordinary = window_probe_cost(root, joinrel, outer, inner);
    const bool forced = wanted != static_cast<int>(Strategy::automatic);
    if (!forced && ordinary >= 0 && ordinary < least_history_cost(inner))
        return;
    auto *choice = static_cast<Choice *>(palloc(sizeof(Choice)));
    *choice = base;
    choice->history = history_of(root, candidate, inner);
    List *having;
    if (choice->history == nullptr ||
        !fold_having(inner, candidate->shape, choice->history, &having))
        return;
    choice->join_quals = list_concat(having, choice->join_quals);
    offer_window_share(root, joinrel, outer, *choice, forced, ordinary);
    Path *spine = outer->cheapest_total_path;
    Path *history = choice->history->scan;
    AsofCost cost = window_cost(candidate->shape, spine, below_scan(history), 1.0);
    // Above what a worker's share is said to cost, so that workers that cost nothing are taken.
    if (forced)
        cost.startup = cost.total = 10;
    else if (ordinary >= 0 && cost.total >= ordinary)
        return;
    CustomPath *path = make_path(joinrel, spine, history, cost, choice);
    path->path.parallel_safe = false;
    add_path(joinrel, &path->path);
}

void offer(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner,
           Candidate *candidate, Choice base)
{
    const auto forced = static_cast<Strategy>(wanted);
    const double ordinary = probe_cost(root, joinrel, outer, inner);
    History *history = base.history = history_of(root, candidate, inner);
    if (history == nullptr)
        return;
    const bool can_hash = may_hash(*candidate->shape, list_length(history->outputs));
    if (can_hash && forced != Strategy::merge)
        offer_share(root, joinrel, outer, base, forced == Strategy::hash, ordinary);

    Path *spine = outer->cheapest_total_path;
    base.borrows = has_same_spine(spine, base);
    AsofCost hash = hash_cost(base, spine, below_scan(history->scan), outer->rows, 1.0);
    const AsofCost merge = merge_cost(root, candidate->shape, spine, below_scan(history->scan));
    // Without a key there is nothing to cut the sides by.
    if (hash.memory > static_cast<double>(get_hash_memory_limit()) && candidate->shape->keys != NIL)
    {
        hash.total += batch_cost(spine, below_scan(history->scan));
        hash.startup = hash.total;
        hash.memory = 0;
    }
    const bool fits = can_hash && hash.memory <= static_cast<double>(get_hash_memory_limit());

    auto *choice = static_cast<Choice *>(palloc(sizeof(Choice)));
    *choice = base;
    choice->strategy = fits && hash.total <= merge.total ? Strategy::hash : Strategy::merge;
    AsofCost cost = choice->strategy == Strategy::hash ? hash : merge;
    if (forced == Strategy::hash || forced == Strategy::merge)
    {
        choice->strategy = can_hash ? forced : Strategy::merge;
        // Above what a worker's share is said to cost, so that workers that cost nothing are taken.
        cost.startup = cost.total = 10;
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
    const bool aggregates = root->simple_rte_array[inner->relid]->subquery->hasAggs;
    if (!aggregates && wanted == static_cast<int>(Strategy::automatic) &&
        probes_win(root, joinrel, outer, inner))
        return;
    Candidate *candidate = candidate_for(root, inner);
    if (candidate == nullptr || has_foreign_output(joinrel, outer))
        return;
    Choice choice{};
    choice.inner = type == JOIN_INNER;
    choice.subquery = inner->relid;
    choice.shape = candidate->shape;
    if (!split_quals(extra->restrictlist, joinrel, inner, type, &choice))
        return;
    if (aggregates)
        offer_windows(root, joinrel, outer, inner, candidate, choice);
    else
        offer(root, joinrel, outer, inner, candidate, choice);
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
    RegisterCustomScanMethods(&asof_scan_methods);
    RegisterCustomScanMethods(&window_scan_methods);
    next_hook = set_join_pathlist_hook;
    set_join_pathlist_hook = join_paths_hook;
}

}  // namespace quiver::features
