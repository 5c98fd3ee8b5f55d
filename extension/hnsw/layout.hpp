// Where a vertex's records lie: the arithmetic from a vertex number to block and offset, made once from
// the metapage; and the choice of the chunk's size when an index is created.
#pragma once

#include "hnsw/records.hpp"

#include "storage/section.hpp"

namespace quiver::hnsw {

// What the size of a chunk follows from.
struct RecordSizes
{
    int m;
    std::uint32_t value_bytes;  // 0: no values in the index
    std::uint32_t code_bytes;  // 0: no codes
    std::uint32_t attribute_bytes;  // 0: no attributes
    // Values may lie over the ends of pages: they are read for the last few candidates only.
    bool dense_values;
};

// Vertices per chunk that waste the least of its pages, for chunks of up to about 64 blocks (more if a
// page of links has values of several pages each).
std::uint32_t choose_vertices_per_chunk(const RecordSizes &sizes);

// Position of a vertex: its chunk and its place in there.
struct Place
{
    std::uint32_t chunk;
    std::uint32_t index;
};

struct Layout
{
    storage::Divider chunk;  // by vertices_per_chunk
    storage::Section links;
    storage::Section codes;
    storage::Section attributes;
    storage::Section values;
    std::uint32_t chunk_pages = 0;

    Layout() = default;
    Layout(const RecordSizes &sizes, std::uint32_t vertices_per_chunk);

    // Of page number `page` of a chunk.
    storage::PageKind kind_of(std::uint32_t page) const;

    Place place(Vertex vertex) const
    {
        const std::uint32_t at = chunk.quotient(vertex);
        return {at, vertex - at * chunk.divisor()};
    }
};

inline RecordSizes sizes_of(const MetaPage &meta)
{
    return {meta.m, meta.value_bytes, meta.code_bytes, meta.attribute_bytes,
            meta.code_bytes != 0 && meta.version >= MetaPage::dense_version};
}

}  // namespace quiver::hnsw
