// Index scans: the first search, iterative scans, and the settings that bound them.
#include "hnsw/access.hpp"

#include "hnsw/code_copy.hpp"
#include "hnsw/options.hpp"
#include "hnsw/scan_state.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quiver::hnsw {

namespace {

// Of the session, for quiver.hnsw_last_scan().
constinit ScanCounts last_scan{};

IterativeScan mode() { return static_cast<IterativeScan>(iterative_scan); }

bool farther(const Found &a, const Found &b)
{
    return a.distance != b.distance ? a.distance > b.distance : a.vertex < b.vertex;
}

// Results become a heap: a LIMIT takes few of them.
void arrange(ScanState *state)
{
    state->returned = 0;
    auto &found = state->search->found();
    std::make_heap(found.begin(), found.end(), farther);
}

const void *query_of(const Graph &graph, const ScanKeyData *key)
{
    if ((key->sk_flags & SK_ISNULL) != 0)
        return nullptr;
    Value value;
    // A zero vector has no direction; as in pgvector it is compared as it is.
    if (form_value(graph.space(), key->sk_argument, &value))
        return value.bytes;
    return palloc0(graph.space().fixed_width() ? graph.space().value_size() : sizeof(std::int32_t));
}

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

double find_bound(const ScanState *state, const void *query)
{
    if (state->planned == nullptr || query == nullptr)
        return std::numeric_limits<double>::infinity();
    const Space &space = state->graph->space();
    const double bound = bound_in_space(space, query, bound_of(state->planned));
    // On the scale of the estimates.
    return state->rerank != nullptr && space.metric == Metric::cosine ? 2 + 2 * bound : bound;
}

// Whether a scan may return more than one search finds: when it iterates, and on a coded index always,
// so that a LIMIT above hnsw.ef_search is served.
bool goes_on(const ScanState *state)
{
    return mode() != IterativeScan::off || state->rerank != nullptr || state->filter != nullptr;
}

// Of a filtered scan: sweep the attributes from here on.
void start_sweep(ScanState *state)
{
    state->search->drop_found();
    state->sweep = new (palloc(sizeof(Sweep))) Sweep{*state->graph, *state->filter, *state->search,
                                                     static_cast<std::size_t>(state->memory_limit)};
}

// The next results of a filtered scan, from whichever way is the cheaper; the scan lock is held. False if
// there are none left.
bool more_filtered(ScanState *state)
{
    Search &search = *state->search;
    const auto width = static_cast<std::size_t>(ef_search);
    if (state->sweep == nullptr)
    {
        const bool memory_is_full = static_cast<double>(search.bytes()) > state->memory_limit;
        if (!memory_is_full && !search.given_up() && search.resume(width) && !search.given_up())
        {
            search.hold_back();
            if (!search.found().empty())
                return true;
        }
        // What the walks did not come to, the sweep does.
        start_sweep(state);
    }
    return state->sweep->take(width, &search.found());
}

void first_filtered_search(ScanState *state, bool has_query)
{
    const FilterCosts costs =
        estimate_filter(*state->graph, *state->filter, static_cast<std::size_t>(ef_search));
    Search &search = *state->search;
    search.filter(state->filter,
                  static_cast<std::int64_t>(std::fmin(costs.sweep / costs.expansion, 1e9)));
    // Without a query all are equally near, and a walk leads nowhere.
    if (has_query && costs.walk < costs.sweep)
    {
        const Candidate from = search.descend(0);
        search.walk(0, static_cast<std::size_t>(ef_search), &from, 1, true);
        search.hold_back();
        if (!search.given_up() && !search.found().empty())
            return;
    }
    start_sweep(state);
    (void) state->sweep->take(static_cast<std::size_t>(ef_search), &search.found());
}

// The conditions on attributes, if there are any.
void make_filter(IndexScanDesc scan, ScanState *state)
{
    if (scan->numberOfKeys == 0)
        return;
    MetaCopy meta;
    read_meta(scan->indexRelation, &meta);
    auto *filter = new (palloc(sizeof(Filter)))
        Filter{scan->indexRelation, *meta, scan->keyData, scan->numberOfKeys};
    state->filter = filter->any() ? filter : nullptr;
}

void first_search(IndexScanDesc scan, ScanState *state)
{
    make_filter(scan, state);
    const pg::PageLock lock{scan->indexRelation, scan_lock, ShareLock};
    state->graph = new (palloc(sizeof(Graph))) Graph{scan->indexRelation};
    Graph &graph = *state->graph;
    state->identity = graph.meta().identity;
    state->reuse_count = graph.meta().reuse_count;
    state->empty =
        graph.meta().entry == no_vertex || (state->filter != nullptr && state->filter->never());
    if (state->empty)
        return;
    const void *query = query_of(graph, scan->orderByData);
    graph.keep_up();
    const kernels::CodeQuery *code = nullptr;
    if (graph.is_coded() && query != nullptr)
    {
        code = graph.coder().prepare(query);
        state->rerank = new (palloc(sizeof(Reranker))) Reranker{graph, query, scan->heapRelation};
    }
    state->search = new (palloc(sizeof(Search))) Search{graph, query, code};
    state->bound = find_bound(state, query);
    if (code != nullptr)
        begin_with_copy(graph);
    if (state->filter != nullptr)
    {
        first_filtered_search(state, query != nullptr);
        graph.leave_copy();
        arrange(state);
        count_search(state);
        return;
    }
    const Candidate from = state->search->descend(0);
    state->search->walk(0, static_cast<std::size_t>(ef_search), &from, 1, goes_on(state));
    graph.leave_copy();
    if (goes_on(state))
        state->search->hold_back();
    arrange(state);
    count_search(state);
}

// What was read may have been given out again since.
void renew(ScanState *state)
{
    state->graph->renew();
    if (state->graph->meta().identity != state->identity)
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("index \"%s\" was rebuilt during a scan",
                       RelationGetRelationName(state->graph->index())));
    if (state->graph->meta().reuse_count != state->reuse_count)
        state->search->distrust();
}

