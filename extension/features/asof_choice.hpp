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
    bool borrows;
    Index subquery;
    Shape *shape;
    History *history;
    List *join_quals;
    List *filters;
};

// Whether the spine's path is a hash join of the same keys and times, whose index will do for this one.
bool has_same_spine(const Path *spine, const Choice &choice);

extern const CustomScanMethods asof_scan_methods;

// PlanCustomPath: the path's private data is one Choice.
Plan *plan_asof(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
                List *children);

}  // namespace quiver::features
