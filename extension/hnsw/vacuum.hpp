// What vacuum's steps share (docs/hnsw.md, Vacuum).
#pragma once

#include "hnsw/insert.hpp"

#include <algorithm>
#include <initializer_list>

namespace quiver::hnsw {

// A set of vertices, a bit each.
class VertexSet
{
public:
    explicit VertexSet(Vertex count)
        : words_(std::size_t{count} / 64 + 1),
          bits_(static_cast<std::uint64_t *>(
              palloc_extended(words_ * 8, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO)))
    {
    }
    // One that lies in memory of others, with its words and how many bits are set.
    VertexSet(std::uint64_t *bits, std::size_t words, std::size_t count)
        : words_(words),
          bits_(bits),
          count_(count)
    {
    }
    VertexSet(const VertexSet &) = delete;
    VertexSet &operator=(const VertexSet &) = delete;

    void add(Vertex vertex)
    {
        bits_[vertex / 64] |= std::uint64_t{1} << (vertex % 64);
        ++count_;
    }
    bool has(Vertex vertex) const
    {
        return vertex / 64 < words_ && (bits_[vertex / 64] >> (vertex % 64) & 1) != 0;
    }
    std::size_t count() const { return count_; }
    std::size_t words() const { return words_; }
    const std::uint64_t *bits() const { return bits_; }

private:
    std::size_t words_;
    std::uint64_t *bits_;
    std::size_t count_ = 0;
};

// Choose anew the lists of vertices that name a dead one; best of one page, whose lists are then written
// together. Allocates in the current memory context.
void repair_vertices(Graph &graph, Writer &writer, const Vertex *vertices, int count,
                     const VertexSet &dead);

// Repair all lists, by this process and, where there is much to do, background workers.
void repair_graph(Graph &graph, Writer &writer, const VertexSet &dead,
                  BufferAccessStrategy strategy);

// Vacuum's last step, and that of a build whose workers inserted rows: link what the entry point
// does not lead to. Allocates in the current memory context.
void mend_reach(Graph &graph, Writer &writer, BufferAccessStrategy strategy);

// The page of a chunk's link records that begins with `first`.
struct LinkPage
{
    BlockNumber block;
    Vertex first;
    int count;  // of vertices whose numbers have been given out
};

void pin_page(Graph &graph, const LinkPage &page, BufferAccessStrategy strategy, int mode,
              pg::Pin *pin);

// Every link page, in order: `each(page)`.
template <class Each> void for_link_pages(Graph &graph, Each each)
{
    const std::uint32_t per_page = graph.layout().links.per_page.divisor();
    const std::uint64_t count = graph.meta().vertex_count;
    const std::uint32_t per_chunk = graph.layout().chunk.divisor();
    for (std::uint64_t chunk = 0; chunk < count; chunk += per_chunk)
        for (std::uint64_t at = 0; at < per_chunk && chunk + at < count; at += per_page)
        {
            const auto first = static_cast<Vertex>(chunk + at);
            const std::uint64_t end = std::min({chunk + at + per_page, chunk + per_chunk, count});
            each(LinkPage{graph.block_of(graph.layout().links, graph.layout().place(first)), first,
                          static_cast<int>(end - first)});
        }
}

}  // namespace quiver::hnsw
