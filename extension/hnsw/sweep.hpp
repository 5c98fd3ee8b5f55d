// The exact way of a filtered search: all attributes in order, distances of those that pass, the nearest first
// (docs/hnsw_filters.md).
#pragma once

#include "hnsw/passing.hpp"
#include "hnsw/search.hpp"

namespace quiver::hnsw {

class Sweep
{
public:
    // `search` measures distances, and knows which vertices its walks have returned: these are left out.
    // `wanted` is how many are likely to be taken; `room` is in bytes. Allocates in the current memory context.
    Sweep(Graph &graph, Passing &passing, Search &search, std::size_t wanted, std::size_t room);

    // Add up to `width` of the nearest that have not been given yet to `out`. False if there are no more.
    // Called under the scan lock.
    bool take(std::size_t width, pg::Array<Found> *out);

private:
    void pass();
    Vertex sweep_some(Vertex first);
    void add(Vertex vertex);
    void measure();
    void keep_nearest();
    bool next(Candidate *out);

    Graph &graph_;
    Passing &passing_;
    Search &search_;
    std::size_t room_;  // candidates
    std::size_t wanted_;  // of a pass; each is for more than the one before
    pg::Array<Candidate> near_;  // the nearest first, when a pass is over a heap
    pg::Array<Vertex> batch_;
    Candidate after_;  // all up to here have been given
    Candidate last_;  // of this pass
    bool begun_ = false;
    bool dropped_ = false;  // by this pass, as more were found than wanted
};

}  // namespace quiver::hnsw
