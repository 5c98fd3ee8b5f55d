// The door to PostgreSQL's headers for code that talks to the planner and the executor: nodes, costs,
// statistics, plan nodes of our own; and what differs there between server versions.
//
// Apart from postgres.hpp because most files need none of it.
#pragma once

#include "pg/compat.hpp"

extern "C" {
#include "access/detoast.h"
#include "access/heaptoast.h"
#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_statistic.h"
#include "commands/explain.h"
#if QUIVER_PLANNER_OF_18
#include "commands/explain_format.h"
#endif
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/primnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/ruleutils.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
}

namespace quiver::pg {

// From 18 a path counts the disabled nodes below it (enable_* settings); before, the penalty is in
// the cost already.
inline void inherit_disabled_nodes([[maybe_unused]] Path *path, [[maybe_unused]] const Path *child)
{
#if QUIVER_PLANNER_OF_18
    path->disabled_nodes = child->disabled_nodes;
#endif
}

// Ascending, NULLs last: what ORDER BY means when it says nothing.
inline bool is_default_order(const PathKey *key)
{
#if QUIVER_PLANNER_OF_18
    return key->pk_cmptype == COMPARE_LT && !key->pk_nulls_first;
#else
    return key->pk_strategy == BTLessStrategyNumber && !key->pk_nulls_first;
#endif
}

}  // namespace quiver::pg
