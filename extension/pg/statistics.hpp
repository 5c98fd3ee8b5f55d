// The door to PostgreSQL's headers for code that makes or supplies statistics: ANALYZE, and the hooks by which the
// planner asks for them.
#pragma once

#include "pg/planner.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/vacuum.h"
#include "optimizer/appendinfo.h"
#include "optimizer/plancat.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"
}

namespace quiver::pg {

// Forget which outer joins may have nulled a column.
inline void forget_nulling([[maybe_unused]] Var *var)
{
#if QUIVER_PLANNER_OF_16
    var->varnullingrels = nullptr;
#endif
}

}  // namespace quiver::pg
