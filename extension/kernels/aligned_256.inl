// Long float vectors with AVX2, read at multiples of a vector's size. Included once by a file
// compiled for that ISA.
//
// A 32-byte load that crosses a cache line costs three, and of the loads from elements behind a varlena
// header every second one does. So the elements before the first multiple of 32 bytes, the head, are
// loaded by themselves; from there on every load of the row is whole, and so is every load of the
// query if it lies alike.
//
// Where a vector lies must not show in the result, or equal rows would not tie. The sums' lanes are a
// ring that the elements are dealt to in turn. A head goes to the ring's last places, which merely
// turns it: each place adds up the same elements in the same order. The places are then joined half a
// ring apart, a quarter, an eighth and so on, and so the same ones meet however the ring was turned.
#pragma once

#include "kernels/dense_body.inl"

namespace quiver::kernels {
namespace {

// Below this length the head costs more than it saves.
constexpr std::size_t worthwhile = 512;

// Elements before the first multiple of 32 bytes; none if no element is at one.
inline std::size_t head_of(const float *from)
{
    const auto address = reinterpret_cast<std::uintptr_t>(from);
    return address % sizeof(float) != 0 ? 0 : -address / sizeof(float) % Lanes::width;
}

// All bits set in lanes [width - count, width); with width + n in lanes [0, width - n).
inline __m256i mask(std::size_t count)
{
    alignas(32) static constexpr std::int32_t keep[3 * Lanes::width] = {
        0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
    return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(keep + count));
}

// The first `head` elements, in the last lanes; zero in the others, which are not read.
inline Vec load_head(const float *from, std::size_t head)
{
    return _mm256_maskload_ps(from + head - Lanes::width, mask(head));
}

// The first elements, `left` or as many as there are lanes; zero in the lanes after them.
inline Vec load_part(const float *from, std::size_t left)
{
    const std::size_t empty = left < Lanes::width ? Lanes::width - left : 0;
    return _mm256_maskload_ps(from, mask(Lanes::width + empty));
}

// Differences by the unit that adds: with whole loads and nothing to widen it has time, and the one
// that multiplies is spared (lanes_256.inl has it the other way round). Cosine, which waits for
// multiplications, stays as it is.
struct AlignedSquares : SquaredDifferences
{
    void add(Vec a, Vec b)
    {
        const Vec difference = _mm256_sub_ps(a, b);
        sum = Lanes::multiply_add(difference, difference, sum);
    }
};

struct AlignedDifferences : Differences
{
    void add(Vec a, Vec b) { sum = Lanes::add(sum, Lanes::magnitude(_mm256_sub_ps(a, b))); }
};

template <class Sum>
float aligned_one_to_one(const float *a, const float *b, std::size_t n) noexcept
{
    constexpr std::size_t w = Lanes::width;
    if (n < worthwhile)
        return one_to_one<Sum>(a, b, n);
    const std::size_t head = head_of(b);
    Sum s0, s1, s2, s3;
    if (head > 0)
        s3.add(load_head(a, head), load_head(b, head));
    a += head;
    b += head;
    std::size_t left = n - head;
    for (; left >= 4 * w; left -= 4 * w, a += 4 * w, b += 4 * w)
    {
        s0.add(Lanes::load(a), Lanes::load(b));
        s1.add(Lanes::load(a + w), Lanes::load(b + w));
        s2.add(Lanes::load(a + 2 * w), Lanes::load(b + 2 * w));
        s3.add(Lanes::load(a + 3 * w), Lanes::load(b + 3 * w));
    }
    if (left > 0)
        s0.add(load_part(a, left), load_part(b, left));
    if (left > w)
        s1.add(load_part(a + w, left - w), load_part(b + w, left - w));
    if (left > 2 * w)
        s2.add(load_part(a + 2 * w, left - 2 * w), load_part(b + 2 * w, left - 2 * w));
    if (left > 3 * w)
        s3.add(load_part(a + 3 * w, left - 3 * w), load_part(b + 3 * w, left - 3 * w));
    return Lanes::total(Lanes::add(Lanes::add(s0.sum, s2.sum), Lanes::add(s1.sum, s3.sum)));
}

// As four_rows, with two sums for each row. The rows of a table lie alike often enough that the
// first one's head serves for all.
template <class Sum>
void aligned_four_rows(const float *query, const float *const *rows, const float *const *next,
                       std::size_t n, float *out) noexcept
{
    constexpr std::size_t w = Lanes::width;
    const float *const r0 = rows[0], *const r1 = rows[1], *const r2 = rows[2], *const r3 = rows[3];
    const std::size_t head = head_of(r0);
    Sum sums[rows_at_once][2];
    if (head > 0)
    {
        const Vec q = load_head(query, head);
        for (std::size_t r = 0; r < rows_at_once; r++)
            sums[r][1].add(q, load_head(rows[r], head));
    }
    std::size_t i = head;
    for (; i + 2 * w <= n; i += 2 * w)
        for (std::size_t u = 0; u < 2; u++)
        {
            const Vec q = Lanes::load(query + i + u * w);
            sums[0][u].add(q, Lanes::load(r0 + i + u * w));
            sums[1][u].add(q, Lanes::load(r1 + i + u * w));
            sums[2][u].add(q, Lanes::load(r2 + i + u * w));
            sums[3][u].add(q, Lanes::load(r3 + i + u * w));
        }
    for (std::size_t r = 0; r < rows_at_once; r++)
        for (std::size_t line = 0; line < lines_asked_for; line++)
            __builtin_prefetch(next[r] + line * 16);
    for (std::size_t u = 0; u < 2; u++, i += w)
        if (i < n)
        {
            const Vec q = load_part(query + i, n - i);
            for (std::size_t r = 0; r < rows_at_once; r++)
                sums[r][u].add(q, load_part(rows[r] + i, n - i));
        }
    for (std::size_t r = 0; r < rows_at_once; r++)
        out[r] = Lanes::total(Lanes::add(sums[r][0].sum, sums[r][1].sum));
}

template <class Sum>
void aligned_one_to_many(const float *query, const float *const *rows, std::size_t row_count,
                         std::size_t n, float *out) noexcept
{
    if (n < worthwhile)
        return one_to_many<Sum>(query, rows, row_count, n, out);
    std::size_t r = 0;
    for (; r + rows_at_once <= row_count; r += rows_at_once)
    {
        const bool more = r + 2 * rows_at_once <= row_count;
        aligned_four_rows<Sum>(query, rows + r, rows + (more ? r + rows_at_once : r), n, out + r);
    }
    for (; r < row_count; r++)
        out[r] = aligned_one_to_one<Sum>(query, rows[r], n);
}

constexpr DenseKernels<float> aligned_kernels = {
    aligned_one_to_one<AlignedSquares>,
    aligned_one_to_one<Products>,
    one_to_one<Cosine>,
    aligned_one_to_one<AlignedDifferences>,
    aligned_one_to_many<AlignedSquares>,
    aligned_one_to_many<Products>,
    cosine_to_many<float>,
    aligned_one_to_many<AlignedDifferences>,
};

}  // namespace
}  // namespace quiver::kernels
