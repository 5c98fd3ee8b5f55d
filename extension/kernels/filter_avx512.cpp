// Tests of columns for AVX-512.
#include "kernels/levels.hpp"
#include "kernels/filter_lanes_512.inl"
#include "kernels/filter_body.inl"

namespace quiver::kernels::avx512 {

constinit const FilterKernels filter = filter_kernels;

}  // namespace quiver::kernels::avx512
