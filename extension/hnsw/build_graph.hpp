// Building an HNSW graph in memory (Malkov and Yashunin 2018), by one process or several at once.
//
// Nothing is locked while distances are computed. A list is read as it is: each of its words is a
// vertex or `nobody` at any moment, and a mixture of an old list and a new one leads nowhere wrong. A list is
// changed only if it is still the one the change was computed from, by the version of its vertex.
//
// Equal values share a vertex, up to rows_per_vertex rows, unless their rows differ otherwise. Vertices
// of one value form a ring: each leads to the next by one link, which pruning keeps, and has its neighbours' links from the one it
// was put behind. Otherwise they would fill one another's lists, or, as a candidate that is as near
// to a chosen neighbour as to the vertex itself is pruned, drop out of the graph together.
//
// Pure, like build_arena.hpp.
#pragma once

#include "hnsw/build_arena.hpp"
#include "hnsw/fill.hpp"

namespace quiver::hnsw::build {

// Where distances come from. `state` holds the value that is being inserted.
struct Distances
{
    void *state;
    // From the new value to vertices.
    void (*to_new)(void *state, const Vertex *vertices, std::size_t count, float *out);
    // From one vertex to others, when lists are pruned.
    void (*between)(void *state, Vertex from, const Vertex *vertices, std::size_t count,
                    float *out);
    // Is the new value that of this vertex?
    bool (*equals_new)(void *state, Vertex vertex);
    // Write the new value's records for this vertex.
    void (*store_new)(void *state, Vertex vertex);
    // Whether what is passed over fills all the room that a list has left. So for inner products, which are no
    // distances: what lies in the same direction may still be needed.
    bool fills = false;
    // Whether the new row may share this vertex, whose value it has; null: always.
    bool (*may_share)(void *state, Vertex vertex) = nullptr;
};

struct Candidate
{
    float distance;
    std::uint32_t vertex;
};
inline bool nearer(const Candidate &a, const Candidate &b) { return a.distance < b.distance; }

struct NewRow
{
    RowPointer row;
    int level;
    std::uint64_t hash;
};

enum class Added
{
    vertex,
    row_of_vertex,
    no_room
};

// One process's part in the work. It owns nothing: its memory is given to it.
class Builder
{
public:
    // Bytes of memory a builder works in, for graphs of up to `max_vertices`.
    static std::size_t memory_bytes(const ArenaLayout &layout, std::uint32_t ef_construction);

    // `memory` is zeroed.
    Builder(Arena *arena, const Distances &distances, std::uint32_t ef_construction, void *memory);

    Added add(const NewRow &row);

    std::uint64_t distances_computed() const { return distances_computed_; }

private:
    // On a candidate's vertex: its links were followed; when lists are chosen, it is one of those proved.
    static constexpr std::uint32_t marked = 0x80000000;
    static constexpr std::uint32_t max_vertex = 0x7FFFFFFF;

    struct Found
    {
        Candidate *nearest;  // sorted by distance
        std::uint32_t count;
    };

    Added add_below(const NewRow &row, std::uint64_t entry);
    Vertex new_vertex(const NewRow &row, int level);

    // build_search.cpp. The nearest of each layer up to a new vertex's, into layers_ and counts_.
    void find_neighbours(int level, std::uint64_t entry);
    // Nearest vertices of a layer, from those in `found`, which it replaces.
    void search(Found *found, std::uint32_t width, int layer);
    void descend(Candidate *best, int layer);
    std::uint32_t unvisited_links(Vertex v, int layer, Vertex *out);
    void forget_visited();

    // build_choose.cpp. Vertices, those chosen by the heuristic in front: proved_ of them.
    std::uint32_t choose_list(const ListRoom &room, std::uint64_t hash, const Candidate *sorted,
                              std::uint32_t count, Vertex *out);
    std::uint32_t choose(std::uint64_t hash, const Candidate *sorted, std::uint32_t count,
                         std::uint32_t most, Vertex *out);
    void shut_out(std::uint64_t hash, const Candidate *sorted, std::uint32_t chosen,
                  std::uint32_t count);

    // build_link.cpp
    void link(Vertex v, const NewRow &row, int top);
    std::uint32_t read_list(Vertex v, int layer, Vertex *out) const;
    void link_back(Vertex neighbour, const Candidate &added, int layer);
    bool try_link_back(Vertex neighbour, const Candidate &added, int layer);

    // build_ring.cpp. Whether a vertex of the row's value was among the nearest, and what became of the row then.
    bool add_to_equal(const NewRow &row, Added *out);
    Added add_equal(Vertex equal, const NewRow &row);
    bool try_join_ring(Vertex equal, Vertex v);
    bool add_row(Vertex v, const NewRow &row);

    ListRoom room_of(int layer, bool was_full) const
    {
        return list_room(layer, static_cast<int>(arena_->layout().m), distances_.fills, was_full);
    }

    // True the first time in a search.
    bool mark(Vertex v)
    {
        const bool first = visited_[v] != search_;
        visited_[v] = search_;
        return first;
    }
    void to_new(const Vertex *vertices, std::size_t count, float *out)
    {
        distances_computed_ += count;
        distances_.to_new(distances_.state, vertices, count, out);
    }

    Arena *arena_;
    Distances distances_;
    std::uint32_t ef_;
    std::uint64_t distances_computed_ = 0;
    std::uint32_t proved_ = 0;

    std::uint8_t *visited_;  // of each vertex, the search that came by last
    std::uint8_t search_ = 1;
    Candidate *layers_;  // what was found on each layer, ef_ each
    std::uint32_t *counts_;
    Candidate *sorting_;  // a full list and one more, or a new list
    Vertex *batch_;
    float *batch_distances_;
    Vertex *chosen_;
    // While a list is chosen: which candidates are as near to a chosen one, and who is asked about.
    std::uint8_t *out_;
    Vertex *asked_;
    std::uint32_t *asked_at_;
    float *asked_distances_;
};

// Layers above this are not built.
inline constexpr int highest_layer = 63;

}  // namespace quiver::hnsw::build
