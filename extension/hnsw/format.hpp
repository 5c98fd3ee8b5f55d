// The metapage and the chunk directory: what an hnsw index is, persisted (docs/storage.md).
//
// Block 0 is the metapage. Its first part never changes after the index is made; the second is the
// state, written under the metapage's exclusive lock. A reader copies what it needs under the share lock.
#pragma once

#include "storage/page.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace quiver::hnsw {

inline constexpr BlockNumber meta_block = 0;

// Vertices are numbered in the order of their arrival.
using Vertex = std::uint32_t;
inline constexpr Vertex no_vertex = 0xFFFFFFFF;

enum class ValueKind : std::uint8_t
{
    f32 = 1,  // vector
    f16 = 2,  // halfvec
    i8 = 3,  // tinyvec
    bits = 4,  // bit(n)
    sparse = 5,  // sparsevec
};

// What the index compares by. Cosine over f32, f16 and sparse keeps values of length 1 and compares by
// inner product; over i8 it keeps values as they are.
enum class Metric : std::uint8_t
{
    l2 = 1,
    inner_product = 2,
    cosine = 3,
    l1 = 4,
    hamming = 5,
    jaccard = 6,
};

enum class Quantizer : std::uint8_t
{
    none = 0,
    rabitq = 1,
};

// Where exact distances of a coded index come from.
enum class Rerank : std::uint8_t
{
    index = 0,  // values are kept in the index
    heap = 1,  // values are fetched from the table
};

// How a column of the index behind the first is kept, so that filters need no heap (hnsw/attribute.hpp).
enum class AttributeKind : std::uint8_t
{
    none = 0,
    whole = 1,  // integers, dates, times, bool: as int64
    real = 2,  // float4, float8: as an int64 that sorts as they do
    decimal = 3,  // numeric: the nearest double, kept likewise
    hash = 4,  // equality only: text, uuid and other hashable types
    hash_set = 5,  // arrays
};

struct Attribute
{
    AttributeKind kind;
    std::uint8_t reserved;
    std::uint16_t offset;  // within the attribute record
    std::uint32_t type;  // of the column (its Oid)
};
inline constexpr int max_attributes = 16;

// Persisted since format 1. A change here is a new version, never an edit.
struct MetaPage
{
    static constexpr std::uint32_t expected_magic = 0x51764E57;
    static constexpr std::uint32_t current_version = 2;
    // From this one on values of an index with codes may lie over the ends of pages.
    static constexpr std::uint32_t dense_version = 2;

    // What the index is.
    std::uint32_t magic;
    std::uint32_t version;
    std::uint64_t identity;  // random; differs between an index and what was rebuilt in its place
    std::uint32_t dims;  // bits for ValueKind::bits
    std::uint16_t m;
    std::uint16_t ef_construction;
    ValueKind value_kind;
    Metric metric;
    Quantizer quantizer;
    std::uint8_t code_bits;  // a dimension: 1, 2, 4, 8; 0 without codes
    Rerank rerank;
    std::uint8_t max_level;
    std::uint8_t attribute_count;
    std::uint8_t reserved_1;
    std::uint32_t value_bytes;  // of a record in the value pages; 0: none are kept
    std::uint32_t code_bytes;  // of a record in the code pages; 0: none
    std::uint32_t attribute_bytes;  // of a record in the attribute pages; 0: none
    std::uint32_t vertices_per_chunk;
    std::uint64_t rotation_seed;
    BlockNumber
        centre_block;  // of the first of centre_pages adjacent blocks; 0: the centre is zero
    std::uint32_t centre_pages;
    Attribute attributes[max_attributes];

    // Its state.
    Vertex vertex_count;  // numbers given out so far
    Vertex free_head;  // first number free for reuse; the link record names the next
    std::uint32_t free_count;
    Vertex entry;  // where a search begins; no_vertex when empty
    std::uint32_t entry_level;
    BlockNumber extras_block;  // the extras page that is being filled; 0: none yet
    // Grows when a number is given out again, and before vacuum frees any: what a search or a copy of
    // codes knows is good while it stands still.
    std::uint64_t reuse_count;
    std::uint32_t chunk_count;
    std::uint32_t directory_count;
    BlockNumber directory[];  // blocks of the directory pages
};
static_assert(std::is_trivially_copyable_v<MetaPage>);
static_assert(sizeof(Attribute) == 8 && offsetof(MetaPage, attributes) == 64 &&
              offsetof(MetaPage, vertex_count) == 192 && offsetof(MetaPage, directory) == 232);

inline constexpr std::uint32_t max_directory_pages =
    (storage::page_payload - offsetof(MetaPage, directory)) / sizeof(BlockNumber);

// One chunk. Its blocks are adjacent: link, code, attribute and value pages, in this order.
struct DirectoryEntry
{
    BlockNumber start;
    std::uint32_t reuse_count;  // of this chunk's vertices; says which part of a copy is stale
};
inline constexpr std::uint32_t chunks_per_directory_page =
    storage::page_payload / sizeof(DirectoryEntry);
static_assert(sizeof(DirectoryEntry) == 8);

inline MetaPage &meta_of(Page page)
{
    return *reinterpret_cast<MetaPage *>(storage::page_contents(page));
}
inline DirectoryEntry *directory_of(Page page)
{
    return reinterpret_cast<DirectoryEntry *>(storage::page_contents(page));
}

}  // namespace quiver::hnsw
