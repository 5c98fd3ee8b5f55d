// A copy of an index's codes, one after the other, and of its attributes, by columns, in memory that all sessions
// share; what makes an entry right is in docs/hnsw_copy.md.
//
// Lock order: the copy's page lock (block 2 of the index, never waited for), then as in docs/hnsw.md. The table of
// copies has a lock of its own, under which no page is read.
#pragma once

#include "hnsw/graph.hpp"

#include "storage/mapped_memory.hpp"

namespace quiver::hnsw {

// At the start of the file. Behind it: each chunk's count of reuse, each vertex's version, the attributes' marks and
// words, the codes.
struct CopyHeader
{
    std::uint64_t reuse_count;  // for which entries are right; no_reuse_count: none are
    std::uint32_t loaded;  // vertices below were looked at
    std::uint32_t absent_from;  // of those looked at lately, the first without an entry
    std::uint32_t seen;  // vertices of the index when it was last looked at
    std::uint32_t reserved;
};
inline constexpr std::uint64_t no_reuse_count = ~std::uint64_t{0};

// What lies where; follows from the index and the number of vertices there is room for.
struct CopyLayout
{
    std::uint32_t capacity;
    std::uint32_t stride;  // of codes; 0 without
    std::uint32_t word_bytes;  // of a vertex's attributes; 0 without
    std::uint32_t chunks;
    std::uint64_t tags_at, versions_at, marks_at, words_at, codes_at, bytes;
};
CopyLayout copy_layout(const MetaPage &meta, std::uint32_t capacity);

// A copy this session has mapped.
class CodeCopy
{
public:
    CodeCopy() = default;
    CodeCopy(const CopyLayout &layout, char *base) : layout_(layout), base_(base) {}

    const CopyLayout &layout() const { return layout_; }
    CopyHeader &header() const { return *reinterpret_cast<CopyHeader *>(base_); }
    // What Graph::use_copy() needs.
    CopyView view(const MetaPage &meta) const;
    std::uint64_t reuse_count() const
    {
        return __atomic_load_n(&header().reuse_count, __ATOMIC_ACQUIRE);
    }
    // Whether something is left to do before it is all that a search could use.
    bool is_behind(const MetaPage &meta) const;
    // Bring it up to date with the metapage as `graph` has read it, loading about `most` bytes, unless
    // somebody else is at it.
    void catch_up(Graph &graph, std::uint64_t most);

private:
    std::uint32_t *tag(std::uint32_t chunk) const
    {
        return reinterpret_cast<std::uint32_t *>(base_ + layout_.tags_at) + chunk;
    }
    std::uint8_t *version(Vertex vertex) const
    {
        return reinterpret_cast<std::uint8_t *>(base_ + layout_.versions_at) + vertex;
    }
    char *entry(Vertex vertex) const
    {
        return base_ + layout_.codes_at + std::uint64_t{vertex} * layout_.stride;
    }
    std::uint32_t *mark(Vertex vertex) const
    {
        return reinterpret_cast<std::uint32_t *>(base_ + layout_.marks_at) + vertex;
    }
    bool has(Vertex vertex) const;
    void clear(Vertex vertex) const;
    void load(Graph &graph, Vertex vertex, const LinkRecord *record) const;
    void load_code(Graph &graph, Vertex vertex) const;
    void load_attributes(Graph &graph, Vertex vertex) const;
    Vertex load_range(Graph &graph, Vertex from, Vertex to) const;
    void check_chunks(Graph &graph);
    void check_chunk(Graph &graph, std::uint32_t chunk, std::uint32_t count) const;

    CopyLayout layout_{};
    char *base_ = nullptr;
};

// What a search may load before it goes on with pages.
inline constexpr std::uint64_t loaded_by_a_search = std::uint64_t{4} << 20;

// The copy of an index, made if there is none and room for it; null if it has to do without.
CodeCopy *find_copy(Graph &graph);

// Have `graph` read codes from the copy, if there is one and it is right; load some of what it lacks. Until
// graph.leave_copy().
void begin_with_copy(Graph &graph, std::uint64_t most = loaded_by_a_search);

void define_copy_settings();

}  // namespace quiver::hnsw
