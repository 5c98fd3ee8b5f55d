// The door to PostgreSQL's headers for code that reads one row through an index by itself, and what
// differs there between server versions.
#pragma once

#include "pg/query.hpp"

extern "C" {
#include "access/genam.h"
#include "access/nbtree.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "nodes/makefuncs.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace quiver::pg {

// From 18 index scans may count their accesses for EXPLAIN.
inline IndexScanDesc begin_index_scan(Relation table, Relation index, int keys)
{
#if QUIVER_PLANNER_OF_18
    return index_beginscan(table, index, GetActiveSnapshot(), nullptr, keys, 0);
#else
    return index_beginscan(table, index, GetActiveSnapshot(), keys, 0);
#endif
}

}  // namespace quiver::pg
