// Float and half distances for AVX2, FMA and F16C.
#include "kernels/levels.hpp"
#include "kernels/lanes_256.inl"
#include "kernels/aligned_256.inl"

namespace quiver::kernels {
namespace {

// Differences of halves: both units that add are busy widening, so the additions go to those that
// multiply too. Fused or not, one times a magnitude is that magnitude.
struct WidenedDifferences : Differences
{
    void add(Vec a, Vec b)
    {
        sum = Lanes::multiply_add(_mm256_set1_ps(1), Lanes::magnitude(Lanes::sub(a, b)), sum);
    }
};

constexpr DenseKernels<Half> half_kernels()
{
    DenseKernels<Half> kernels = dense_kernels<Half>;
    kernels.l1 = one_to_one<WidenedDifferences, Half>;
    kernels.l1_many = one_to_many<WidenedDifferences, Half>;
    return kernels;
}

}  // namespace

namespace avx2 {

constinit const DenseKernels<float> f32 = aligned_kernels;
constinit const DenseKernels<Half> f16 = half_kernels();

}  // namespace avx2
}  // namespace quiver::kernels
