// Building an HNSW graph: a new vertex's links, and those back to it.
#include "hnsw/build_graph.hpp"

#include <algorithm>

namespace quiver::hnsw::build {

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
    // Those behind were added since, or fill the list.
    const std::uint32_t proved =
        layer == 0 ? __atomic_load_n(&arena_->head(neighbour).proved, __ATOMIC_RELAXED) : 0;
    for (std::uint32_t i = 0; i < count; i++)
        sorting_[i] = {batch_distances_[i], i < proved ? batch_[i] | marked : batch_[i]};
    sorting_[count] = added;
    std::sort(sorting_, sorting_ + count + 1, nearer);
    const std::uint32_t kept = choose_list(room_of(layer, true), arena_->head(neighbour).hash,
                                           sorting_, count + 1, chosen_);
    if (!arena_->begin_change(neighbour, version))
        return false;
    for (std::uint32_t i = 0; i < room; i++)
        __atomic_store_n(list + i, i < kept ? chosen_[i] : nobody, __ATOMIC_RELEASE);
    if (layer == 0)
        __atomic_store_n(&arena_->head(neighbour).proved, proved_, __ATOMIC_RELAXED);
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
            choose_list(room_of(layer, false), row.hash, found, counts_[layer], chosen_);
        // The list's move to the front. Those chosen and those behind are in the order of the candidates.
        for (std::uint32_t i = 0, at = 0; i < chosen; i++)
        {
            if (i == proved_)
                at = 0;
            while (found[at].vertex != chosen_[i])
                at++;
            sorting_[i] = found[at++];
            __atomic_store_n(list + i, chosen_[i], __ATOMIC_RELAXED);
        }
        std::copy_n(sorting_, chosen, found);
        counts_[layer] = chosen;
    }
    arena_->head(v).proved = proved_;
    // Only now can others come here: all lists of the vertex are there. They may change them.
    for (int layer = std::min(row.level, top); layer >= 0; layer--)
    {
        const Candidate *chosen = layers_ + std::size_t{ef_ + 1} * static_cast<std::size_t>(layer);
        for (std::uint32_t i = 0; i < counts_[layer]; i++)
            link_back(chosen[i].vertex, {chosen[i].distance, v}, layer);
    }
}

}  // namespace quiver::hnsw::build
