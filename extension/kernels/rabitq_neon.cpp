// Distances estimated from codes for Advanced SIMD.
#include "kernels/levels.hpp"
#include "kernels/rabitq_lanes_256.inl"
#include "kernels/rabitq_body.inl"

namespace quiver::kernels::neon {

constinit const CodeKernels code = code_kernels;

}  // namespace quiver::kernels::neon
