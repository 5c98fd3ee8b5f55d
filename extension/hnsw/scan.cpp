// The callbacks of index scans, and which of the rows that searches bring are returned.
#include "hnsw/scan_state.hpp"

#include <algorithm>
#include <limits>

namespace quiver::hnsw {

namespace {

// A row is beyond the bound, and what else is at hand is farther. Whether to go on: the graph may lead through what is
// beyond to rows within, so a scan ends when two searches in a row have brought none.
bool go_past_bound(ScanState *state)
{
    state->search->found().clear();
    if (state->rerank != nullptr)
        state->rerank->drop();
    constexpr int enough = 2;
    return ++state->misses < enough && goes_on(state);
}

// Whether a row may have attributes that the scan does not ask for: its filter is by hashes, or its number may
// have been given out again.
bool needs_check(const ScanState *state)
{
    return state->filter->lossy() || RecoveryInProgress() ||
           (state->graph != nullptr && state->graph->meta().reuse_count != state->reuse_count);
}

void start(IndexScanDesc scan, ScanState *state)
{
    pgstat_count_index_scan(scan->indexRelation);
    pg::count_index_search(scan);
    if (scan->orderByData == nullptr || scan->numberOfOrderBys == 0)
        elog(ERROR, "cannot scan hnsw index without order");
    // Rows' addresses are returned without a pin on the page they were read from.
    if (!IsMVCCSnapshot(scan->xs_snapshot))
        elog(ERROR, "non-MVCC snapshots are not supported with hnsw");
    state->memory_limit = static_cast<double>(work_mem) * 1024 * scan_mem_multiplier;
    if (state->planned != nullptr)
    {
        ++state->planned->totals.scans;
        state->planned->totals.end = ScanEnd::taken;
    }
    first_search(scan, state);
    state->started = true;
}

// A row address that damage has moved is an error of the index, not of the table's file.
void check_row(IndexScanDesc scan, ScanState *state)
{
    const BlockNumber block = ItemPointerGetBlockNumberNoCheck(&scan->xs_heaptid);
    if (scan->heapRelation == nullptr || block < state->heap_blocks)
        return;
    state->heap_blocks = RelationGetNumberOfBlocks(scan->heapRelation);
    if (block >= state->heap_blocks)
        ereport(ERROR, errcode(ERRCODE_INDEX_CORRUPTED),
                errmsg("index \"%s\" has a row at block %u, beyond the end of the table",
                       RelationGetRelationName(scan->indexRelation), block),
                errhint("Please REINDEX it."));
}

bool next_row(IndexScanDesc scan, ScanState *state)
{
    while (state->tid_next >= state->tid_count)
    {
        float distance;
        state->tid_next = 0;
        state->tid_count = 0;
        if (!(state->rerank != nullptr ? next_reranked(scan, state, &distance)
                                       : next_vertex(scan, state, &distance)))
        {
            note_end(state, goes_on(state) ? ScanEnd::all : ScanEnd::width);
            return false;
        }
        if (static_cast<double>(distance) - state->doubt > state->bound)
        {
            state->tid_count = 0;
            if (go_past_bound(state))
                continue;
            note_end(state, ScanEnd::bound);
            return false;
        }
        state->misses = 0;
        if (iteration() == IterativeScan::strict_order)
        {
            if (distance < state->previous)
            {
                state->tid_count = 0;
                continue;
            }
            state->previous = distance;
        }
    }
    scan->xs_heaptid = state->tids[state->tid_next++];
    check_row(scan, state);
    return true;
}

// Under one lock, so that no number is given out again between the search and what is read of its results.
bool first_row(IndexScanDesc scan, ScanState *state)
{
    const pg::PageLock lock{scan->indexRelation, scan_lock, ShareLock};
    state->locked = true;
    start(scan, state);
    const bool result = !state->empty && next_row(scan, state);
    state->locked = false;
    return result;
}

}  // namespace

IndexScanDesc begin_scan(Relation index, int nkeys, int norderbys)
{
    IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
    auto *state = static_cast<ScanState *>(palloc0(sizeof(ScanState)));
    state->context =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw scan", ALLOCSET_DEFAULT_SIZES);
    scan->opaque = state;
    return scan;
}

void rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
    auto *state = static_cast<ScanState *>(scan->opaque);
    if (state->rerank != nullptr)
        state->rerank->end();
    MemoryContextReset(state->context);
    state->graph = nullptr;
    state->search = nullptr;
    state->rerank = nullptr;
    state->filter = nullptr;
    state->passing = nullptr;
    state->sweep = nullptr;
    state->started = false;
    state->locked = false;
    state->empty = false;
    state->returned = 0;
    state->tid_count = state->tid_next = 0;
    state->previous = -std::numeric_limits<float>::infinity();
    state->planned = planned_scan(orderbys);
    state->counted = {};
    state->bound = std::numeric_limits<double>::infinity();
    state->doubt = 0;
    state->misses = 0;
    if (keys != nullptr && scan->numberOfKeys > 0)
        std::copy_n(keys, scan->numberOfKeys, scan->keyData);
    if (orderbys != nullptr && scan->numberOfOrderBys > 0)
        std::copy_n(orderbys, scan->numberOfOrderBys, scan->orderByData);
}

bool get_tuple(IndexScanDesc scan, ScanDirection)
{
    auto *state = static_cast<ScanState *>(scan->opaque);
    MemoryContext caller = MemoryContextSwitchTo(state->context);
    const bool result =
        state->started ? !state->empty && next_row(scan, state) : first_row(scan, state);
    MemoryContextSwitchTo(caller);
    scan->xs_recheck = state->filter != nullptr && needs_check(state);
    scan->xs_recheckorderby = false;
    return result;
}

void end_scan(IndexScanDesc scan)
{
    auto *state = static_cast<ScanState *>(scan->opaque);
    if (state->rerank != nullptr)
        state->rerank->end();
    MemoryContextDelete(state->context);
    pfree(state);
    scan->opaque = nullptr;
}

}  // namespace quiver::hnsw
