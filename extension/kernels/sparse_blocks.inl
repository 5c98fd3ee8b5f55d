// Distances of sparse vectors with AVX2, eight indices of each against one another at a time. Included
// once by a file compiled for its ISA.
//
// A merge advances one element per step and each step waits for the one before it. Here a step
// compares all pairs of two blocks, then the block with the smaller last index (or both) gives way
// to its successor. Which one is as good as random, so that, too, is arithmetic and not a jump: both
// blocks are loaded anew from positions that moved or did not.
#pragma once

#include "kernels/sparse_merge.inl"

#include <simde/x86/avx2.h>
#include <simde/x86/fma.h>

namespace quiver::kernels {
namespace {

constexpr std::size_t block = 8;

using Indices = simde__m256i;
using Values = simde__m256;

// One of the two vectors, read a block at a time. The last few elements are copied once, filled up
// with an index that nothing equals and with the value zero.
class Side
{
public:
    // `filler` differs between the two sides, so that fillers do not pair up.
    Side(SparseView view, std::int32_t filler) noexcept : view_(view)
    {
        const std::size_t whole = view.count / block * block;
        for (std::size_t i = 0; i < block; i++)
        {
            const bool real = whole + i < view.count;
            last_indices_[i] = real ? at(view.indices, whole + i) : filler;
            last_values_[i] = real ? at(view.values, whole + i) : 0.0F;
        }
        load();
    }

    bool done() const { return position_ >= view_.count; }
    void advance(bool now)
    {
        position_ += now ? block : 0;
        load();
    }
    // The first element after the present block.
    std::size_t after() const
    {
        return position_ + block < view_.count ? position_ + block : view_.count;
    }

    Indices indices;
    Values values;
    std::int32_t greatest;  // index in the present block

private:
    void load()
    {
        const bool whole = position_ + block <= view_.count;
        const void *from_indices =
            whole ? static_cast<const void *>(view_.indices + position_) : last_indices_;
        const float *from_values = whole ? view_.values + position_ : last_values_;
        indices = simde_mm256_loadu_si256(static_cast<const simde__m256i *>(from_indices));
        values = simde_mm256_loadu_ps(from_values);
        greatest = done() ? 0 : at(view_.indices, after() - 1);
    }

