// Distances of 8-bit integers for AVX2.
#include "kernels/levels.hpp"
#include "kernels/int8_lanes_256.inl"
#include "kernels/int8_body.inl"

namespace quiver::kernels::avx2 {

constinit const DenseKernels<std::int8_t> i8 = int8_kernels;

}  // namespace quiver::kernels::avx2
