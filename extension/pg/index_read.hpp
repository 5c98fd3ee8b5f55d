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
#include "pgstat.h"
#include "storage/predicate.h"
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

inline void search_forward(BTScanInsert key)
{
#if QUIVER_INDEX_OF_17
    key->backward = false;
#else
    key->pivotsearch = false;
#endif
}

// The leaf where `key` belongs, locked for reading; InvalidBuffer if the index is empty.
inline Buffer search_leaf(Relation table, Relation index, BTScanInsert key)
{
    Buffer leaf;
#if QUIVER_PLANNER_OF_16
    _bt_freestack(_bt_search(index, table, key, &leaf, BT_READ));
#else
    (void) table;
    _bt_freestack(_bt_search(index, key, &leaf, BT_READ, GetActiveSnapshot()));
#endif
    return leaf;
}

}  // namespace quiver::pg
