// Bulk half conversion for AVX2 and F16C.
#include "kernels/levels.hpp"
#include "kernels/lanes_256.inl"
#include "kernels/convert_body.inl"

namespace quiver::kernels::avx2 {

constinit const ConvertKernels convert = convert_kernels;

}  // namespace quiver::kernels::avx2
