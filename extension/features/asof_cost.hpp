// What the strategies of an as-of join cost, in the planner's units.
#pragma once

#include "features/asof_choice.hpp"

namespace quiver::features {

struct AsofCost
{
    double startup;
    double total;
    double memory;  // bytes
};

// What the ordinary plan will really take: PostgreSQL prices each index probe as if no page had ever
// been read, though a million probes read the same pages over and over.
double probe_cost(PlannerInfo *root, const RelOptInfo *joinrel, const RelOptInfo *outer,
                  const RelOptInfo *inner);

// The least that reading the history once can cost, before it is planned.
double least_history_cost(const RelOptInfo *inner);

// `spine_rows` is the whole spine; the paths may be partial, and `processes` share the work.
AsofCost hash_cost(const Choice &choice, const Path *spine, const Path *history, double spine_rows,
                   double processes);
// What cutting both sides into batches adds: they are written and read once more.
double batch_cost(const Path *spine, const Path *history);

// Of windows: the ordinary plan as above, and the node (window_path.cpp).
double window_probe_cost(PlannerInfo *root, const RelOptInfo *joinrel, const RelOptInfo *outer,
                         const RelOptInfo *inner);
AsofCost window_cost(const Shape *shape, const Path *spine, const Path *history,
                     double window_rows);
// Whether several processes may share windows: their rows are plain values, and do not depend on
// the order in which they were read.
bool may_share_windows(const Shape *shape, const History *history);
// The subquery's HAVING, with what the planner has moved into it, as conditions over the windows; false if they
// are not computed from the aggregates alone.
bool fold_having(const RelOptInfo *inner, Shape *shape, const History *history, List **conditions);
double window_memory(const History *history, double spine_rows);

AsofCost merge_cost(PlannerInfo *root, const Shape *shape, const Path *spine, const Path *history);

}  // namespace quiver::features
