// The distance kernels: what each computes, and the table that holds one level's set of them.
//
// Contract. Pointers need no alignment beyond that of a byte; counts may be zero (result 0).
// Float and half kernels accumulate in float, so a sum past 3.4e38 is infinity, as in pgvector.
// Every level's result differs from the exact one by at most error_bound(n) times the sum of the
// magnitudes added (docs/simd.md); int8 and bit kernels are exact. `_many` kernels compute one query against `rows` rows whose addresses
// are given one by one (rows in a page need not be adjacent), and equal the one-to-one kernel of the
// same level within the same bound.
// Nothing here allocates, throws, or knows PostgreSQL.
#pragma once

#include "kernels/filter.hpp"
#include "kernels/half.hpp"
#include "kernels/rabitq.hpp"

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {

// The longest chain of roundings a term goes through, as a relative error. Dense kernels keep at
// least eight partial sums: n/8 additions, up to five to join the sums, three in the term itself.
// Sparse kernels keep at least one; n is then the two counts together. Products too small for a
// normal float add at most 2^-150 each to the error.
constexpr double rounding_error(std::size_t roundings)
{
    const double u = 0x1p-24 * static_cast<double>(roundings);
    return u / (1 - u);
}
constexpr double error_bound(std::size_t n) { return rounding_error((n + 7) / 8 + 8); }
constexpr double sparse_error_bound(std::size_t n) { return rounding_error(n + 8); }

// The type a kernel adds up in: float for float and half, a 32-bit integer for int8
// (16,000 * 255^2 < 2^31).
template <class T> struct accumulator
{
    using type = float;
};
template <> struct accumulator<std::int8_t>
{
    using type = std::int32_t;
};
template <class T> using Acc = typename accumulator<T>::type;

// What cosine similarity is made of: dot / sqrt(a * b).
template <class A> struct CosineParts
{
    A dot;
    A norm_a;  // sum of squares of the first argument
    A norm_b;
};

template <class T> struct DenseKernels
{
    using A = Acc<T>;
    A (*l2_squared)(const T *a, const T *b, std::size_t n) noexcept;
    A (*inner_product)(const T *a, const T *b, std::size_t n) noexcept;
    CosineParts<A> (*cosine)(const T *a, const T *b, std::size_t n) noexcept;
    A (*l1)(const T *a, const T *b, std::size_t n) noexcept;

    void (*l2_squared_many)(const T *query, const T *const *rows, std::size_t row_count,
                            std::size_t n, A *out) noexcept;
    void (*inner_product_many)(const T *query, const T *const *rows, std::size_t row_count,
                               std::size_t n, A *out) noexcept;
    void (*cosine_many)(const T *query, const T *const *rows, std::size_t row_count, std::size_t n,
                        CosineParts<A> *out) noexcept;
    void (*l1_many)(const T *query, const T *const *rows, std::size_t row_count, std::size_t n,
                    A *out) noexcept;
};

// Bit strings; `bytes` counts whole bytes and the pad bits of the last byte are zero, as in varbit.
struct JaccardParts
{
    std::uint64_t both;  // bits set in a and b
    std::uint64_t either_a;  // bits set in a
    std::uint64_t either_b;  // bits set in b
};

struct BitKernels
{
    std::uint64_t (*hamming)(const std::uint8_t *a, const std::uint8_t *b,
                             std::size_t bytes) noexcept;
    JaccardParts (*jaccard)(const std::uint8_t *a, const std::uint8_t *b,
                            std::size_t bytes) noexcept;
    void (*hamming_many)(const std::uint8_t *query, const std::uint8_t *const *rows,
                         std::size_t row_count, std::size_t bytes, std::uint64_t *out) noexcept;
    void (*jaccard_many)(const std::uint8_t *query, const std::uint8_t *const *rows,
                         std::size_t row_count, std::size_t bytes, JaccardParts *out) noexcept;
};

// A sparse vector: ascending 0-based indices and their values, `count` of each.
struct SparseView
{
    const std::int32_t *indices;
    const float *values;
    std::size_t count;
};

struct SparseKernels
{
    float (*l2_squared)(SparseView a, SparseView b) noexcept;
    float (*inner_product)(SparseView a, SparseView b) noexcept;
    CosineParts<float> (*cosine)(SparseView a, SparseView b) noexcept;
    float (*l1)(SparseView a, SparseView b) noexcept;
};

// Bulk conversion between stored element types.
struct ConvertKernels
{
    void (*half_to_float)(const Half *in, float *out, std::size_t n) noexcept;
    void (*float_to_half)(const float *in, Half *out, std::size_t n) noexcept;
};

enum class Level
{
    scalar,
    avx2,  // AVX2, FMA, F16C, POPCNT
    avx512,  // AVX-512 F, BW, DQ, VL, VNNI, VPOPCNTDQ
    neon
};

// References, because each table is defined in the file compiled for its level.
struct Kernels
{
    Level level;
    const DenseKernels<float> &f32;
    const DenseKernels<Half> &f16;
    const DenseKernels<std::int8_t> &i8;
    const BitKernels &bit;
    const SparseKernels &sparse;
    const ConvertKernels &convert;
    const CodeKernels &code;
    const FilterKernels &filter;
};

// The set in force. Points at the scalar set until select() is called, so it is never null.
extern constinit const Kernels *active;

// The set of one level, or nullptr if this build or this CPU lacks it.
const Kernels *kernels_for(Level level) noexcept;

// The fastest level this CPU runs.
Level best_level() noexcept;

// Put a level in force; false, and no change, if it is not available.
[[nodiscard]] bool select(Level level) noexcept;

const char *level_name(Level level) noexcept;

}  // namespace quiver::kernels
