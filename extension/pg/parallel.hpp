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
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "storage/fd.h"
#include "storage/shm_toc.h"
}

namespace quiver::pg {

// How many workers a build of this index may have: none if the table or the expressions do not allow
// it, the table's parallel_workers if that is set, else max_parallel_maintenance_workers.
inline int build_workers(Relation heap, Relation index)
{
    if (plan_create_index_workers(RelationGetRelid(heap), RelationGetRelid(index)) == 0)
        return 0;
    // A table with options of any kind has this one too, as -1 where nobody has set it.
    const int wanted = RelationGetParallelWorkers(heap, -1);
    return wanted >= 0 && wanted < max_parallel_maintenance_workers
               ? wanted
               : max_parallel_maintenance_workers;
}

}  // namespace quiver::pg
