// In which order a batch of rows is added to a graph: near ones one after another, so that what one search
// has brought into the processor's caches, or from a file into memory, serves the next.
//
// The rows of a batch are halved again and again by which of two of them is nearer. Batches are as the table
// has them, so a graph grows everywhere at once; only within a batch does it grow place by place.
//
// Pure, like build_arena.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quiver::hnsw::build {

// Distances among the rows of a batch, by number: from one to each of `count` others.
struct BatchDistances
{
    void *state;
    void (*from)(void *state, std::uint32_t row, const std::uint32_t *rows, std::size_t count,
                 float *out);
};

// Put `rows`, `count` numbers, into that order. `scratch` has room for 2 * count floats; equal seeds give
// equal orders.
void order_batch(const BatchDistances &distances, std::uint32_t *rows, std::size_t count,
                 float *scratch, std::uint64_t seed);

}  // namespace quiver::hnsw::build
