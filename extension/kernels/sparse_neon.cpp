// Distances of sparse vectors for Advanced SIMD, which lacks the shuffles that comparing blocks needs.
#include "kernels/levels.hpp"
#include "kernels/sparse_merge.inl"

namespace quiver::kernels::neon {

constinit const SparseKernels sparse = merge_kernels;

}  // namespace quiver::kernels::neon
