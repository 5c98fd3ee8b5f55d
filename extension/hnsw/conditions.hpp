// Conditions that the planner leaves to the table though the index could decide them.
#pragma once

#include "pg/index.hpp"
#include "pg/planner.hpp"

namespace quiver::hnsw {

// Make `column = ANY (...)` and, of a boolean, `column` and `NOT column` index conditions of a path. Before 17 the
// planner drops an index's order for the first, before 16 it does not know the others in an extension's classes.
void add_conditions(PlannerInfo *root, IndexPath *path);

}  // namespace quiver::hnsw
