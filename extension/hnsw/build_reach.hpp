// Vertices of a finished graph that nothing leads to, and links that lead to them.
//
// Pruning may drop the last link to a vertex, a few times in a hundred thousand. One process, after all
// have stopped adding, walks layer 0 from the entry point; whatever it does not come to gets a link from the
// nearest vertex it can be found from. Who had that place is led to from the new one, so no way is lost.
//
// Pure, like build_arena.hpp.
#pragma once

#include "hnsw/build_graph.hpp"

namespace quiver::hnsw::build {

class Reach
{
public:
    // Bytes of memory it works in.
    static std::size_t memory_bytes(const Arena &arena);

    // `memory` is zeroed. Of `distances` only `between` is used.
    Reach(Arena *arena, const Distances &distances, void *memory);

    // Link what cannot be reached; how many vertices.
    std::uint32_t mend();

private:
    bool reached(Vertex v) const { return (seen_[v / 64] >> (v % 64) & 1) != 0; }
    void spread(Vertex from);
    std::uint32_t length(Vertex v) const;
    bool same_value(Vertex a, Vertex b) const
    {
        return arena_->head(a).hash == arena_->head(b).hash;
    }
    Vertex nearest(Vertex to, const Vertex *vertices, std::uint32_t count, float *distance);
    Vertex walk_towards(Vertex lost);
    std::uint32_t place_to_give(Vertex host, Vertex lost);
    void lead_to(Vertex lost, Vertex other);
    void attach(Vertex lost);

    Arena *arena_;
    Distances distances_;
    std::uint32_t room_;
    std::uint64_t *seen_;  // a bit each
    Vertex *open_;
    Vertex *batch_;
    float *batch_distances_;
};

}  // namespace quiver::hnsw::build
