// What a scan has at hand: its first search, those that follow, and the next vertex in order.
#include "hnsw/scan_state.hpp"

#include "hnsw/code_copy.hpp"

#include <algorithm>
#include <limits>

namespace quiver::hnsw {

namespace {

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

double find_bound(const ScanState *state, const void *query)
{
    if (state->planned == nullptr || query == nullptr)
        return std::numeric_limits<double>::infinity();
    const Space &space = state->graph->space();
    const double bound = bound_in_space(space, query, bound_of(state->planned));
    // On the scale of the estimates.
    return state->rerank != nullptr && space.metric == Metric::cosine ? 2 + 2 * bound : bound;
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

// What was read may have been given out again since, unless the lock was held all the while; a standby's does not
// keep it.
void renew(ScanState *state)
{
    if (state->locked && !RecoveryInProgress())
    {
        state->graph->keep_up();
        return;
    }
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

void use_copy(ScanState *state)
{
    if (state->rerank != nullptr || state->filter != nullptr)
        begin_with_copy(*state->graph);
}

// More results than those there were; false if there are none.
bool search_on(IndexScanDesc scan, ScanState *state)
{
    const pg::PageLock lock{scan->indexRelation, scan_lock, ShareLock};
    renew(state);
    use_copy(state);
    bool more;
    if (state->filter != nullptr)
        more = more_filtered(state);
    else
    {
        more = state->search->resume(static_cast<std::size_t>(ef_search));
        if (more)
            state->search->hold_back();
    }
    state->graph->leave_copy();
    if (more)
        count_search(state);
    return more;
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
        *left = state->filter == nullptr && exhausted(state);
        if (*left && !state->search->release_held())
            return true;
        if (!*left && !search_on(scan, state))
            return false;
        *left = false;
        arrange(state);
    }
    return true;
}

}  // namespace

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
    graph.keep_up();
    use_copy(state);
    if (state->filter != nullptr)
        first_filtered_search(state, query != nullptr);
    else
    {
        const Candidate from = state->search->descend(0);
        state->search->walk(0, static_cast<std::size_t>(ef_search), &from, 1, goes_on(state));
        if (goes_on(state))
            state->search->hold_back();
    }
    graph.leave_copy();
    arrange(state);
    count_search(state);
}

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

bool next_reranked(IndexScanDesc scan, ScanState *state, float *distance)
{
    bool left = false;
    auto &found = state->search->found();
    const bool strict = iteration() == IterativeScan::strict_order;
    while (state->rerank->needs_more(found, strict, strict || state->sweep != nullptr))
    {
        if (found.empty())
        {
            // Of those in hand the nearest is returned when the search brings no more.
            const bool in_hand = !state->rerank->empty();
            if (!has_found(scan, state, &left) && !in_hand)
                return false;
            left = left && !in_hand;
            if (found.empty())
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

}  // namespace quiver::hnsw
