// The distances between a query's value and the sample of a column's, as the planner asks for them.
#pragma once

#include "kernels/distance_quantiles.hpp"

#include "pg/statistics.hpp"

namespace quiver::types {

struct SampledDistances
{
    kernels::WeightedDistance *items;
    int count;
    double unordered;  // the weight of those that are not a number
    double total;
    double null_share;  // of the column
};

// Of a call of a distance function or operator between an expression of a column and one without; in the current memory
// context. False where nothing is known. Nothing is told to users who may not read all rows: distances to queries of their
// choice would give the values away.
[[nodiscard]] bool sampled_distances(PlannerInfo *root, Expr *call, SampledDistances *distances);

}  // namespace quiver::types
