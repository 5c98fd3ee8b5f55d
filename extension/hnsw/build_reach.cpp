// Making every vertex reachable.
#include "hnsw/build_reach.hpp"

#include <algorithm>

namespace quiver::hnsw::build {

namespace {

std::size_t words_of(const Arena &arena) { return arena.count() / 64 + 1; }

}  // namespace

std::size_t Reach::memory_bytes(const Arena &arena)
{
    const std::size_t room = arena.list_room(0);
    return words_of(arena) * sizeof(std::uint64_t) + (arena.count() + room) * sizeof(Vertex) +
           room * sizeof(float);
}

Reach::Reach(Arena *arena, const Distances &distances, void *memory)
    : arena_(arena),
      distances_(distances),
      room_(arena->list_room(0)),
      seen_(static_cast<std::uint64_t *>(memory)),
      open_(reinterpret_cast<Vertex *>(seen_ + words_of(*arena))),
      batch_(open_ + arena->count()),
      batch_distances_(reinterpret_cast<float *>(batch_ + room_))
{
}

std::uint32_t Reach::length(Vertex v) const
{
    const std::uint32_t *list = arena_->links(v);
    std::uint32_t count = 0;
    while (count < room_ && list[count] != nobody)
        count++;
    return count;
}

// Mark a vertex and all that it leads to. Each vertex is opened once, so there is room for all.
void Reach::spread(Vertex from)
{
    std::uint32_t count = 0;
    const auto see = [&](Vertex v) {
        if (reached(v))
            return;
        seen_[v / 64] |= std::uint64_t{1} << v % 64;
        open_[count++] = v;
        __builtin_prefetch(arena_->links(v));
    };
    see(from);
    while (count > 0)
    {
        const std::uint32_t *list = arena_->links(open_[--count]);
        for (std::uint32_t i = 0; i < room_ && list[i] != nobody; i++)
            see(list[i]);
    }
}

Vertex Reach::nearest(Vertex to, const Vertex *vertices, std::uint32_t count, float *distance)
{
    distances_.between(distances_.state, to, vertices, count, batch_distances_);
    Vertex best = nobody;
    for (std::uint32_t i = 0; i < count; i++)
        if (best == nobody || batch_distances_[i] < *distance)
        {
            best = vertices[i];
            *distance = batch_distances_[i];
        }
    return best;
}

// The vertex where a walk towards a lost one ends: from the nearest it leads to, or from the entry point.
Vertex Reach::walk_towards(Vertex lost)
{
    std::uint32_t count = 0;
    const std::uint32_t *own = arena_->links(lost);
    for (std::uint32_t i = 0; i < room_ && own[i] != nobody; i++)
        if (reached(own[i]))
            batch_[count++] = own[i];
    if (count == 0)
        batch_[count++] = static_cast<Vertex>(arena_->shared().entry >> 32);
    float distance = 0;
    Vertex at = nearest(lost, batch_, count, &distance);
    for (;;)
    {
        const std::uint32_t links = length(at);
        std::copy_n(arena_->links(at), links, batch_);
        float next_distance = 0;
        const Vertex next = nearest(lost, batch_, links, &next_distance);
        if (next == nobody || next_distance >= distance)
            return at;
        at = next;
        distance = next_distance;
    }
}

// A link to give up: a full list's nearest to `lost`, but for the one that leads around a ring of copies.
std::uint32_t Reach::place_to_give(Vertex host, Vertex lost)
{
    const std::uint32_t *list = arena_->links(host);
    std::copy_n(list, room_, batch_);
    distances_.between(distances_.state, lost, batch_, room_, batch_distances_);
    std::uint32_t at = room_;
    for (std::uint32_t i = 0; i < room_; i++)
        if (!same_value(list[i], host) &&
            (at == room_ || batch_distances_[i] < batch_distances_[at]))
            at = i;
    return at < room_ ? at : 0;
}

// Have a lost vertex lead to another, if need be instead of the last that it leads to.
void Reach::lead_to(Vertex lost, Vertex other)
{
    std::uint32_t *list = arena_->links(lost);
    const std::uint32_t count = length(lost);
    if (std::find(list, list + count, other) != list + count)
        return;
    std::uint32_t at = count;
    if (count == room_)
        for (at = room_ - 1; at > 0 && same_value(list[at], lost);)
            at--;
    list[at] = other;
}

void Reach::attach(Vertex lost)
{
    const Vertex host = walk_towards(lost);
    std::uint32_t at = length(host);
    if (at == room_)
    {
        at = place_to_give(host, lost);
        lead_to(lost, arena_->links(host)[at]);
    }
    arena_->links(host)[at] = lost;
    spread(lost);
}

std::uint32_t Reach::mend()
{
    const std::uint64_t entry = arena_->shared().entry;
    if (entry == no_entry)
        return 0;
    spread(static_cast<Vertex>(entry >> 32));
    std::uint32_t mended = 0;
    for (Vertex v = 0; v < arena_->count(); v++)
        if (!reached(v))
        {
            attach(v);
            mended++;
        }
    return mended;
}

}  // namespace quiver::hnsw::build
