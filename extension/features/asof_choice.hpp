// From an as-of path to its plan node.
#pragma once

#include "features/asof.hpp"
#include "features/asof_history.hpp"

namespace quiver::features {

// What a path carries to plan_asof.
struct Choice
{
    Strategy strategy;
    bool inner;
    bool shared_spine;
    Index subquery;
    Shape *shape;
    History *history;
    List *join_quals;
    List *filters;
};

extern const CustomScanMethods asof_scan_methods;

// PlanCustomPath: the path's private data is one Choice.
Plan *plan_asof(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
                List *children);

}  // namespace quiver::features
