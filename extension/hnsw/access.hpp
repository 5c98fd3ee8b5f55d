// The callbacks of the access method, one file each, and what they tell one another.
#pragma once

#include "pg/index.hpp"
#include "pg/planner.hpp"

#include <cstdint>

namespace quiver::hnsw {

IndexScanDesc begin_scan(Relation index, int nkeys, int norderbys);
void rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys);
bool get_tuple(IndexScanDesc scan, ScanDirection direction);
void end_scan(IndexScanDesc scan);

IndexBulkDeleteResult *bulk_delete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                   IndexBulkDeleteCallback callback, void *callback_state);
IndexBulkDeleteResult *vacuum_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);

void estimate_cost(PlannerInfo *root, IndexPath *path, double loop_count, Cost *startup_cost,
                   Cost *total_cost, Selectivity *selectivity, double *correlation, double *pages);

// Whether this process has met an hnsw index: the server asks for the access method when it first reads an index's
// entry in the catalog, so before that no plan has a scan of one. Until then the hooks leave every statement alone.
extern bool index_is_known;

// Plans lose the distances that nobody reads (plan.cpp).
void install_planner_hook();
// The same for the statement in whose planning the library was loaded; before it is executed.
void finish_missed_plan(PlannedStmt *statement);

// Work of the session's last scan.
struct ScanCounts
{
    std::int64_t expanded;  // vertices whose links were followed
    std::int64_t distances;
    std::int64_t reranked;
    std::int64_t copied;  // of the distances, from the copy of the codes
};
const ScanCounts &last_scan_counts();

}  // namespace quiver::hnsw
