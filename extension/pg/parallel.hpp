// The door to PostgreSQL's headers for parallel builds and temporary files.
#pragma once

#include "pg/index.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_tablespace_d.h"
#include "commands/tablespace.h"
#include "common/file_perm.h"
#include "common/file_utils.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "storage/fd.h"
#include "storage/shm_toc.h"
#include "utils/guc.h"
}

namespace quiver::pg {

// Whether the table is worth a worker with what it keeps out of line, where long vectors are.
inline bool is_large_out_of_line(Relation heap)
{
    const Oid toast = heap->rd_rel->reltoastrelid;
    if (!OidIsValid(toast))
        return false;
    Relation relation = table_open(toast, AccessShareLock);
    const BlockNumber blocks = RelationGetNumberOfBlocks(relation);
    table_close(relation, AccessShareLock);
    return blocks >= static_cast<BlockNumber>(min_parallel_table_scan_size);
}

// How many workers a build of this index may have: none if the table or the expressions do not allow
// it or the table is small, the table's parallel_workers if that is set, else
// max_parallel_maintenance_workers.
inline int build_workers(Relation heap, Relation index)
{
    // The server's rule looks at the table's own pages alone.
    const int level = NewGUCNestLevel();
    if (is_large_out_of_line(heap))
        (void) set_config_option("min_parallel_table_scan_size", "0", PGC_USERSET, PGC_S_SESSION,
                                 GUC_ACTION_SAVE, true, 0, false);
    const int planned = plan_create_index_workers(RelationGetRelid(heap), RelationGetRelid(index));
    AtEOXact_GUC(false, level);
    if (planned == 0)
        return 0;
    // A table with options of any kind has this one too, as -1 where nobody has set it.
    const int wanted = RelationGetParallelWorkers(heap, -1);
    return wanted >= 0 && wanted < max_parallel_maintenance_workers
               ? wanted
               : max_parallel_maintenance_workers;
}

}  // namespace quiver::pg
