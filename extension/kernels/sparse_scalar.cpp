// Distances of sparse vectors for portable C++.
#include "kernels/levels.hpp"
#include "kernels/sparse_merge.inl"

namespace quiver::kernels::scalar {

constinit const SparseKernels sparse = {merged_l2_squared, merged_inner_product, merged_cosine, merged_l1};

}  // namespace quiver::kernels::scalar
