// Which vertices pass a filter: found out a block at a time as they are asked for, and kept, as a walk comes by most of
// them more than once.
#pragma once

#include "hnsw/filter.hpp"

#include <bit>

namespace quiver::hnsw {

class Passing
{
public:
    // Allocates in the current memory context.
    Passing(Graph &graph, const Filter &filter);

    const Filter &filter() const { return filter_; }

    // Whether a vertex that exists passes.
    bool has(Vertex vertex)
    {
        if (vertex >= kept_) [[unlikely]]
            return filter_.passes_on_page(graph_, vertex);
        return (word(vertex / 64) >> (vertex % 64) & 1) != 0;
    }
    // The vertices below it can be asked for 64 at a time; a multiple of that.
    Vertex kept() const { return kept_; }
    std::uint64_t word(Vertex number)
    {
        const Vertex block = number / block_words;
        if ((known_[block / 64] >> (block % 64) & 1) == 0)
            find_out(block);
        return words_[number];
    }
    // How many of the kept pass; all of them are found out.
    std::uint64_t count();
    // From pages: which of up to `count` vertices from `first` on pass; how many. `count` becomes how many were
    // looked at, as far as the page and the chunk reach. `good` has room for Filter::most_records.
    int select_on_page(Vertex first, std::uint32_t *count, std::uint16_t *good);
    std::size_t bytes() const { return kept_ / 8; }

private:
    // Enough for the processor to see that they are read in order.
    static constexpr Vertex block_words = Filter::most_blocks;

    void find_out(Vertex block);

    Graph &graph_;
    const Filter &filter_;
    Vertex kept_ = 0;
    std::uint64_t *words_ = nullptr;  // of 64 vertices each
    std::uint64_t *known_ = nullptr;  // a bit for each block
};

}  // namespace quiver::hnsw
