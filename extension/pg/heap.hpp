// The door to PostgreSQL's headers for code that reads tables and their TOAST tables block by block,
// and what differs there between server versions.
//
// Apart from postgres.hpp because most files need none of it.
#pragma once

#include "pg/index.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/heaptoast.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/toast_internals.h"
#include "access/transam.h"
#include "access/xact.h"
#include "utils/fmgroids.h"
}

namespace quiver::pg {

// The snapshot that TOAST chunks are read by; an error where there is no other snapshot.
inline SnapshotData toast_snapshot()
{
#if QUIVER_TOAST_SNAPSHOT_IS_SHARED
    return *get_toast_snapshot();
#else
    SnapshotData snapshot;
    init_toast_snapshot(&snapshot);
    return snapshot;
#endif
}

}  // namespace quiver::pg
