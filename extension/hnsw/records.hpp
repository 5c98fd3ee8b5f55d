// The records of a vertex: its links, and the extra record of the few that have upper layers or more
// than one heap pointer. Persisted (docs/storage.md).
#pragma once

#include "hnsw/format.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace quiver::hnsw {

// Rows with equal values share a vertex, up to this many.
inline constexpr int max_heap_tids = 10;

enum class VertexState : std::uint8_t
{
    unused = 0,  // never written; also what a crash leaves of a number given out
    live = 1,  // may have lost all its rows: then it leads on, but is no result and gets no links
    free = 2,  // waits for reuse; nothing leads here
};

// Address of a record with a line pointer.
struct RecordPointer
{
    std::uint16_t block_high;
    std::uint16_t block_low;
    OffsetNumber offset;  // 0: none

    bool exists() const { return offset != InvalidOffsetNumber; }
    BlockNumber block() const { return (BlockNumber{block_high} << 16) | block_low; }
    static RecordPointer at(BlockNumber block, OffsetNumber offset)
    {
        return {static_cast<std::uint16_t>(block >> 16), static_cast<std::uint16_t>(block), offset};
    }
};

// Slot in a link page; `2m` links follow, of which link_count are set. A free vertex keeps its level and
// its extra record, and its first link is the next free vertex.
struct LinkRecord
{
    std::uint8_t state_level;  // VertexState in the two high bits, level in the others
    std::uint8_t tid_count;
    std::uint8_t link_count;
    std::uint8_t version;  // grows with each reuse
    ItemPointerData heap_tid;  // the first
    RecordPointer extra;
    Vertex links[];

    VertexState state() const { return static_cast<VertexState>(state_level >> 6); }
    int level() const { return state_level & 63; }
    void set(VertexState state, int level)
    {
        state_level = static_cast<std::uint8_t>(static_cast<unsigned>(state) << 6 |
                                                static_cast<unsigned>(level));
    }
    bool is_live() const { return state() == VertexState::live; }
};
static_assert(sizeof(LinkRecord) == 16 && offsetof(LinkRecord, links) == 16 &&
              std::is_trivially_copyable_v<LinkRecord>);

inline constexpr int highest_level = 63;

constexpr std::uint32_t link_record_bytes(int m)
{
    return static_cast<std::uint32_t>(offsetof(LinkRecord, links) +
                                      static_cast<std::size_t>(m) * 2 * sizeof(Vertex));
}

// In an extras page. Links of layers 1 to `level` follow, m each, of layer 1 first; a list that is not
// full ends with no_vertex.
struct ExtraRecord
{
    Vertex owner;
    std::uint8_t level;
    std::uint8_t reserved;
    ItemPointerData more_tids[max_heap_tids - 1];  // the second and on
    Vertex links[];

    Vertex *layer(int m, int layer) { return links + static_cast<std::size_t>(m) * (layer - 1); }
    const Vertex *layer(int m, int layer) const
    {
        return links + static_cast<std::size_t>(m) * (layer - 1);
    }
};
static_assert(sizeof(ExtraRecord) == 60 && offsetof(ExtraRecord, links) == 60 &&
              std::is_trivially_copyable_v<ExtraRecord>);

constexpr std::uint32_t extra_record_bytes(int m, int level)
{
    return static_cast<std::uint32_t>(offsetof(ExtraRecord, links) +
                                      static_cast<std::size_t>(m) *
                                          static_cast<std::size_t>(level) * sizeof(Vertex));
}

// The highest level whose extra record fits a page.
constexpr int max_level(int m)
{
    const std::size_t room = BLCKSZ - 24 - 8 - 4 - offsetof(ExtraRecord, links);
    const auto fits = static_cast<int>(room / (static_cast<std::size_t>(m) * sizeof(Vertex)));
    return fits < highest_level ? fits : highest_level;
}

// In place of a value that has no fixed width (sparse): where it lies in the spill pages.
struct SpillPointer
{
    RecordPointer record;
    std::uint16_t reserved;
};
static_assert(sizeof(SpillPointer) == 8);

}  // namespace quiver::hnsw
