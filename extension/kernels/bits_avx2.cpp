// Hamming and Jaccard counts for AVX2.
#include "kernels/levels.hpp"
#include "kernels/bit_lanes_256.inl"
#include "kernels/bits_body.inl"

namespace quiver::kernels::avx2 {

constinit const BitKernels bit = bit_kernels;

}  // namespace quiver::kernels::avx2
