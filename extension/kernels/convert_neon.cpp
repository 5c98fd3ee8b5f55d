// Bulk half conversion for Advanced SIMD.
#include "kernels/levels.hpp"
#include "kernels/lanes_256.inl"
#include "kernels/convert_body.inl"

namespace quiver::kernels::neon {

constinit const ConvertKernels convert = convert_kernels;

}  // namespace quiver::kernels::neon
