// Bulk half conversion for AVX-512.
#include "kernels/levels.hpp"
#include "kernels/lanes_512.inl"
#include "kernels/convert_body.inl"

namespace quiver::kernels::avx512 {

constinit const ConvertKernels convert = convert_kernels;

}  // namespace quiver::kernels::avx512
