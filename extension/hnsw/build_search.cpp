// Building an HNSW graph: the walks that find a new value's neighbours.
#include "hnsw/build_graph.hpp"

#include <algorithm>

namespace quiver::hnsw::build {

namespace {

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

void Builder::find_neighbours(int level, std::uint64_t entry)
{
    const int top = static_cast<int>(entry & 0xFFFFFFFF);
    Candidate best{0, static_cast<Vertex>(entry >> 32)};
    to_new(&best.vertex, 1, &best.distance);
    (void) mark(best.vertex);
    for (int layer = top; layer > level; layer--)
    {
        descend(&best, layer);
        (void) mark(best.vertex);
    }
    forget_visited();

    Candidate *start = &best;
    std::uint32_t start_count = 1;
    for (int layer = std::min(level, top); layer >= 0; layer--)
    {
        Found found{layers_ + std::size_t{ef_ + 1} * static_cast<std::size_t>(layer), start_count};
        std::copy_n(start, start_count, found.nearest);
        search(&found, ef_, layer);
        counts_[layer] = found.count;
        start = found.nearest;
        start_count = found.count;
    }
}

}  // namespace quiver::hnsw::build
