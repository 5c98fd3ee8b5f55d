// The door to PostgreSQL's headers for code that talks to the planner and the executor: nodes, costs,
// statistics, plan nodes of our own; and what differs there between server versions.
//
// Apart from postgres.hpp because most files need none of it.
#pragma once

#include "pg/compat.hpp"

extern "C" {
#include "access/detoast.h"
#include "access/heaptoast.h"
#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_statistic.h"
#include "commands/explain.h"
#if QUIVER_PLANNER_OF_18
#include "commands/explain_format.h"
#endif
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/primnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/ruleutils.h"
#include "utils/selfuncs.h"
#include "utils/spccache.h"
#include "utils/syscache.h"
}

#include <cstdint>

namespace quiver::pg {

// From 18 a path counts the disabled nodes below it (enable_* settings); before, the penalty is in
// the cost already.
inline void inherit_disabled_nodes([[maybe_unused]] Path *path, [[maybe_unused]] const Path *child)
{
#if QUIVER_PLANNER_OF_18
    path->disabled_nodes = child->disabled_nodes;
#endif
}

// Ascending, NULLs last: what ORDER BY means when it says nothing.
inline bool is_default_order(const PathKey *key)
{
#if QUIVER_PLANNER_OF_18
    return key->pk_cmptype == COMPARE_LT && !key->pk_nulls_first;
#else
    return key->pk_strategy == BTLessStrategyNumber && !key->pk_nulls_first;
#endif
}

// The callback of a tree walker or mutator, as the server declares it.
#if QUIVER_PLANNER_OF_16
#define QUIVER_WALKER(function) (function)
#define QUIVER_MUTATOR(function) (function)
#else
#define QUIVER_WALKER(function) reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(function))
#define QUIVER_MUTATOR(function) \
    reinterpret_cast<Node *(*) ()>(reinterpret_cast<void (*)()>(function))
#endif

// The btree family of an ORDER BY operator, and whether it means ascending.
inline bool ordering_family(Oid sort_operator, Oid *family, bool *ascending)
{
    Oid input_type;
#if QUIVER_PLANNER_OF_18
    CompareType order;
    if (!get_ordering_op_properties(sort_operator, family, &input_type, &order))
        return false;
    *ascending = order == COMPARE_LT;
#else
    std::int16_t strategy;
    if (!get_ordering_op_properties(sort_operator, family, &input_type, &strategy))
        return false;
    *ascending = strategy == BTLessStrategyNumber;
#endif
    return true;
}

// Plan `query` as a subquery of `root`; its paths are in the final upper relation of the result.
inline PlannerInfo *plan_subquery(PlannerInfo *root, Query *query)
{
#if QUIVER_PLANNER_OF_17
    return subquery_planner(root->glob, query, root, false, 0.0, nullptr);
#else
    return subquery_planner(root->glob, query, root, false, 0.0);
#endif
}

// A scan of the subquery relation `rel` that gives out the columns of `subpath` as they are.
inline Path *scan_subquery(PlannerInfo *root, RelOptInfo *rel, Path *subpath)
{
#if QUIVER_PLANNER_OF_16
    return &create_subqueryscan_path(root, rel, subpath, true, NIL, nullptr)->path;
#else
    return &create_subqueryscan_path(root, rel, subpath, NIL, nullptr)->path;
#endif
}

// Fill in the costs of sorting what `input` gives out.
inline void price_sort(Path *sorted, PlannerInfo *root, const Path *input, double comparison,
                       int memory)
{
#if QUIVER_PLANNER_OF_18
    cost_sort(sorted, root, NIL, input->disabled_nodes, input->total_cost, input->rows,
              input->pathtarget->width, comparison, memory, -1.0);
#else
    cost_sort(sorted, root, NIL, input->total_cost, input->rows, input->pathtarget->width,
              comparison, memory, -1.0);
#endif
}

// Give `var` the outer joins of `model`: from 16, two mentions of one column in one plan node agree.
inline void nulled_like([[maybe_unused]] Var *var, [[maybe_unused]] const Var *model)
{
#if QUIVER_PLANNER_OF_16
    var->varnullingrels = bms_copy(model->varnullingrels);
#endif
}

}  // namespace quiver::pg
