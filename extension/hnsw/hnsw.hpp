// The hnsw access method: what module.cpp sees of it.
#pragma once

namespace quiver::hnsw {

// Reloptions and settings; called once, from _PG_init.
void install();

}  // namespace quiver::hnsw
