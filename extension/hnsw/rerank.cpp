// Exact distances from the index's values, or from the table's rows.
#include "hnsw/rerank.hpp"

#include <algorithm>
#include <cmath>

namespace quiver::hnsw {

// Reads rows by address: any version of a row will do, as those that an index entry leads to have the same
// value. Whether the row is visible is the executor's question.
struct Reranker::HeapReader
{
    IndexFetchTableData *fetch;
    TupleTableSlot *slot;
    EState *executor;
    IndexInfo *info;
    BlockNumber blocks;  // of the table, as far as is known

    bool has_block(const ItemPointerData &tid)
    {
        const BlockNumber block = ItemPointerGetBlockNumberNoCheck(&tid);
        return block < blocks || block < (blocks = RelationGetNumberOfBlocks(fetch->rel));
    }
};

Reranker::Reranker(Graph &graph, const void *query, Relation heap) : graph_(graph), query_(query)
{
    if (graph.keeps_values())
        return;
    reader_ = static_cast<HeapReader *>(palloc(sizeof(HeapReader)));
    reader_->fetch = table_index_fetch_begin(heap);
    reader_->slot = table_slot_create(heap, nullptr);
    reader_->executor = CreateExecutorState();
    reader_->info = BuildIndexInfo(graph.index());
    reader_->blocks = 0;
    graph.renew();
}

void Reranker::end()
{
    if (reader_ == nullptr)
        return;
    table_index_fetch_end(reader_->fetch);
    ExecDropSingleTupleTableSlot(reader_->slot);
    FreeExecutorState(reader_->executor);
    reader_ = nullptr;
}

bool Reranker::needs_more(const pg::Array<Found> &found, bool strict, bool goes_on) const
{
    if (exact_.empty())
        return true;
    if (found.empty() && !goes_on)
        return false;
    if (count_ < least && !found.empty())
        return true;
    const float next = found.empty() ? reached_ : found[0].distance;
    return static_cast<double>(next) - (strict ? 2 : 1) * doubt() <
           static_cast<double>(exact_[0].distance);
}

double Reranker::doubt() const
{
    return count_ > 0 ? spread * std::sqrt(squares_ / static_cast<double>(count_)) : 0;
}

void Reranker::add(Exact exact, float estimate)
{
    // On the scale of the estimates: of values of length 1 codes estimate squared Euclidean distances.
    if (graph_.space().metric == Metric::cosine)
        exact.distance = 2 + 2 * exact.distance;
    if (std::isfinite(exact.distance) && std::isfinite(estimate))
        squares_ +=
            std::pow(static_cast<double>(exact.distance) - static_cast<double>(estimate), 2);
    ++count_;
    exact_.push_back(exact);
    std::push_heap(exact_.begin(), exact_.end(),
                   [](const Exact &a, const Exact &b) { return a.distance > b.distance; });
}

bool Reranker::heap_distance(ItemPointerData tid, float *distance)
{
    if (!reader_->has_block(tid))
        graph_.damage(meta_block, "has rows beyond the end of the table");
    bool again = false, all_dead = false;
    if (!table_index_fetch_tuple(reader_->fetch, &tid, SnapshotAny, reader_->slot, &again,
                                 &all_dead))
        return false;  // the row is gone for everyone
    ExprContext *econtext = GetPerTupleExprContext(reader_->executor);
    econtext->ecxt_scantuple = reader_->slot;
    MemoryContext caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS];
    FormIndexDatum(reader_->info, reader_->slot, reader_->executor, values, nulls);
    Value value;
    const bool indexed = !nulls[0] && form_value(graph_.space(), values[0], &value);
    if (indexed)
        *distance = graph_.space().distance(query_, value.bytes);
    // Fetching a value out of line may have dropped the relation's cache.
    graph_.keep_up();
    MemoryContextSwitchTo(caller);
    ExecClearTuple(reader_->slot);
    ResetExprContext(econtext);
    return indexed;
}

void Reranker::compare(const Found *some, int count, bool trusted)
{
    float distances[first_batch];
    Vertex vertices[first_batch];
    for (int i = 0; i < count; ++i)
        vertices[i] = some[i].vertex;
    if (reader_ == nullptr)
        graph_.distances(query_, vertices, count, distances);
    for (int i = 0; i < count; ++i)
    {
        Exact exact{distances[i], some[i].vertex, 1, {some[i].heap_tid}};
        // Rows of a number that may have been given out again are read anew, with its present value.
        if (!trusted || some[i].tid_count > 1)
            exact.tid_count = graph_.read_tids(some[i].vertex, exact.tids);
        if (reader_ == nullptr)
        {
            if (exact.tid_count > 0)
                add(exact, some[i].distance);
            continue;
        }
        // Rows that share a code may differ.
        for (int j = 0; j < exact.tid_count; ++j)
        {
            Exact row{0, some[i].vertex, 1, {exact.tids[j]}};
            if (heap_distance(row.tids[0], &row.distance))
                add(row, some[i].distance);
        }
    }
}

int Reranker::next(ItemPointerData *tids, float *distance)
{
    std::pop_heap(exact_.begin(), exact_.end(),
                  [](const Exact &a, const Exact &b) { return a.distance > b.distance; });
    const Exact nearest = exact_.back();
    exact_.pop_back();
    *distance = nearest.distance;
    std::copy_n(nearest.tids, nearest.tid_count, tids);
    return nearest.tid_count;
}

}  // namespace quiver::hnsw
