// Comparing the results of a search by codes again, by exact distances.
//
// Results are taken in the order of their estimates, a few at a time, until the nearest by exact distance
// is nearer than the next estimate by more than the errors seen so far make likely. A LIMIT of ten so
// costs about twenty to forty exact distances, and asking for more costs more.
#pragma once

#include "hnsw/search.hpp"

#include <algorithm>

namespace quiver::hnsw {

class Reranker
{
public:
    // `heap` is used where the index keeps no values. Allocates in the current memory context.
    Reranker(Graph &graph, const void *query, Relation heap);
    // Let go of what the heap gave; an error need not call it.
    void end();

    bool empty() const { return exact_.empty(); }
    // Whether the next to be returned is not sure yet. `strict`: a nearer one that comes later would be lost;
    // `goes_on`: where `found` ends, results do not.
    bool needs_more(const pg::Array<Found> &found, bool strict, bool goes_on) const;
    // Take results out of a heap of estimates and compare them exactly. Called under the scan lock, which
    // keeps numbers from being given out again; `trusted`: none was since they were found.
    template <class Order> void take(pg::Array<Found> &found, Order order, bool trusted)
    {
        int count = 0;
        Found some[first_batch];
        const int most = count_ == 0 ? first_batch : batch;
        while (count < most && !found.empty())
        {
            std::pop_heap(found.begin(), found.end(), order);
            some[count++] = found.back();
            found.pop_back();
        }
        if (count > 0)
            reached_ = some[count - 1].distance;
        compare(some, count, trusted);
    }
    // The rows of the nearest, taken out; how many.
    int next(ItemPointerData *tids, float *distance);

    // Forget those that have not been taken out.
    void drop() { exact_.clear(); }
    // How far off an estimate is rarely.
    double doubt() const;

    std::int64_t count() const { return count_; }

private:
    static constexpr int first_batch = 16, batch = 8;
    static constexpr std::int64_t least = 16;
    // Errors are close to normal; this many standard deviations are rarely passed.
    static constexpr double spread = 3;

    struct Exact
    {
        float distance;
        Vertex vertex;
        int tid_count;
        ItemPointerData tids[max_heap_tids];
    };
    struct HeapReader;

    void compare(const Found *some, int count, bool trusted);
    void add(Exact exact, float estimate);
    bool heap_distance(ItemPointerData tid, float *distance);

    Graph &graph_;
    const void *query_;
    HeapReader *reader_ = nullptr;
    pg::Array<Exact> exact_;  // a heap, the nearest first
    std::int64_t count_ = 0;
    float reached_ = 0;  // the last estimate taken
    double squares_ = 0;  // of the estimates' errors
};

}  // namespace quiver::hnsw
