// Float and half distances for AVX-512.
#include "kernels/levels.hpp"
#include "kernels/lanes_512.inl"
#include "kernels/aligned_512.inl"

namespace quiver::kernels {
namespace {

// Both units that work on 512 bits are busy when sixteen halves are widened, and they are what loops
// over halves wait for. So for some rows the query is widened once, if it is not too long for the
// stack, rather than once for every four.
constexpr std::size_t rows_to_widen_for = 2 * rows_at_once;
constexpr std::size_t longest_widened = 2048;

template <class Sum>
void halves_to_many(const Half *query, const Half *const *rows, std::size_t row_count,
                    std::size_t n, typename Sum::Result *out) noexcept
{
    if (row_count < rows_to_widen_for || n > longest_widened)
        return one_to_many<Sum>(query, rows, row_count, n, out);
    alignas(64) float widened[longest_widened];
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        Lanes::store(widened + i, Lanes::load(query + i));
    if (i < n)
        Lanes::convert_tail(query, widened, n);
    groups_of_four<Sum>(widened, rows, row_count, n, out);
    const std::size_t done = row_count / rows_at_once * rows_at_once;
    one_to_many<Sum>(query, rows + done, row_count - done, n, out + done);
}

void half_cosine_to_many(const Half *query, const Half *const *rows, std::size_t row_count,
                         std::size_t n, CosineParts<float> *out) noexcept
{
    halves_to_many<CosineOfRow>(query, rows, row_count, n, out);
    const float norm = one_to_one<Products>(query, query, n);
    for (std::size_t r = 0; r < row_count; r++)
        out[r].norm_a = norm;
}

constexpr DenseKernels<Half> half_kernels = {
    one_to_one<SquaredDifferences, Half>,
    one_to_one<Products, Half>,
    one_to_one<Cosine, Half>,
    one_to_one<Differences, Half>,
    halves_to_many<SquaredDifferences>,
    halves_to_many<Products>,
    half_cosine_to_many,
    halves_to_many<Differences>,
};

}  // namespace

namespace avx512 {

constinit const DenseKernels<float> f32 = aligned_kernels;
constinit const DenseKernels<Half> f16 = half_kernels;

}  // namespace avx512
}  // namespace quiver::kernels
