// The hnsw access method: what module.cpp sees of it.
#pragma once

namespace quiver::hnsw {

// Reloptions, settings and the planner's hook; called once, from _PG_init.
void install();

}  // namespace quiver::hnsw
