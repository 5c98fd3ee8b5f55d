// Planner structures that differ between server versions.
#pragma once

#include "pg/compat.hpp"

extern "C" {
#include "nodes/pathnodes.h"
}

namespace quiver::pg {

// From 18 a path counts the disabled nodes below it (enable_* settings); before, the penalty is in
// the cost already.
inline void inherit_disabled_nodes([[maybe_unused]] Path *path, [[maybe_unused]] const Path *child)
{
#if QUIVER_HAS_DISABLED_NODES
    path->disabled_nodes = child->disabled_nodes;
#endif
}

}  // namespace quiver::pg
