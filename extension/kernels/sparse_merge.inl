// Distances of sparse vectors by merging their sorted indices without a branch that depends on the
// data. Included once by a file compiled for its ISA.
//
// Which index is smaller is as good as random, so a jump on it would be mispredicted every other
// time. Here each step takes whichever element is due, or both when the indices are equal, by
// arithmetic on the outcome of two comparisons; a missing partner counts as zero.
#pragma once

#include "kernels/distance.hpp"
#include "kernels/unaligned.inl"

namespace quiver::kernels {
namespace {

// Calls `term(x, y)` for every index that either vector has; the absent value is zero.
template <class Term> inline void merge(SparseView a, SparseView b, Term term) noexcept
{
    std::size_t i = 0, j = 0;
    while (i < a.count && j < b.count)
    {
        const std::int32_t left = at(a.indices, i), right = at(b.indices, j);
        const bool take_a = left <= right, take_b = right <= left;
        term(take_a ? at(a.values, i) : 0.0F, take_b ? at(b.values, j) : 0.0F);
        i += take_a;
        j += take_b;
    }
    for (; i < a.count; i++)
        term(at(a.values, i), 0.0F);
    for (; j < b.count; j++)
        term(0.0F, at(b.values, j));
}

// Calls `term(x, y)` for every index that both vectors have. In place of a jump, a step that finds
// no pair adds the product with zero.
inline float merged_products(SparseView a, SparseView b) noexcept
{
    std::size_t i = 0, j = 0;
    float sum = 0;
    while (i < a.count && j < b.count)
    {
        const std::int32_t left = at(a.indices, i), right = at(b.indices, j);
        sum += left == right ? at(a.values, i) * at(b.values, j) : 0.0F;
        i += left <= right;
        j += right <= left;
    }
    return sum;
}

inline float square(float x) noexcept { return x * x; }

inline float sum_of_squares(const float *values, std::size_t n) noexcept
{
    float part[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (std::size_t j = 0; j < 8; j++)
            part[j] += square(at(values, i + j));
    for (; i < n; i++)
        part[i % 8] += square(at(values, i));
    return ((part[0] + part[1]) + (part[2] + part[3])) +
           ((part[4] + part[5]) + (part[6] + part[7]));
}

float merged_l2_squared(SparseView a, SparseView b) noexcept
{
    float sum = 0;
    merge(a, b, [&sum](float x, float y) { sum += (x - y) * (x - y); });
    return sum;
}

float merged_inner_product(SparseView a, SparseView b) noexcept { return merged_products(a, b); }

CosineParts<float> merged_cosine(SparseView a, SparseView b) noexcept
{
    return {merged_products(a, b), sum_of_squares(a.values, a.count),
            sum_of_squares(b.values, b.count)};
}

float merged_l1(SparseView a, SparseView b) noexcept
{
    float sum = 0;
    merge(a, b, [&sum](float x, float y) { sum += __builtin_fabsf(x - y); });
    return sum;
}

[[maybe_unused]] constexpr SparseKernels merge_kernels = {merged_l2_squared, merged_inner_product,
                                                          merged_cosine, merged_l1};

}  // namespace
}  // namespace quiver::kernels
