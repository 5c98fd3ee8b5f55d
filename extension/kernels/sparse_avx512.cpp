// Distances of sparse vectors for the AVX-512 level. Sixteen indices at a time would compare four times as many pairs
// to get twice as far, so this is the AVX2 code, with that level's instructions to choose from.
#include "kernels/levels.hpp"
#include "kernels/sparse_blocks.inl"

namespace quiver::kernels::avx512 {

constinit const SparseKernels sparse = block_kernels;

}  // namespace quiver::kernels::avx512
