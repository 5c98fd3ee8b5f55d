// Building an HNSW graph: what a builder works in, and adding a row.
#include "hnsw/build_graph.hpp"

#include <algorithm>

namespace quiver::hnsw::build {

namespace {

std::size_t visited_bytes(const ArenaLayout &layout)
{
    return (std::size_t{layout.max_vertices} + 63) / 64 * 64;
}

// How many list entries a batch holds.
std::uint32_t batch_room(const ArenaLayout &layout) { return 2 * layout.m + 8; }

// How many candidates a list may be chosen from.
std::size_t candidates_room(const ArenaLayout &layout, std::uint32_t ef)
{
    return std::size_t{ef} + 1 + batch_room(layout);
}

}  // namespace

std::size_t Builder::memory_bytes(const ArenaLayout &layout, std::uint32_t ef)
{
    const std::uint32_t room = batch_room(layout);
    return visited_bytes(layout) +
           sizeof(Candidate) * (std::size_t{highest_layer + 1} * (ef + 1) + room) +
           sizeof(std::uint32_t) * (highest_layer + 1) +
           (2 * sizeof(Vertex) + sizeof(float)) * room +
           (2 * sizeof(std::uint32_t) + sizeof(float) + 1) * candidates_room(layout, ef);
}

Builder::Builder(Arena *arena, const Distances &distances, std::uint32_t ef_construction,
                 void *memory)
    : arena_(arena),
      distances_(distances),
      ef_(ef_construction)
{
    const ArenaLayout &layout = arena->layout();
    const std::uint32_t room = batch_room(layout);
    char *at = static_cast<char *>(memory);
    const auto take = [&at]<class T>(T *&part, std::size_t count) {
        part = reinterpret_cast<T *>(at);
        at += sizeof(T) * count;
    };
    take(visited_, visited_bytes(layout));
    take(layers_, std::size_t{highest_layer + 1} * (ef_ + 1));
    take(sorting_, room);
    take(counts_, highest_layer + 1);
    take(batch_, room);
    take(chosen_, room);
    take(batch_distances_, room);
    const std::size_t candidates = candidates_room(layout, ef_);
    take(asked_, candidates);
    take(asked_at_, candidates);
    take(asked_distances_, candidates);
    take(out_, candidates);
}

Vertex Builder::new_vertex(const NewRow &row, int level)
{
    const Vertex v = arena_->add_vertex(level, row.row, row.hash);
    if (v != nobody)
        distances_.store_new(distances_.state, v);
    return v;
}

Added Builder::add_below(const NewRow &row, std::uint64_t entry)
{
    const int top = static_cast<int>(entry & 0xFFFFFFFF);
    find_neighbours(row.level, entry);
    if (Added added; add_to_equal(row, &added))
        return added;
    const Vertex v = new_vertex(row, row.level);
    if (v == nobody)
        return Added::no_room;
    link(v, row, top);
    if (row.level > top)
        __atomic_store_n(&arena_->shared().entry, pack_entry(v, row.level), __ATOMIC_RELEASE);
    return Added::vertex;
}

Added Builder::add(const NewRow &row)
{
    if (!arena_->pool_has_room())
        return Added::no_room;
    Shared &shared = arena_->shared();
    std::uint64_t entry = __atomic_load_n(&shared.entry, __ATOMIC_ACQUIRE);
    if (entry != no_entry && row.level <= static_cast<int>(entry & 0xFFFFFFFF))
        return add_below(row, entry);

    // A new highest vertex: one at a time.
    std::uint32_t free = 0;
    for (int spins = 0; !__atomic_compare_exchange_n(&shared.promotion, &free, 1, false,
                                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
         spins++)
    {
        free = 0;
        arena_->pause(spins);
    }
    entry = __atomic_load_n(&shared.entry, __ATOMIC_ACQUIRE);
    Added added;
    if (entry != no_entry)
        added = add_below(row, entry);
    else
    {
        const Vertex v = new_vertex(row, row.level);
        added = v == nobody ? Added::no_room : Added::vertex;
        if (v != nobody)
            __atomic_store_n(&shared.entry, pack_entry(v, row.level), __ATOMIC_RELEASE);
    }
    __atomic_store_n(&shared.promotion, 0, __ATOMIC_RELEASE);
    return added;
}

}  // namespace quiver::hnsw::build
