// Counting the work of scans: of the session's last one, and of a plan node's.
#include "hnsw/scan_state.hpp"

namespace quiver::hnsw {

namespace {

// Of the session, for quiver.hnsw_last_scan().
constinit ScanCounts last_scan{};

}  // namespace

const ScanCounts &last_scan_counts() { return last_scan; }

void count_scan(ScanState *state)
{
    last_scan.expanded = state->search->counts().expanded;
    last_scan.distances = state->search->counts().distances;
    last_scan.reranked = state->rerank != nullptr ? state->rerank->count() : 0;
    last_scan.copied = state->graph->copied();
    if (state->planned == nullptr)
        return;
    ScanTotals &totals = state->planned->totals;
    totals.expanded += last_scan.expanded - state->counted.expanded;
    totals.distances += last_scan.distances - state->counted.distances;
    totals.reranked += last_scan.reranked - state->counted.reranked;
    state->counted = last_scan;
}

void count_search(ScanState *state)
{
    count_scan(state);
    if (state->planned != nullptr)
        ++state->planned->totals.searches;
}

void note_end(ScanState *state, ScanEnd end)
{
    if (state->planned != nullptr)
        state->planned->totals.end = end;
}

}  // namespace quiver::hnsw
