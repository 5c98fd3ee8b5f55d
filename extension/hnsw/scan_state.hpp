// What an index scan keeps between its calls.
#pragma once

#include "hnsw/access.hpp"
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
    Sweep *sweep;  // of a filtered scan that has gone over to it
    std::uint64_t identity;
    std::uint64_t reuse_count;  // when the scan began
    std::size_t returned;  // vertices of the walk at hand
    BlockNumber heap_blocks;  // of the table, as far as is known
    bool started;
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

}  // namespace quiver::hnsw
