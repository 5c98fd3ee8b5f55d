// What the planner is told about the distance functions: SUPPORT functions, one for each type.
//
// Each answers SupportRequestCost with the cost of one call. It grows with the bytes compared and,
// where a column's values are stored out of line, with what it takes to fetch them; without it
// every function costs one cpu_operator_cost, so the planner would take a scan over a million
// 1,536-dimension vectors for one over a million integers. docs/exact_search.md explains the model
// and how it was measured.
#pragma once

#include "pg/planner.hpp"

namespace quiver::types {

// The type whose values a distance function compares.
enum class DistanceType
{
    none,  // it is no distance function of this extension
    vector,
    halfvec,
    tinyvec,
    bit,
    sparsevec
};

// Of an expression that is a call, as function or operator.
DistanceType distance_type(const Expr *expression);

inline bool is_distance_call(const Expr *expression)
{
    return distance_type(expression) != DistanceType::none;
}

}  // namespace quiver::types
