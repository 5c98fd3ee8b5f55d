// What the plan of a statement knows of its hnsw scans beyond their keys: the bound on the distance in a
// scan's filter, and where the work of a scan is counted for EXPLAIN.
#pragma once

#include "hnsw/space.hpp"

#include "pg/executor.hpp"

namespace quiver::hnsw {

// Why a scan ended.
enum class ScanEnd : std::uint8_t
{
    taken,  // nobody asked for more
    width,  // hnsw.ef_search rows, without iteration
    bound,  // what is left is farther than the filter lets through
    all  // nothing is left
};

// Of all scans of a plan node.
struct ScanTotals
{
    std::int64_t scans;
    std::int64_t expanded;
    std::int64_t distances;
    std::int64_t reranked;
    std::int64_t searches;  // walks and sweeps, the first and those that go on
    ScanEnd end;  // of the last scan
};

// A plan node of a statement that is being executed.
struct PlannedScan
{
    PlannedScan *next;
    IndexScanState *node;
    List *bounds;  // of ScanBound
    ScanTotals totals;
};

// What a condition bounds the distance by that a scan is ordered by; null if it does not. Only what is the same for
// all rows is a bound.
Expr *bound_in(Node *condition, Node *ordered);

// The node that a scan with these keys belongs to; null if it belongs to none.
PlannedScan *planned_scan(const ScanKeyData *orderbys);

// The distance in the operator's terms that no row that passes the filter exceeds; infinite if the filter
// says nothing of it. Evaluates parameters.
double bound_of(const PlannedScan *scan);

// The same in the terms of the space, a little more so that sums in another order lose no row.
double bound_in_space(const Space &space, const void *query, double bound);

// Called when a statement ends, before its scans are forgotten; `explained`: it was run to be explained.
void end_statement(const PlannedScan *scans, bool explained);

// Hooks and settings; from _PG_init.
void define_planned_scans();
void define_explain();

}  // namespace quiver::hnsw
