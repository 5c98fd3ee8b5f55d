// The float and half distances, written over `Lanes` (lanes_256.inl, lanes_512.inl). Included once
// by a file compiled for its ISA; everything has internal linkage.
#pragma once

#include "kernels/distance.hpp"

namespace quiver::kernels {
namespace {

using Vec = Lanes::Vec;

// A running sum of one metric. `add` takes the next lanes of both arguments; lanes that are zero in
// both add nothing. `merge` joins two sums; `result` adds up the lanes. `unroll` is how many sums
// per row the one-to-many loop keeps without running out of registers.
struct SquaredDifferences
{
    using Result = float;
    static constexpr std::size_t unroll = 2;
    Vec sum = Lanes::zero();

    void add(Vec a, Vec b)
    {
        const Vec difference = Lanes::sub(a, b);
        sum = Lanes::multiply_add(difference, difference, sum);
    }
    void merge(const SquaredDifferences &other) { sum = Lanes::add(sum, other.sum); }
    Result result() const { return Lanes::total(sum); }
};

struct Products
{
    using Result = float;
    static constexpr std::size_t unroll = 2;
    Vec sum = Lanes::zero();

    void add(Vec a, Vec b) { sum = Lanes::multiply_add(a, b, sum); }
    void merge(const Products &other) { sum = Lanes::add(sum, other.sum); }
    Result result() const { return Lanes::total(sum); }
};

struct Differences
{
    using Result = float;
    static constexpr std::size_t unroll = 2;
    Vec sum = Lanes::zero();

    void add(Vec a, Vec b) { sum = Lanes::add(sum, Lanes::magnitude(Lanes::sub(a, b))); }
    void merge(const Differences &other) { sum = Lanes::add(sum, other.sum); }
    Result result() const { return Lanes::total(sum); }
};

struct Cosine
{
    using Result = CosineParts<float>;
    Vec dot = Lanes::zero();
    Vec norm_a = Lanes::zero();
    Vec norm_b = Lanes::zero();

    void add(Vec a, Vec b)
    {
        dot = Lanes::multiply_add(a, b, dot);
        norm_a = Lanes::multiply_add(a, a, norm_a);
        norm_b = Lanes::multiply_add(b, b, norm_b);
    }
    void merge(const Cosine &other)
    {
        dot = Lanes::add(dot, other.dot);
        norm_a = Lanes::add(norm_a, other.norm_a);
        norm_b = Lanes::add(norm_b, other.norm_b);
    }
    Result result() const
    {
        return {Lanes::total(dot), Lanes::total(norm_a), Lanes::total(norm_b)};
    }
};

// Cosine against many rows: the query's own norm is the same for all, so it is left out here.
struct CosineOfRow
{
    using Result = CosineParts<float>;
    static constexpr std::size_t unroll = Lanes::width == 16 ? 2 : 1;
    Vec dot = Lanes::zero();
    Vec norm_b = Lanes::zero();

