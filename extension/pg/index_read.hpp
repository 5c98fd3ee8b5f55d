// The door to PostgreSQL's headers for code that reads one row through an index by itself, and what
// differs there between server versions.
#pragma once

#include "pg/buffer_hint.hpp"
#include "pg/query.hpp"

extern "C" {
#include "access/genam.h"
#include "access/heapam.h"
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

// From 18 index scans may count their accesses for EXPLAIN.
inline IndexScanDesc begin_index_scan(Relation table, Relation index, int keys)
{
#if QUIVER_PLANNER_OF_18
    return index_beginscan(table, index, GetActiveSnapshot(), nullptr, keys, 0);
#else
    return index_beginscan(table, index, GetActiveSnapshot(), keys, 0);
#endif
}

// What a search of a B-tree by key starts from, besides the key.
inline void prepare_search(Relation index, BTScanInsert key)
{
    _bt_metaversion(index, &key->heapkeyspace, &key->allequalimage);
    key->anynullkeys = false;
    key->nextkey = false;
#if QUIVER_INDEX_OF_17
    key->backward = false;
#else
    key->pivotsearch = false;
#endif
    key->scantid = nullptr;
}

// The root of the index, locked for reading; InvalidBuffer if it is empty.
inline Buffer lock_root([[maybe_unused]] Relation table, Relation index)
{
#if QUIVER_PLANNER_OF_16
    return _bt_getroot(index, table, BT_READ);
#else
    return _bt_getroot(index, BT_READ);
#endif
}

// Before 17 a snapshot may be too old for a page.
inline void check_snapshot_age([[maybe_unused]] Snapshot snapshot,
                               [[maybe_unused]] Relation relation, [[maybe_unused]] Page page)
{
#if !QUIVER_INDEX_OF_17
    TestForOldSnapshot(snapshot, relation, page);
#endif
}

}  // namespace quiver::pg
