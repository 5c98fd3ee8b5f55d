// Distances of sparse vectors for AVX2.
#include "kernels/levels.hpp"
#include "kernels/sparse_blocks.inl"

namespace quiver::kernels::avx2 {

constinit const SparseKernels sparse = block_kernels;

}  // namespace quiver::kernels::avx2