    SparseView view_;
    std::size_t position_ = 0;
    std::int32_t last_indices_[block];
    float last_values_[block];
};

// What comparing two blocks found, kept for as long as a block stays: for each element of a, its
// partner's value or zero, and masks of the elements that have one.
struct Found
{
    Indices in_a = simde_mm256_setzero_si256();
    Indices in_b = simde_mm256_setzero_si256();
    Values partner = simde_mm256_setzero_ps();
};

// Compare a's block with b's rotated by `forth` within each half; `back` undoes the rotation.
template <int forth, int back>
inline void compare_rotated(Indices a, Indices b, Values b_values, Found &found, Indices &in_b)
{
    const Indices equal = simde_mm256_cmpeq_epi32(a, simde_mm256_shuffle_epi32(b, forth));
    const Values partner = simde_mm256_permute_ps(b_values, forth);
    found.in_a = simde_mm256_or_si256(found.in_a, equal);
    found.partner = simde_mm256_or_ps(found.partner,
                                      simde_mm256_and_ps(simde_mm256_castsi256_ps(equal), partner));
    in_b = simde_mm256_or_si256(in_b, simde_mm256_shuffle_epi32(equal, back));
}

// Four rotations within the halves, then four with the halves exchanged, make all 64 pairs.
inline void compare_blocks(const Side &a, const Side &b, Found &found)
{
    constexpr int rotate_0 = 0xE4, rotate_1 = 0x39, rotate_2 = 0x4E, rotate_3 = 0x93, swap = 0x01;
    compare_rotated<rotate_0, rotate_0>(a.indices, b.indices, b.values, found, found.in_b);
    compare_rotated<rotate_1, rotate_3>(a.indices, b.indices, b.values, found, found.in_b);
    compare_rotated<rotate_2, rotate_2>(a.indices, b.indices, b.values, found, found.in_b);
    compare_rotated<rotate_3, rotate_1>(a.indices, b.indices, b.values, found, found.in_b);

    const Indices indices = simde_mm256_permute2x128_si256(b.indices, b.indices, swap);
    const Values values = simde_mm256_permute2f128_ps(b.values, b.values, swap);
    Indices in_b = simde_mm256_setzero_si256();
    compare_rotated<rotate_0, rotate_0>(a.indices, indices, values, found, in_b);
    compare_rotated<rotate_1, rotate_3>(a.indices, indices, values, found, in_b);
    compare_rotated<rotate_2, rotate_2>(a.indices, indices, values, found, in_b);
    compare_rotated<rotate_3, rotate_1>(a.indices, indices, values, found, in_b);
    found.in_b = simde_mm256_or_si256(found.in_b, simde_mm256_permute2x128_si256(in_b, in_b, swap));
}

inline Values all_if(bool condition)
{
    return simde_mm256_castsi256_ps(simde_mm256_set1_epi32(-static_cast<std::int32_t>(condition)));
}

inline float total(Values v)
{
    simde__m128 s =
        simde_mm_add_ps(simde_mm256_castps256_ps128(v), simde_mm256_extractf128_ps(v, 1));
    s = simde_mm_add_ps(s, simde_mm_movehl_ps(s, s));
    s = simde_mm_add_ss(s, simde_mm_shuffle_ps(s, s, 1));
    return simde_mm_cvtss_f32(s);
}

// The two metrics to which an element without a partner contributes. Zero contributes nothing.
struct Squared
{
    static Values add(Values sum, Values apart) { return simde_mm256_fmadd_ps(apart, apart, sum); }
    static float one(float apart) { return apart * apart; }
};
struct Absolute
{
    static Values add(Values sum, Values apart)
    {
        return simde_mm256_add_ps(sum, simde_mm256_andnot_ps(simde_mm256_set1_ps(-0.0F), apart));
    }
    static float one(float apart) { return __builtin_fabsf(apart); }
};

// Elements from `from` on, none of which has a partner. Eight sums, as elsewhere.
template <class Metric> float lonely(SparseView view, std::size_t from) noexcept
{
    Values sum = simde_mm256_setzero_ps();
    for (; from + block <= view.count; from += block)
        sum = Metric::add(sum, simde_mm256_loadu_ps(view.values + from));
    float rest = 0;
    for (; from < view.count; from++)
        rest += Metric::one(at(view.values, from));
    return total(sum) + rest;
}

// A block is added up when it goes: a's elements against their partners, b's if they had none.
template <class Metric> float block_distance(SparseView view_a, SparseView view_b) noexcept
{
    Side a(view_a, -1), b(view_b, -2);
    Found found;
    Values sum_a = simde_mm256_setzero_ps(), sum_b = simde_mm256_setzero_ps();
    while (!a.done() && !b.done())
    {
        compare_blocks(a, b, found);
        const bool a_goes = a.greatest <= b.greatest, b_goes = b.greatest <= a.greatest;
        const Values mask_a = all_if(a_goes), mask_b = all_if(b_goes);
        const Values alone = simde_mm256_andnot_ps(simde_mm256_castsi256_ps(found.in_b), b.values);
        sum_a = Metric::add(
            sum_a, simde_mm256_and_ps(mask_a, simde_mm256_sub_ps(a.values, found.partner)));
        sum_b = Metric::add(sum_b, simde_mm256_and_ps(mask_b, alone));
        found.partner = simde_mm256_andnot_ps(mask_a, found.partner);
        found.in_b = simde_mm256_andnot_si256(simde_mm256_castps_si256(mask_b), found.in_b);
        a.advance(a_goes);
        b.advance(b_goes);
    }
    float rest = 0;
    if (!a.done())
    {
        sum_a = Metric::add(sum_a, simde_mm256_sub_ps(a.values, found.partner));
        rest = lonely<Metric>(view_a, a.after());
    }
    else if (!b.done())
    {
        sum_b = Metric::add(sum_b,
                            simde_mm256_andnot_ps(simde_mm256_castsi256_ps(found.in_b), b.values));
        rest = lonely<Metric>(view_b, b.after());
    }
    return total(simde_mm256_add_ps(sum_a, sum_b)) + rest;
}

// Only pairs count, and two blocks meet once: nothing has to be kept.
float block_inner_product(SparseView view_a, SparseView view_b) noexcept
{
    Side a(view_a, -1), b(view_b, -2);
    Values sum = simde_mm256_setzero_ps();
    while (!a.done() && !b.done())
    {
        Found found;
        compare_blocks(a, b, found);
        // Without its mask an infinity of a would meet the zero of a missing partner.
        const Values paired = simde_mm256_and_ps(simde_mm256_castsi256_ps(found.in_a), a.values);
        sum = simde_mm256_fmadd_ps(paired, found.partner, sum);
        const bool a_goes = a.greatest <= b.greatest, b_goes = b.greatest <= a.greatest;
        a.advance(a_goes);
        b.advance(b_goes);
    }
    return total(sum);
}

CosineParts<float> block_cosine(SparseView a, SparseView b) noexcept
{
    return {block_inner_product(a, b), lonely<Squared>(a, 0), lonely<Squared>(b, 0)};
}

constexpr SparseKernels block_kernels = {block_distance<Squared>, block_inner_product, block_cosine,
                                         block_distance<Absolute>};

}  // namespace
}  // namespace quiver::kernels
