// Distances of sparse vectors for portable C++.
#include "kernels/levels.hpp"
#include "kernels/sparse_merge.inl"

namespace quiver::kernels::scalar {

constinit const SparseKernels sparse = merge_kernels;

}  // namespace quiver::kernels::scalar
