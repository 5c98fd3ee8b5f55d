// Building an HNSW graph: which candidates become neighbours.
#include "hnsw/build_graph.hpp"
#include "hnsw/fill.hpp"

#include <algorithm>

namespace quiver::hnsw::build {

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
    proved_ = chosen;
    return chosen;
}

// Choose a list of a layer. Behind the chosen stand the nearest of those passed over, up to the layer's share.
std::uint32_t Builder::choose_list(int layer, std::uint64_t hash, const Candidate *sorted,
                                   std::uint32_t count, Vertex *out)
{
    const std::uint32_t room = arena_->list_room(layer);
    const std::uint32_t filled =
        distances_.fills
            ? room
            : static_cast<std::uint32_t>(filled_links(layer, static_cast<int>(arena_->layout().m)));
    std::uint32_t taken = choose(hash, sorted, count, room, out);
    for (std::uint32_t i = 0, chosen = 0; i < count && taken < filled; i++)
    {
        const Vertex v = sorted[i].vertex & max_vertex;
        if (chosen < proved_ && out[chosen] == v)
            chosen++;
        else
            out[taken++] = v;
    }
    return taken;
}

}  // namespace quiver::hnsw::build
