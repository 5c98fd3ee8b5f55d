// The door to PostgreSQL's headers for index access methods: relations, buffers, WAL, vacuum; and what
// differs there between server versions.
#pragma once

#include "pg/buffer_hint.hpp"

extern "C" {
#include "access/amapi.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/generic_xlog.h"
#include "access/reloptions.h"
#include "access/relation.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xlog.h"
#include "access/xloginsert.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "commands/vacuum.h"
#include "common/pg_prng.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "pgstat.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "storage/freespace.h"
#include "storage/indexfsm.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/index_selfuncs.h"
#include "utils/typcache.h"
}

namespace quiver::pg {

inline void delay_vacuum()
{
#if QUIVER_VACUUM_OF_18
    vacuum_delay_point(false);
#else
    vacuum_delay_point();
#endif
}

// A search of the index, for EXPLAIN of 18 and later.
inline void count_index_search([[maybe_unused]] IndexScanDesc scan)
{
#if QUIVER_VACUUM_OF_18
    if (scan->instrument != nullptr)
        ++scan->instrument->nsearches;
#endif
}

// A path the planner must not take.
inline void forbid_path([[maybe_unused]] IndexPath *path)
{
#if QUIVER_VACUUM_OF_18
    path->path.disabled_nodes = 2;
#endif
}

inline void describe_index_build([[maybe_unused]] IndexAmRoutine *am,
                                 [[maybe_unused]] bool parallel)
{
#if QUIVER_INDEX_OF_17
    am->amcanbuildparallel = parallel;
#endif
}

// A new block at the end of the relation, pinned and locked exclusively. Its bytes are zero.
inline Buffer extend_relation(Relation relation, ForkNumber fork)
{
#if QUIVER_RELATION_HAS_LOCATOR
    return ExtendBufferedRel(BMR_REL(relation), fork, nullptr, EB_LOCK_FIRST);
#else
    const bool locked = !RELATION_IS_LOCAL(relation) && fork == MAIN_FORKNUM;
    if (locked)
        LockRelationForExtension(relation, ExclusiveLock);
    Buffer buffer = ReadBufferExtended(relation, fork, P_NEW, RBM_NORMAL, nullptr);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    if (locked)
        UnlockRelationForExtension(relation, ExclusiveLock);
    return buffer;
#endif
}

}  // namespace quiver::pg
