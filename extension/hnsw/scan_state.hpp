// What an index scan keeps between its calls.
#pragma once

#include "hnsw/access.hpp"
#include "hnsw/filter_cost.hpp"
#include "hnsw/options.hpp"
#include "hnsw/planned_scan.hpp"
#include "hnsw/rerank.hpp"
#include "hnsw/sweep.hpp"

namespace quiver::hnsw {

struct ScanState
{
    MemoryContext context;  // of one scan; reset when it starts again
    Graph *graph;
    Search *search;
    Reranker *rerank;  // of a coded index
    Filter *filter;  // of a scan with conditions
    Passing *passing;  // what it lets through
    Sweep *sweep;  // of a filtered scan that has gone over to it
    std::uint64_t identity;
    std::uint64_t reuse_count;  // when the scan began
    std::size_t returned;  // vertices of the walk at hand
    BlockNumber heap_blocks;  // of the table, as far as is known
    bool started;
    bool locked;  // the scan lock has been held since the first search began
    bool empty;
    double memory_limit;
    float previous;  // distance of the last row returned
    PlannedScan *planned;  // the plan node, if it is known
    double bound;  // rows beyond it do not pass the filter
    double doubt;  // how much nearer than it is said to be a row may be
    ScanCounts counted;  // in the plan node's totals
    int misses;  // times in a row that what a search brought was beyond the bound
    int tid_count;
    int tid_next;
    ItemPointerData tids[max_heap_tids];
};

inline IterativeScan iteration() { return static_cast<IterativeScan>(iterative_scan); }

// Whether a scan may return more than one search finds: when it iterates, and on a coded index always, so
// that a LIMIT above hnsw.ef_search is served.
inline bool goes_on(const ScanState *state)
{
    return iteration() != IterativeScan::off || state->rerank != nullptr ||
           state->filter != nullptr;
}

// scan_search.cpp: open the index and search it for the first time.
void first_search(IndexScanDesc scan, ScanState *state);
// The next vertex in order, searching on if need be; its rows go to state->tids. False if there is none.
bool next_vertex(IndexScanDesc scan, ScanState *state, float *distance);
// The same on a coded index: results are compared again by exact distance, as many as it takes until no
// other is likely to be nearer.
bool next_reranked(IndexScanDesc scan, ScanState *state, float *distance);

// scan_filter.cpp: the searches of a scan with conditions, from whichever way is the cheaper; the scan lock
// is held. False if there are no more results.
void first_filtered_search(ScanState *state, bool has_query);
bool more_filtered(ScanState *state);

// scan_count.cpp: what has been done so far, and that it was by one more search.
void count_scan(ScanState *state);
void count_search(ScanState *state);
void note_end(ScanState *state, ScanEnd end);

}  // namespace quiver::hnsw
