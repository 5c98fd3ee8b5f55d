// Hamming and Jaccard counts for AVX-512 with VPOPCNTDQ.
#include "kernels/levels.hpp"
#include "kernels/bit_lanes_512.inl"
#include "kernels/bits_body.inl"

namespace quiver::kernels::avx512 {

constinit const BitKernels bit = bit_kernels;

}  // namespace quiver::kernels::avx512
