// The values a graph is built from, as one process sees them: what is kept of them in the arena, and the
// distances between them.
#pragma once

#include "hnsw/build.hpp"
#include "hnsw/build_graph.hpp"

namespace quiver::hnsw {

class Source
{
public:
    // Sizes of the arena for an index.
    static build::ArenaLayout layout_for(const MetaPage &meta, const Space &space,
                                         std::uint32_t max_vertices);

    Source(const Space &space, build::Arena *arena) : space_(&space), arena_(arena) {}

    build::Distances distances();
    // The value the next row brings.
    void set_new(const Value &value) { new_ = value; }
    // The value of a vertex.
    Value value(build::Vertex vertex) const;

private:
    // Of a sparse value, in place of it: where it lies in the pool.
    struct Spilled
    {
        std::uint32_t word;
        std::uint32_t size;
    };

    void many(const void *from, const build::Vertex *vertices, std::size_t count, float *out) const;
    static void to_new(void *state, const build::Vertex *vertices, std::size_t count, float *out);
    static void between(void *state, build::Vertex from, const build::Vertex *vertices,
                        std::size_t count, float *out);
    static bool equals_new(void *state, build::Vertex vertex);
    static void store_new(void *state, build::Vertex vertex);

    const Space *space_;
    build::Arena *arena_;
    Value new_{};
};

}  // namespace quiver::hnsw
