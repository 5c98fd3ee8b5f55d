// Distances estimated from codes for AVX2.
#include "kernels/levels.hpp"
#include "kernels/rabitq_lanes_256.inl"
#include "kernels/rabitq_body.inl"

namespace quiver::kernels::avx2 {

constinit const CodeKernels code = code_kernels;

}  // namespace quiver::kernels::avx2
