// Exact nearest neighbours as a plan node: ORDER BY <distance> LIMIT k over any child plan.
//
// What PostgreSQL does without it: the scan projects every row with its distance, Sort copies each
// projected row into its memory and then drops nearly all of them again. This node computes the
// distance straight from the child's row, compares it with the worst of the k rows kept so far and
// touches nothing else of a row that loses; of n rows in random order about k * ln(n / k) are
// copied. Results, NULL and NaN order and errors are those of Sort (docs/exact_search.md).
//
// The planner chooses by cost: path.cpp offers the node for the whole input and, with a Gather
// Merge above, for each parallel worker's share. quiver.enable_exact_search = off takes it away.
#pragma once

#include "pg/planner.hpp"

namespace quiver::exact {

inline constexpr const char *node_name = "ExactSearch";

// What the planner hands to the executor, in CustomScan terms:
//   custom_exprs    {distance expression}
//   custom_private  {Integer k}
//   custom_plans    {child}
//   custom_scan_tlist  the child's target list; the node's own is projected from it

// From CustomScan to its executor state (node.cpp).
Node *create_scan_state(CustomScan *scan);

// Define quiver.enable_exact_search, register the node and put the planner hook in place. Called
// once, from _PG_init.
void install();

}  // namespace quiver::exact
