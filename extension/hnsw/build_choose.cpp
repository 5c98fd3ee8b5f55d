// Building an HNSW graph: which candidates become neighbours.
#include "hnsw/build_graph.hpp"

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

// Behind the chosen stand the nearest of those passed over, and behind them the farthest.
std::uint32_t Builder::choose_list(const ListRoom &room, std::uint64_t hash,
                                   const Candidate *sorted, std::uint32_t count, Vertex *out)
{
    const auto filled = static_cast<std::uint32_t>(room.filled);
    const auto near = static_cast<std::uint32_t>(room.filled - room.far);
    std::uint32_t taken = choose(hash, sorted, count, static_cast<std::uint32_t>(room.most), out);
    std::uint32_t from = 0, chosen = 0;
    for (; from < count && taken < near; from++)
    {
        const Vertex v = sorted[from].vertex & max_vertex;
        if (chosen < proved_ && out[chosen] == v)
            chosen++;
        else
            out[taken++] = v;
    }
    chosen = proved_;
    for (std::uint32_t end = count; end > from && taken < filled; end--)
    {
        const Vertex v = sorted[end - 1].vertex & max_vertex;
        if (chosen > 0 && out[chosen - 1] == v)
            chosen--;
        else
            out[taken++] = v;
    }
    return taken;
}

}  // namespace quiver::hnsw::build
