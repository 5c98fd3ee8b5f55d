// Distances of 8-bit integers for Advanced SIMD.
#include "kernels/levels.hpp"
#include "kernels/int8_lanes_256.inl"
#include "kernels/int8_body.inl"

namespace quiver::kernels::neon {

constinit const DenseKernels<std::int8_t> i8 = int8_kernels;

}  // namespace quiver::kernels::neon
