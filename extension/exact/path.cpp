// The planner's side of exact search: recognise ORDER BY <distance> LIMIT k and offer the node.
#include "exact/exact.hpp"

#include "pg/planner.hpp"
#include "types/distance_support.hpp"

#include <algorithm>
#include <cmath>

namespace quiver::exact {
namespace {

bool enabled = true;
create_upper_paths_hook_type next_hook = nullptr;

// Rows are kept as minimal tuples: the planner's width plus this much for header and heap entry.
constexpr double row_overhead = 64.0;

Plan *plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
                List *children);

const CustomPathMethods path_methods = {.CustomName = node_name, .PlanCustomPath = plan_path};
const CustomScanMethods scan_methods = {.CustomName = node_name,
                                        .CreateCustomScanState = create_scan_state};

// LIMIT and OFFSET are constants and plain: how many rows the sort has to deliver; else 0.
// (A parameter's value may change between executions of one plan, and WITH TIES may need more.)
double rows_needed(PlannerInfo *root)
{
    const Query *parse = root->parse;
    if (parse->limitCount == nullptr || parse->limitOption != LIMIT_OPTION_COUNT)
        return 0;
    double rows = 0;
    for (Node *clause : {parse->limitCount, parse->limitOffset})
    {
        if (clause == nullptr)
            continue;
        if (!IsA(clause, Const) || castNode(Const, clause)->constisnull)
            return 0;
        rows += static_cast<double>(DatumGetInt64(castNode(Const, clause)->constvalue));
    }
    return rows;
}

// The expression of a class that makes nothing equal to it; its translations to partitions aside.
Expr *only_member(const EquivalenceClass *eclass)
{
    Expr *found = nullptr;
    ListCell *cell = nullptr;
    foreach (cell, eclass->ec_members)
    {
        const auto *member = lfirst_node(EquivalenceMember, cell);
        if (member->em_is_child)
            continue;
        if (found != nullptr)
            return nullptr;
        found = member->em_expr;
    }
    return found;
}

// The one ascending, nulls-last distance expression that the query is ordered by, or nullptr.
Expr *distance_order(PlannerInfo *root)
{
    if (list_length(root->sort_pathkeys) != 1)
        return nullptr;
    const auto *pathkey = linitial_node(PathKey, root->sort_pathkeys);
    const EquivalenceClass *eclass = pathkey->pk_eclass;
    if (!pg::is_default_order(pathkey) || eclass->ec_has_volatile)
        return nullptr;
    Expr *expression = only_member(eclass);
    if (expression == nullptr || exprType(reinterpret_cast<Node *>(expression)) != FLOAT8OID ||
        !types::is_distance_call(expression))
        return nullptr;
    return expression;
}

// Anything between the scan and the sort, or between the sort and the limit, that this node does
// not reproduce. With row locks, rows may vanish above the sort and more than k be asked for.
bool query_is_plain(const Query *parse)
{
    return parse->commandType == CMD_SELECT && parse->rowMarks == NIL && !parse->hasTargetSRFs &&
           !parse->hasAggs && !parse->hasWindowFuncs && parse->groupClause == NIL &&
           parse->groupingSets == NIL && parse->havingQual == nullptr &&
           parse->distinctClause == NIL && parse->setOperations == nullptr;
}

// Every variable the distance and the output need has to come out of the child.
bool provides_variables(const Path *child, Expr *distance, const PathTarget *output)
{
    constexpr int flags =
        PVC_INCLUDE_PLACEHOLDERS | PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS;
    List *wanted = pull_var_clause(reinterpret_cast<Node *>(distance), flags);
    wanted = list_concat(wanted, pull_var_clause(reinterpret_cast<Node *>(output->exprs), flags));
    return list_difference(wanted, child->pathtarget->exprs) == NIL;
}

// What the node reads in place of Sort.
struct Input
{
    Path *path;  // null: the node cannot stand here
    bool has_distance;  // computed below already
};

// The path under the projection that computes the sort key; or, over partitions, whose append has
// pushed the projection down to each of them, the append itself with the key among its columns.
Input below_projection(Path *path, Expr *distance)
{
    if (list_member(path->pathtarget->exprs, distance) && !IsA(path, ProjectionPath))
        return {path, true};
    if (!IsA(path, ProjectionPath))
        return {nullptr, false};
    Path *child = castNode(ProjectionPath, path)->subpath;
    return {provides_variables(child, distance, path->pathtarget) ? child : nullptr, false};
}

CustomPath *make_path(PlannerInfo *root, RelOptInfo *rel, Path *input, Expr *distance, double limit)
{
    const Input reads = below_projection(input, distance);
    Path *child = reads.path;
    if (child == nullptr)
        return nullptr;
    if (limit * (input->pathtarget->width + row_overhead) > work_mem * 1024.0)
        return nullptr;

    QualCost distance_cost{};
    if (!reads.has_distance)
        cost_qual_eval_node(&distance_cost, reinterpret_cast<Node *>(distance), root);
    const double kept = std::min(limit, clamp_row_est(child->rows));
    // One comparison for each row, and a heap's worth of them for each that is let in.
    const double taken_in = kept * (1 + std::log(std::max(1.0, child->rows / kept)));
    const double comparison = 2.0 * cpu_operator_cost;

    auto *path = makeNode(CustomPath);
    path->path.pathtype = T_CustomScan;
    path->path.parent = rel;
    path->path.pathtarget = input->pathtarget;
    path->path.param_info = nullptr;
    path->path.parallel_aware = false;
    path->path.parallel_safe = input->parallel_safe;
    path->path.parallel_workers = child->parallel_workers;
    path->path.pathkeys = root->sort_pathkeys;
    path->path.rows = kept;
    path->path.startup_cost = child->total_cost + distance_cost.startup +
                              child->rows * (distance_cost.per_tuple + cpu_operator_cost) +
                              taken_in * (cpu_tuple_cost + comparison * std::log2(kept + 1));
    path->path.total_cost = path->path.startup_cost + kept * cpu_tuple_cost;
    // No CUSTOMPATH_SUPPORT_PROJECTION: what the planner postponed until after the sort (volatile or
    // dear functions) must run for the k rows given out, not for every row let in.
    path->flags = 0;
    path->custom_paths = list_make1(child);
    path->custom_private = list_make2(distance, makeInteger(static_cast<int>(limit)));
    path->methods = &path_methods;
    pg::inherit_disabled_nodes(&path->path, child);
    return path;
}

void offer_paths(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output)
{
    if (!enabled || !query_is_plain(root->parse))
        return;
    const double limit = rows_needed(root);
    Expr *distance = limit >= 1 ? distance_order(root) : nullptr;
    if (distance == nullptr || input->cheapest_total_path == nullptr)
        return;
    PathTarget *target = root->upper_targets[UPPERREL_ORDERED];

    CustomPath *whole = make_path(root, output, input->cheapest_total_path, distance, limit);
    if (whole != nullptr)
        add_path(output, apply_projection_to_path(root, output, &whole->path, target));

    if (input->partial_pathlist == NIL || !output->consider_parallel)
        return;
    CustomPath *share = make_path(
        root, output, static_cast<Path *>(linitial(input->partial_pathlist)), distance, limit);
    if (share == nullptr || !share->path.parallel_safe)
        return;
    double gathered = share->path.rows * share->path.parallel_workers;
    auto *merge = create_gather_merge_path(root, output, &share->path, share->path.pathtarget,
                                           root->sort_pathkeys, nullptr, &gathered);
    add_path(output, apply_projection_to_path(root, output, &merge->path, target));
}

void upper_paths_hook(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input,
                      RelOptInfo *output, void *extra)
{
    if (next_hook != nullptr)
        next_hook(root, stage, input, output, extra);
    if (stage == UPPERREL_ORDERED)
        offer_paths(root, input, output);
}

Plan *plan_path(PlannerInfo *, RelOptInfo *, CustomPath *path, List *tlist, List *, List *children)
{
    auto *child = static_cast<Plan *>(linitial(children));
    auto *scan = makeNode(CustomScan);
    scan->scan.plan.targetlist = tlist;
    scan->scan.scanrelid = 0;
    scan->flags = path->flags;
    scan->custom_plans = children;
    scan->custom_exprs = list_make1(linitial(path->custom_private));
    scan->custom_private = list_make1(lsecond(path->custom_private));
    // The child may have been planned with more columns than its path promised.
    scan->custom_scan_tlist = static_cast<List *>(copyObjectImpl(child->targetlist));
    scan->methods = &scan_methods;
    return &scan->scan.plan;
}

}  // namespace

void install()
{
    DefineCustomBoolVariable("quiver.enable_exact_search",
                             "Enables the planner's use of the exact nearest-neighbour node.",
                             "Off leaves ORDER BY distance LIMIT k to Sort.", &enabled, true,
                             PGC_USERSET, GUC_EXPLAIN, nullptr, nullptr, nullptr);
    RegisterCustomScanMethods(&scan_methods);
    next_hook = create_upper_paths_hook;
    create_upper_paths_hook = upper_paths_hook;
}

}  // namespace quiver::exact