    void add(Vec a, Vec b)
    {
        dot = Lanes::multiply_add(a, b, dot);
        norm_b = Lanes::multiply_add(b, b, norm_b);
    }
    void merge(const CosineOfRow &other)
    {
        dot = Lanes::add(dot, other.dot);
        norm_b = Lanes::add(norm_b, other.norm_b);
    }
    Result result() const { return {Lanes::total(dot), 0, Lanes::total(norm_b)}; }
};

// Four independent sums, so that an addition need not wait for the one before it.
template <class Sum, class T>
typename Sum::Result one_to_one(const T *a, const T *b, std::size_t n) noexcept
{
    constexpr std::size_t w = Lanes::width;
    Sum s0, s1, s2, s3;
    std::size_t i = 0;
    for (; i + 4 * w <= n; i += 4 * w)
    {
        s0.add(Lanes::load(a + i), Lanes::load(b + i));
        s1.add(Lanes::load(a + i + w), Lanes::load(b + i + w));
        s2.add(Lanes::load(a + i + 2 * w), Lanes::load(b + i + 2 * w));
        s3.add(Lanes::load(a + i + 3 * w), Lanes::load(b + i + 3 * w));
    }
    for (; i + w <= n; i += w)
        s0.add(Lanes::load(a + i), Lanes::load(b + i));
    if (i < n)
        s1.add(Lanes::load_tail(a, n), Lanes::load_tail(b, n));
    s0.merge(s1);
    s2.merge(s3);
    s0.merge(s2);
    return s0.result();
}

// How many rows share one pass over the query.
constexpr std::size_t rows_at_once = 4;

// The rows that come next may lie on other pages, where the hardware's own prefetching does not
// follow. Their beginnings are asked for, and from there it does; asking for all of them takes a load's
// place for each line, and at 1,536 floats pushes this pass's rows out of the L1 cache. Measured
// on AVX2; with sixteen lanes all is asked for on the way, as measured there.
constexpr bool ask_for_whole_rows = Lanes::width == 16;
constexpr std::size_t lines_asked_for = 4;

// Four rows in one pass: each piece of the query is loaded (and, from halves, widened) once.
template <class Sum, class Q, class T>
void four_rows(const Q *query, const T *const *rows, const T *const *next, std::size_t n,
               typename Sum::Result *out) noexcept
{
    constexpr std::size_t w = Lanes::width;
    constexpr std::size_t step = Sum::unroll * w;
    constexpr std::size_t line = 64 / sizeof(T);
    const T *const r0 = rows[0], *const r1 = rows[1], *const r2 = rows[2], *const r3 = rows[3];
    Sum sums[rows_at_once][Sum::unroll];
    std::size_t i = 0;
    for (; i + step <= n; i += step)
    {
        if (ask_for_whole_rows && (step >= line || i % line == 0))
            for (std::size_t r = 0; r < rows_at_once; r++)
                for (std::size_t ahead = 0; ahead < step; ahead += line)
                    __builtin_prefetch(next[r] + i + ahead);
        for (std::size_t u = 0; u < Sum::unroll; u++)
        {
            const Vec q = Lanes::load(query + i + u * w);
            sums[0][u].add(q, Lanes::load(r0 + i + u * w));
            sums[1][u].add(q, Lanes::load(r1 + i + u * w));
            sums[2][u].add(q, Lanes::load(r2 + i + u * w));
            sums[3][u].add(q, Lanes::load(r3 + i + u * w));
        }
    }
    if (!ask_for_whole_rows)
        for (std::size_t r = 0; r < rows_at_once; r++)
            for (std::size_t ahead = 0; ahead < lines_asked_for * line; ahead += line)
                __builtin_prefetch(next[r] + ahead);
    for (; i + w <= n; i += w)
    {
        const Vec q = Lanes::load(query + i);
        for (std::size_t r = 0; r < rows_at_once; r++)
            sums[r][0].add(q, Lanes::load(rows[r] + i));
    }
    if (i < n)
    {
        const Vec q = Lanes::load_tail(query, n);
        for (std::size_t r = 0; r < rows_at_once; r++)
            sums[r][0].add(q, Lanes::load_tail(rows[r], n));
    }
    for (std::size_t r = 0; r < rows_at_once; r++)
    {
        for (std::size_t u = 1; u < Sum::unroll; u++)
            sums[r][0].merge(sums[r][u]);
        out[r] = sums[r][0].result();
    }
}

template <class Sum, class Q, class T>
void groups_of_four(const Q *query, const T *const *rows, std::size_t row_count, std::size_t n,
                    typename Sum::Result *out)
{
    for (std::size_t r = 0; r + rows_at_once <= row_count; r += rows_at_once)
    {
        const bool more = r + 2 * rows_at_once <= row_count;
        four_rows<Sum>(query, rows + r, rows + (more ? r + rows_at_once : r), n, out + r);
    }
}

template <class Sum, class T>
void one_to_many(const T *query, const T *const *rows, std::size_t row_count, std::size_t n,
                 typename Sum::Result *out) noexcept
{
    groups_of_four<Sum>(query, rows, row_count, n, out);
    for (std::size_t r = row_count / rows_at_once * rows_at_once; r < row_count; r++)
        out[r] = one_to_one<Sum>(query, rows[r], n);
}

template <class T>
void cosine_to_many(const T *query, const T *const *rows, std::size_t row_count, std::size_t n,
                    CosineParts<float> *out) noexcept
{
    one_to_many<CosineOfRow>(query, rows, row_count, n, out);
    const float norm = one_to_one<Products>(query, query, n);
    for (std::size_t r = 0; r < row_count; r++)
        out[r].norm_a = norm;
}

template <class T>
constexpr DenseKernels<T> dense_kernels = {
    one_to_one<SquaredDifferences, T>,
    one_to_one<Products, T>,
    one_to_one<Cosine, T>,
    one_to_one<Differences, T>,
    one_to_many<SquaredDifferences, T>,
    one_to_many<Products, T>,
    cosine_to_many<T>,
    one_to_many<Differences, T>,
};

}  // namespace
}  // namespace quiver::kernels
