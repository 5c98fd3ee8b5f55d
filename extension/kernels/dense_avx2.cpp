// Float and half distances for AVX2, FMA and F16C.
#include "kernels/levels.hpp"
#include "kernels/lanes_256.inl"
#include "kernels/aligned_256.inl"

namespace quiver::kernels::avx2 {

constinit const DenseKernels<float> f32 = aligned_kernels;
constinit const DenseKernels<Half> f16 = dense_kernels<Half>;

}  // namespace quiver::kernels::avx2
