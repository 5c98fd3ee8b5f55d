// Tests of columns for AVX2.
#include "kernels/levels.hpp"
#include "kernels/filter_lanes_256.inl"
#include "kernels/filter_body.inl"

namespace quiver::kernels::avx2 {

constinit const FilterKernels filter = filter_kernels;

}  // namespace quiver::kernels::avx2
