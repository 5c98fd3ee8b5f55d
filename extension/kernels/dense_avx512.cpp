// Float and half distances for AVX-512.
#include "kernels/levels.hpp"
#include "kernels/lanes_512.inl"
#include "kernels/aligned_512.inl"

namespace quiver::kernels::avx512 {

constinit const DenseKernels<float> f32 = aligned_kernels;
constinit const DenseKernels<Half> f16 = dense_kernels<Half>;

}  // namespace quiver::kernels::avx512