bool exhausted(const ScanState *state)
{
    return state->search->counts().distances >= max_scan_tuples ||
           static_cast<double>(state->search->bytes()) > state->memory_limit;
}

// The nearest of the candidates that no walk came to.
bool next_left(IndexScanDesc scan, ScanState *state, float *distance)
{
    const pg::PageLock lock{scan->indexRelation, scan_lock, ShareLock};
    renew(state);
    Candidate candidate;
    while (state->search->take_left(&candidate))
    {
        CHECK_FOR_INTERRUPTS();
        state->tid_count = state->graph->read_tids(candidate.vertex, state->tids);
        if (state->tid_count == 0)
            continue;
        state->doubt = state->rerank != nullptr ? state->rerank->doubt() : 0;
        *distance = state->graph->meta().reuse_count == state->reuse_count
                        ? candidate.distance
                        : state->search->distance_of(candidate.vertex);
        return true;
    }
    return false;
}

// Make sure that there is a result to take, if need be by going on; false if there is none. What is left
// when the bounds are reached is not searched further, but taken as it is: `left`.
bool has_found(IndexScanDesc scan, ScanState *state, bool *left)
{
    auto &found = state->search->found();
    // Without iteration ef_search vertices are the answer, however many were as near as the last.
    const std::size_t most = goes_on(state) ? std::numeric_limits<std::size_t>::max()
                                            : static_cast<std::size_t>(ef_search);
    while (found.empty() || state->returned >= most)
    {
        if (!goes_on(state))
            return false;
        if (state->filter != nullptr)
        {
            const pg::PageLock lock{scan->indexRelation, scan_lock, ShareLock};
            renew(state);
            if (state->rerank != nullptr)
                begin_with_copy(*state->graph);
            const bool more = more_filtered(state);
            state->graph->leave_copy();
            if (!more)
                return false;
            arrange(state);
            count_search(state);
            return true;
        }
        *left = exhausted(state);
        if (*left && state->search->release_held())
        {
            *left = false;
            arrange(state);
            return true;
        }
        if (*left)
            return true;
        const pg::PageLock lock{scan->indexRelation, scan_lock, ShareLock};
        renew(state);
        if (state->rerank != nullptr)
            begin_with_copy(*state->graph);
        const bool more = state->search->resume(static_cast<std::size_t>(ef_search));
        state->graph->leave_copy();
        if (!more)
            return false;
        state->search->hold_back();
        arrange(state);
        count_search(state);
    }
    return true;
}

// The next vertex in order; its rows go to state->tids.
bool next_vertex(IndexScanDesc scan, ScanState *state, float *distance)
{
    bool left = false;
    if (!has_found(scan, state, &left))
        return false;
    if (left)
        return next_left(scan, state, distance);
    auto &found = state->search->found();
    std::pop_heap(found.begin(), found.end(), farther);
    const Found nearest = found.back();
    found.pop_back();
    ++state->returned;
    *distance = nearest.distance;
    state->tid_count = 1;
    state->tids[0] = nearest.heap_tid;
    if (nearest.tid_count > 1)
    {
        const pg::PageLock lock{scan->indexRelation, scan_lock, ShareLock};
        renew(state);
        if (state->graph->meta().reuse_count == state->reuse_count)
            state->tid_count = state->graph->read_tids(nearest.vertex, state->tids);
    }
    return true;
}

// The same on a coded index: results are compared again by exact distance, as many as it takes until no
// other is likely to be nearer.
bool next_reranked(IndexScanDesc scan, ScanState *state, float *distance)
{
    bool left = false;
    auto &found = state->search->found();
    while (state->rerank->needs_more(found))
    {
        if (found.empty())
        {
            // Those in hand are returned before the search goes on.
            if (!state->rerank->empty())
                break;
            if (!has_found(scan, state, &left))
                return false;
            if (left)
                break;
        }
        const pg::PageLock lock{scan->indexRelation, scan_lock, ShareLock};
        renew(state);
        state->rerank->take(found, farther, state->graph->meta().reuse_count == state->reuse_count);
    }
    count_scan(state);
    if (left)
        return next_left(scan, state, distance);
    state->tid_count = state->rerank->next(state->tids, distance);
    return true;
}

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
        if (mode() == IterativeScan::strict_order)
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

}  // namespace

const ScanCounts &last_scan_counts() { return last_scan; }

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
    state->sweep = nullptr;
    state->started = false;
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
    if (!state->started)
        start(scan, state);
    const bool result = !state->empty && next_row(scan, state);
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
