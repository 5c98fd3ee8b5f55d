// Distances estimated from codes for AVX-512.
#include "kernels/levels.hpp"
#include "kernels/rabitq_lanes_512.inl"
#include "kernels/rabitq_body.inl"

namespace quiver::kernels::avx512 {

constinit const CodeKernels code = code_kernels;

}  // namespace quiver::kernels::avx512
