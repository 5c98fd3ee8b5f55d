// Hamming and Jaccard counts for Advanced SIMD.
#include "kernels/levels.hpp"
#include "kernels/bit_lanes_256.inl"
#include "kernels/bits_body.inl"

namespace quiver::kernels::neon {

constinit const BitKernels bit = bit_kernels;

}  // namespace quiver::kernels::neon
