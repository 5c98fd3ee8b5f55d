// How many rows lie within a distance: what the planner is told of `WHERE v <-> q < r`.
//
// docs/distance_estimates.md explains how it is told.
#pragma once

namespace quiver::types {

// Hooks and setting; from _PG_init.
void install_distance_estimates();

}  // namespace quiver::types
