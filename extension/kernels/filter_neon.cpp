// Tests of columns for Advanced SIMD.
#include "kernels/levels.hpp"
#include "kernels/filter_lanes_256.inl"
#include "kernels/filter_body.inl"

namespace quiver::kernels::neon {

constinit const FilterKernels filter = filter_kernels;

}  // namespace quiver::kernels::neon
