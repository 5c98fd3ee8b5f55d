// How far a list is filled up with what the heuristic passed over (docs/hnsw_build.md, Neighbours).
//
// The heuristic alone leaves vertices at the rim of a cluster with few links to them, as others are nearer to all that
// might lead there; a search then misses them however wide it is. The last quarter stays free, so that most
// links back are added without pruning.
#pragma once

namespace quiver::hnsw {

struct ListRoom
{
    int most;  // links it may have
    int filled;  // up to how many it is filled
    // Of these, for the farthest of a list that was full: links from when there were few vertices, which lead out of a
    // cluster.
    int far;
};

constexpr ListRoom list_room(int layer, int m, bool fill_all, bool was_full)
{
    const int most = layer == 0 ? 2 * m : m;
    if (fill_all)
        return {most, most, 0};
    if (layer > 0)
        return {most, 0, 0};
    return {most, m + m / 2, was_full ? (m + 3) / 4 : 0};
}

}  // namespace quiver::hnsw
