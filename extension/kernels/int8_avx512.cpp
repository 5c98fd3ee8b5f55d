// Distances of 8-bit integers for AVX-512 with VNNI.
#include "kernels/levels.hpp"
#include "kernels/int8_lanes_512.inl"
#include "kernels/int8_body.inl"

namespace quiver::kernels::avx512 {

constinit const DenseKernels<std::int8_t> i8 = int8_kernels;

}  // namespace quiver::kernels::avx512
