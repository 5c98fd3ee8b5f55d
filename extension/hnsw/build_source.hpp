// The values a graph is built from, as one process sees them: what is kept of them in the arena, and the
// distances between them.
//
// Without codes the hot record is the value (of a sparse one, where it lies in the pool). With codes it is
// a code of at least 4 bits, and distances are estimates; the cold record has what only the index needs, its own code
// if that is shorter, and the value.
#pragma once

#include "hnsw/build.hpp"
#include "hnsw/build_graph.hpp"
#include "hnsw/code.hpp"

namespace quiver::hnsw {

class Source
{
public:
    // Sizes of the arena for an index.
    static build::ArenaLayout layout_for(const MetaPage &meta, const Space &space,
                                         std::uint32_t max_vertices);

    // `centre` is null without codes.
    Source(const MetaPage &meta, const Space &space, const float *centre, build::Arena *arena);

    build::Distances distances();
    // The value and attributes the next row brings; their bytes stay the caller's.
    void set_new(const Value &value, const void *attributes);
    // The value of a vertex; no bytes if none is kept.
    Value value(build::Vertex vertex) const;
    // The attributes of a vertex, or null.
    const void *attributes(build::Vertex vertex) const;
    // The code of a vertex as the index keeps it, or null.
    const void *code(build::Vertex vertex) const;

private:
    // Of a sparse value, in place of it: where it lies in the pool.
    struct Spilled
    {
        std::uint32_t word;
        std::uint32_t size;
    };
    // A graph built on shorter codes than these would be a worse one.
    static constexpr int least_bits = 4;
    // Without attributes, which come behind, at a multiple of eight.
    struct RecordSize
    {
        std::uint32_t hot, cold;
    };
    static RecordSize size_of(const MetaPage &meta, const Space &space);
    static MetaPage hot_meta(const MetaPage &meta);

    bool coded() const { return query_coder_ != nullptr; }
    void many(const void *from, const build::Vertex *vertices, std::size_t count, float *out) const;
    void estimate(const kernels::CodeQuery &query, const build::Vertex *vertices, std::size_t count,
                  float *out) const;
    static void to_new(void *state, const build::Vertex *vertices, std::size_t count, float *out);
    static void between(void *state, build::Vertex from, const build::Vertex *vertices,
                        std::size_t count, float *out);
    static bool equals_new(void *state, build::Vertex vertex);
    static bool may_share(void *state, build::Vertex vertex);
    static void store_new(void *state, build::Vertex vertex);

    const Space *space_;
    build::Arena *arena_;
    Value new_{};
    const void *new_attributes_ = nullptr;
    std::uint32_t attribute_bytes_;
    std::uint32_t attributes_at_;  // in the hot record, with codes in the cold one
    std::uint32_t value_bytes_;  // kept of a value, with codes
    std::uint32_t short_code_bytes_ = 0;  // of the index's code, if it is not the hot record
    Coder *query_coder_ = nullptr;  // of the new value
    Coder *other_coder_ = nullptr;  // of vertices
    Coder *short_coder_ = nullptr;
    const kernels::CodeQuery *query_ = nullptr;
    const kernels::CodeQuery *other_query_ = nullptr;  // of `other_`
    build::Vertex other_ = build::nobody;
    std::uint8_t *record_ = nullptr;  // the new value's hot record
};

}  // namespace quiver::hnsw
