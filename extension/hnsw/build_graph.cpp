// Building an HNSW graph: search, choose, link.
#include "hnsw/build_graph.hpp"

#include <algorithm>

namespace quiver::hnsw::build {

namespace {

// On a candidate's vertex: its links were followed; when lists are chosen, it is one of those proved.
constexpr std::uint32_t marked = 0x80000000;
constexpr std::uint32_t max_vertex = 0x7FFFFFFF;

inline bool nearer(const Candidate &a, const Candidate &b) { return a.distance < b.distance; }

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

// Where a distance goes among sorted ones, behind its equals; without a branch that would be guessed wrong
// every other time.
Candidate *place_of(Candidate *sorted, std::uint32_t count, float distance)
{
    while (count > 1)
    {
        const std::uint32_t half = count / 2;
        sorted += sorted[half - 1].distance <= distance ? half : 0;
        count -= half;
    }
    return sorted + (count == 1 && sorted->distance <= distance ? 1 : 0);
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

void Builder::forget_visited()
{
    if (++search_ != 0)
        return;
    // Of vertices that came later nothing is known.
    std::fill_n(visited_, arena_->count(), std::uint8_t{0});
    search_ = 1;
}

std::uint32_t Builder::unvisited_links(Vertex v, int layer, Vertex *out)
{
    const std::uint32_t *list = arena_->list(v, layer);
    const std::uint32_t room = arena_->list_room(layer);
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < room; i++)
    {
        const Vertex next = __atomic_load_n(list + i, __ATOMIC_ACQUIRE);
        if (next == nobody)
            break;
        out[count] = next;
        count += mark(next) ? 1 : 0;
    }
    return count;
}

// Walk to the nearest vertex of a layer.
void Builder::descend(Candidate *best, int layer)
{
    for (bool moved = true; moved;)
    {
        moved = false;
        const std::uint32_t count = unvisited_links(best->vertex, layer, batch_);
        to_new(batch_, count, batch_distances_);
        for (std::uint32_t i = 0; i < count; i++)
            if (batch_distances_[i] < best->distance)
            {
                *best = {batch_distances_[i], batch_[i]};
                moved = true;
            }
    }
    forget_visited();
}

// The candidates are one sorted array of the `width` nearest; those whose links were followed are marked.
void Builder::search(Found *found, std::uint32_t width, int layer)
{
    Candidate *nearest = found->nearest;
    std::uint32_t count = found->count;
    for (std::uint32_t i = 0; i < count; i++)
        (void) mark(nearest[i].vertex);
    for (std::uint32_t next = 0; next < count;)
    {
        if (nearest[next].vertex & marked)
        {
            next++;
            continue;
        }
        const Vertex v = nearest[next].vertex;
        nearest[next].vertex |= marked;
        const std::uint32_t links = unvisited_links(v, layer, batch_);
        // Most likely the one whose links are followed next.
        if (layer == 0 && next + 1 < count)
            arena_->ask_for_links(nearest[next + 1].vertex & max_vertex);
        to_new(batch_, links, batch_distances_);
        std::uint32_t first = next + 1;
        for (std::uint32_t i = 0; i < links; i++)
        {
            const Candidate candidate{batch_distances_[i], batch_[i]};
            if (count == width && !nearer(candidate, nearest[count - 1]))
                continue;
            Candidate *place = place_of(nearest, count, candidate.distance);
            Candidate *end = nearest + (count < width ? count++ : count - 1);
            std::move_backward(place, end, end + 1);
            *place = candidate;
            first = std::min(first, static_cast<std::uint32_t>(place - nearest));
        }
        next = first;
    }
    for (std::uint32_t i = 0; i < count; i++)
        nearest[i].vertex &= max_vertex;
    found->count = count;
    forget_visited();
}

// Mark the candidates that are as near to the one at `chosen` as to us. Those of our own value are in the ring
// and stay; those proved have been compared with one another before.
void Builder::shut_out(std::uint64_t hash, const Candidate *sorted, std::uint32_t chosen,
                       std::uint32_t count)
{
    const bool proved = (sorted[chosen].vertex & marked) != 0;
    std::uint32_t asked = 0;
    for (std::uint32_t i = chosen + 1; i < count; i++)
    {
        if (out_[i] || (proved && (sorted[i].vertex & marked) != 0))
            continue;
        const Vertex v = sorted[i].vertex & max_vertex;
        if (arena_->head(v).hash == hash)
            continue;
        asked_[asked] = v;
        asked_at_[asked++] = i;
    }
    if (asked == 0)
        return;
    distances_computed_ += asked;
    distances_.between(distances_.state, sorted[chosen].vertex & max_vertex, asked_, asked,
                       asked_distances_);
    for (std::uint32_t i = 0; i < asked; i++)
        if (asked_distances_[i] <= sorted[asked_at_[i]].distance)
            out_[asked_at_[i]] = 1;
}

// The paper's heuristic: take the nearest, skip those that are as near to one taken as to us. A vertex
// of our own value (by `hash`) is our next in the ring: it is taken, and stands in nobody's way.
std::uint32_t Builder::choose(std::uint64_t hash, const Candidate *sorted, std::uint32_t count,
                              std::uint32_t most, Vertex *out)
{
    std::uint32_t chosen = 0;
    for (std::uint32_t i = 0; i < count; i++)
    {
        __builtin_prefetch(&arena_->head(sorted[i].vertex & max_vertex));
        out_[i] = 0;
    }
    for (std::uint32_t i = 0; i < count && chosen < most; i++)
    {
        if (out_[i])
            continue;
        const Vertex v = sorted[i].vertex & max_vertex;
        out[chosen++] = v;
        if (chosen < most && arena_->head(v).hash != hash)
            shut_out(hash, sorted, i, count);
    }
    return distances_.fills && chosen < most ? fill(sorted, count, chosen, most, out) : chosen;
}

// Add the nearest of those that were passed over, in the order of the candidates.
std::uint32_t Builder::fill(const Candidate *sorted, std::uint32_t count, std::uint32_t chosen,
                            std::uint32_t most, Vertex *out)
{
    // All candidates before `end` are taken; behind it only the chosen.
    std::uint32_t end = 0, before = 0;
    for (std::uint32_t left = most - chosen; end < count; end++)
        if (before < chosen && sorted[end].vertex == out[before])
            before++;
        else if (left-- == 0)
            break;
    std::move_backward(out + before, out + chosen, out + end + chosen - before);
    for (std::uint32_t i = 0; i < end; i++)
        out[i] = sorted[i].vertex;
    return end + chosen - before;
}

std::uint32_t Builder::read_list(Vertex v, int layer, Vertex *out) const
{
    const std::uint32_t *list = arena_->list(v, layer);
    const std::uint32_t room = arena_->list_room(layer);
    std::uint32_t count = 0;
    for (; count < room; count++)
    {
        out[count] = __atomic_load_n(list + count, __ATOMIC_ACQUIRE);
        if (out[count] == nobody)
            break;
    }
    return count;
}

bool Builder::try_link_back(Vertex neighbour, const Candidate &added, int layer)
{
    const std::uint32_t version = arena_->stable_version(neighbour);
    std::uint32_t *list = arena_->list(neighbour, layer);
    const std::uint32_t room = arena_->list_room(layer);
    const std::uint32_t count = read_list(neighbour, layer, batch_);
    if (count < room)
    {
        if (!arena_->begin_change(neighbour, version))
            return false;
        __atomic_store_n(list + count, added.vertex, __ATOMIC_RELEASE);
        arena_->end_change(neighbour);
        return true;
    }

    distances_computed_ += count;
    distances_.between(distances_.state, neighbour, batch_, count, batch_distances_);
    // A list that was filled up has links that were not compared with those in front.
    const std::uint32_t proved =
        layer == 0 && !distances_.fills
            ? __atomic_load_n(&arena_->head(neighbour).proved, __ATOMIC_RELAXED)
            : 0;
    for (std::uint32_t i = 0; i < count; i++)
        sorting_[i] = {batch_distances_[i], i < proved ? batch_[i] | marked : batch_[i]};
    sorting_[count] = added;
    std::sort(sorting_, sorting_ + count + 1, nearer);
    const std::uint32_t kept =
        choose(arena_->head(neighbour).hash, sorting_, count + 1, room, chosen_);
    if (!arena_->begin_change(neighbour, version))
        return false;
    for (std::uint32_t i = 0; i < room; i++)
        __atomic_store_n(list + i, i < kept ? chosen_[i] : nobody, __ATOMIC_RELEASE);
    if (layer == 0)
        __atomic_store_n(&arena_->head(neighbour).proved, kept, __ATOMIC_RELAXED);
    arena_->end_change(neighbour);
    return true;
}

void Builder::link_back(Vertex neighbour, const Candidate &added, int layer)
{
    for (int tries = 0; !try_link_back(neighbour, added, layer); tries++)
        arena_->pause(tries);
}

void Builder::link(Vertex v, const NewRow &row, int top)
{
    for (int layer = std::min(row.level, top); layer >= 0; layer--)
    {
        Candidate *found = layers_ + std::size_t{ef_ + 1} * static_cast<std::size_t>(layer);
        std::uint32_t *list = arena_->list(v, layer);
        const std::uint32_t chosen =
            choose(row.hash, found, counts_[layer], arena_->list_room(layer), chosen_);
        // The chosen ones move to the front; they are in the order of the candidates.
        for (std::uint32_t i = 0, at = 0; i < chosen; i++)
        {
            while (found[at].vertex != chosen_[i])
                at++;
            found[i] = found[at++];
            __atomic_store_n(list + i, chosen_[i], __ATOMIC_RELAXED);
        }
        counts_[layer] = chosen;
    }
    arena_->head(v).proved = counts_[0];
    // Only now can others come here: all lists of the vertex are there. They may change them.
    for (int layer = std::min(row.level, top); layer >= 0; layer--)
    {
        const Candidate *chosen = layers_ + std::size_t{ef_ + 1} * static_cast<std::size_t>(layer);
        for (std::uint32_t i = 0; i < counts_[layer]; i++)
            link_back(chosen[i].vertex, {chosen[i].distance, v}, layer);
    }
}

bool Builder::try_join_ring(Vertex equal, Vertex v)
{
    const std::uint32_t version = arena_->stable_version(equal);
    const std::uint64_t hash = arena_->head(equal).hash;
    const std::uint32_t room = arena_->list_room(0);
    const std::uint32_t count = read_list(equal, 0, batch_);
    // Where the ring's link stands, or goes: behind the others, or in place of the last.
    std::uint32_t at = 0;
    while (at < count && arena_->head(batch_[at]).hash != hash)
        at++;
    Vertex next = equal;
    if (at < count)
        next = batch_[at];
    else if (count == room)
        at = room - 1;
    std::uint32_t *list = arena_->links(v);
    for (std::uint32_t i = 0; i < count; i++)
        __atomic_store_n(list + i, batch_[i], __ATOMIC_RELAXED);
    __atomic_store_n(list + at, next, __ATOMIC_RELAXED);
    if (!arena_->begin_change(equal, version))
        return false;
    __atomic_store_n(arena_->links(equal) + at, v, __ATOMIC_RELEASE);
    arena_->end_change(equal);
    return true;
}

Vertex Builder::new_vertex(const NewRow &row, int level)
{
    const Vertex v = arena_->add_vertex(level, row.row, row.hash);
    if (v != nobody)
        distances_.store_new(distances_.state, v);
    return v;
}

// Another vertex of a value whose vertices take no more rows, or not this one.
Added Builder::add_equal(Vertex equal, const NewRow &row)
{
    const Vertex v = new_vertex(row, 0);
    if (v == nobody)
        return Added::no_room;
    for (int tries = 0; !try_join_ring(equal, v); tries++)
        arena_->pause(tries);
    return Added::vertex;
}

bool Builder::add_row(Vertex v, const NewRow &row)
{
    if (distances_.may_share != nullptr && !distances_.may_share(distances_.state, v))
        return false;
    return arena_->add_row(v, row.row);
}

Added Builder::add_below(const NewRow &row, std::uint64_t entry)
{
    const int top = static_cast<int>(entry & 0xFFFFFFFF);
    Candidate best{0, static_cast<Vertex>(entry >> 32)};
    to_new(&best.vertex, 1, &best.distance);
    (void) mark(best.vertex);
    for (int layer = top; layer > row.level; layer--)
    {
        descend(&best, layer);
        (void) mark(best.vertex);
    }
    forget_visited();

    Candidate *start = &best;
    std::uint32_t start_count = 1;
    for (int layer = std::min(row.level, top); layer >= 0; layer--)
    {
        Found found{layers_ + std::size_t{ef_ + 1} * static_cast<std::size_t>(layer), start_count};
        std::copy_n(start, start_count, found.nearest);
        search(&found, ef_, layer);
        counts_[layer] = found.count;
        start = found.nearest;
        start_count = found.count;
    }
    // Equal values are among the nearest; estimates put them there too.
    Vertex equal = nobody;
    const Candidate *nearest = layers_;
    const std::uint32_t look_at = arena_->layout().m;
    for (std::uint32_t i = 0; i < counts_[0] && (i < look_at || equal != nobody); i++)
    {
        if (arena_->head(nearest[i].vertex).hash != row.hash ||
            !distances_.equals_new(distances_.state, nearest[i].vertex))
        {
            if (i >= look_at)
                break;
            continue;
        }
        if (add_row(nearest[i].vertex, row))
            return Added::row_of_vertex;
        // Behind the first, where the next search comes by.
        if (equal == nobody)
            equal = nearest[i].vertex;
    }
    if (equal != nobody)
        return add_equal(equal, row);

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
