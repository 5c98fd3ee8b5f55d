// A mergeable count of distinct values: HyperLogLog (Flajolet et al. 2007) with 2^12 registers and Ertl's
// estimator (2017), which needs no tables and no switch for small counts. Standard error 1.6 %.
#pragma once

#include <cstdint>
#include <span>

namespace quiver::kernels {

struct DistinctSketch
{
    static constexpr int bits = 12;
    static constexpr int size = 1 << bits;
    std::uint8_t registers[size];
};

// `hash` must be uniform in all of its bits.
void distinct_add(DistinctSketch *sketch, std::uint64_t hash);
void distinct_merge(DistinctSketch *sketch, const DistinctSketch *other);
double distinct_count(const DistinctSketch *sketch);

}  // namespace quiver::kernels
