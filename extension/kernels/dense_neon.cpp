// Float and half distances for Advanced SIMD.
#include "kernels/levels.hpp"
#include "kernels/lanes_256.inl"
#include "kernels/dense_body.inl"

namespace quiver::kernels::neon {

constinit const DenseKernels<float> f32 = dense_kernels<float>;
constinit const DenseKernels<Half> f16 = dense_kernels<Half>;

}  // namespace quiver::kernels::neon
