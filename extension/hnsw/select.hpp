// Which of many candidates become a vertex's neighbours: the heuristic of HNSW.
//
// In the order of distance, a candidate is chosen if it is nearer to the vertex than to all that are
// chosen already, so that links lead in different directions. Behind them stand the nearest that were passed over, up
// to a share of the room (fill.hpp); for the inner product, which obeys no triangle inequality, all the room is filled.
#pragma once

#include "hnsw/fill.hpp"
#include "hnsw/space.hpp"

#include <cmath>

namespace quiver::hnsw {

struct Choice
{
    float distance;  // from the vertex whose list it is
    Vertex vertex;
    const void *value;
};

// Choose some of `count` candidates, which ascend by distance, and move them to the front: first those of the heuristic,
// then what the list is filled with, each in that order; how many. `self` is the vertex's distance from itself. Values
// equal to the vertex's would shut out all others, or crowd them out: they do not count against others, and fill a
// quarter of the list at most.
int select_neighbours(const Space &space, Choice *candidates, int count, ListRoom room, float self);

// Ascending by distance; equal ones in an order that differs between salts, so that of many copies of a
// value not always the same are chosen.
void sort_choices(Choice *candidates, int count, std::uint32_t salt);

// The order among vertices at equal distances.
inline std::uint32_t tie_order(Vertex vertex, std::uint32_t salt)
{
    return (vertex ^ salt) * 0x9E3779B1U;
}

// Whether a distance is that of a vertex from its own value, up to the rounding in which kernels differ.
inline bool is_self(float distance, float self)
{
    return std::fabs(distance - self) <= 4e-7F * std::fabs(self);
}

}  // namespace quiver::hnsw
