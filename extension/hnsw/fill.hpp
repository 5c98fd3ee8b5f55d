// How far a list is filled up with what the heuristic passed over (docs/hnsw_build.md, Neighbours).
//
// The heuristic alone leaves vertices at the rim of a cluster with few links to them, as others are nearer to all that
// might lead there; a search then misses them however wide it is. The last quarter stays free, so that most
// links back are added without pruning.
#pragma once

namespace quiver::hnsw {

// Links that a list may have, and up to how many it is filled.
struct ListRoom
{
    int most;
    int filled;
};

// Links that a list of layer 0 has at least, where there are as many candidates; of its 2m. Above nothing is filled.
constexpr int filled_links(int layer, int m) { return layer == 0 ? m + m / 2 : 0; }

}  // namespace quiver::hnsw
