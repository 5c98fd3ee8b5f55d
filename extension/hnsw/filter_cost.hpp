// What the two ways of a filtered search cost, so that the cheaper one is taken (docs/hnsw_filters.md).
#pragma once

#include "hnsw/passing.hpp"
#include "hnsw/search.hpp"

namespace quiver::hnsw {

enum class FilterWay
{
    automatic,  // whichever is cheaper
    walk,
    sweep,
};

// Setting of the session.
extern int filter_way;  // FilterWay

// In nanoseconds, as measured with everything in memory (make bench-hnsw, FIGURES=filtered); only their ratios matter.
struct FilterCosts
{
    double share;  // of the vertices that pass
    double sweep;
    double walk;
    WalkCosts each;

    // The walk may miss what the sweep does not, but gives up early where it is likely to.
    bool prefers_walk() const;
};

// The share is from a sample, or, where that costs little beside the search, from all that are in memory.
FilterCosts estimate_filter(Graph &graph, Passing &passing, std::size_t width);

void define_filter_settings();

}  // namespace quiver::hnsw
