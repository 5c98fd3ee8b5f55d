// Long float vectors with AVX-512 and aligned loads only. Included once by a file compiled for that ISA.
//
// A 64-byte load that is not aligned touches two cache lines and costs two loads; and a vector's
// first element is nowhere near a multiple of 64 bytes, since a varlena header comes before it. So
// each row is read in whole cache lines, its ends masked. The query's elements then stand at
// other lanes than the row's, and a permutation of two neighbouring lines of the query moves them.
// Several rows share the query's lines, each with its own permutation.
#pragma once

#include "kernels/dense_body.inl"

namespace quiver::kernels {
namespace {

constexpr std::size_t lanes = Lanes::width;

// Below this length the masked ends cost more than the alignment saves.
constexpr std::size_t worthwhile = 256;

// A vector as a sequence of aligned lines; the first `skip` elements of line 0 are not its own.
class Lines
{
public:
    Lines(const float *from, std::size_t n)
        : first_(reinterpret_cast<std::uintptr_t>(from) & ~std::uintptr_t{63}),
          skip_((reinterpret_cast<std::uintptr_t>(from) & 63) / sizeof(float)),
          end_(skip_ + n)
    {
    }
    std::size_t skip() const { return skip_; }

    // A line that lies wholly within the vector.
    Vec load(std::size_t line) const { return _mm512_load_ps(address(line)); }

    // Any line; what is not the vector's own is not read, and zero.
    Vec load_part(std::size_t line) const
    {
        const std::size_t start = line * lanes;
        const std::size_t low = start < skip_ ? skip_ - start : 0;
        const std::size_t high = end_ <= start ? 0 : end_ - start;
        const std::uint32_t below_high = high >= lanes ? 0xFFFFU : (1U << high) - 1;
        return _mm512_maskz_load_ps(static_cast<__mmask16>(below_high >> low << low),
                                    address(line));
    }

private:
    const float *address(std::size_t line) const
    {
        return reinterpret_cast<const float *>(first_ + line * 64);
    }

    std::uintptr_t first_;
    std::size_t skip_, end_;
};

// A row beside the query: its line k + late holds what the query's lines k and k + 1 hold from lane
// `shift` on.
struct Row
{
    Lines lines;
    std::size_t late;
    __m512i shift;

    Row(const float *from, std::size_t n, const Lines &query)
        : lines(from, n),
          late(query.skip() < lines.skip() ? 1 : 0),
          shift(_mm512_add_epi32(
              _mm512_set1_epi32(static_cast<int>(query.skip() + late * lanes - lines.skip())),
              _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)))
    {
    }
    Vec opposite(Vec query_low, Vec query_high) const
    {
        return _mm512_permutex2var_ps(query_low, shift, query_high);
    }
};

// Where the addresses are those of floats, lines can be made of them.
inline bool at_floats(const float *a)
{
    return reinterpret_cast<std::uintptr_t>(a) % sizeof(float) == 0;
}

// The sums of `count` rows; `unroll` sums for each go round in turn. Row pointers in `next` are asked for.
template <class Sum, std::size_t count, std::size_t unroll>
void sum_lines(const float *from, const Row *rows, const float *const *next, std::size_t n,
               Sum (*sums)[unroll])
{
    const Lines query(from, n);
    const std::size_t end = query.skip() + n;  // in the query's lanes

    // A late row's line 0 stands beside the query's line -1, which is empty, and line 0.
    const Vec first = query.load_part(0);
    for (std::size_t r = 0; r < count; r++)
        if (rows[r].late != 0)
            sums[r][0].add(rows[r].opposite(Lanes::zero(), first), rows[r].lines.load_part(0));

    const auto step = [&](std::size_t line, Vec low, Vec high, std::size_t u)
        __attribute__((always_inline))
    {
        for (std::size_t r = 0; r < count; r++)
        {
            if (next != nullptr)
                __builtin_prefetch(next[r] + line * lanes);
            sums[r][u].add(rows[r].opposite(low, high), rows[r].lines.load(line + rows[r].late));
        }
    };
    const auto step_part = [&](std::size_t line, Vec low, Vec high) __attribute__((always_inline))
    {
        for (std::size_t r = 0; r < count; r++)
            sums[r][0].add(rows[r].opposite(low, high),
                           rows[r].lines.load_part(line + rows[r].late));
    };

    Vec low = query.load_part(1);
    step_part(0, first, low);
    std::size_t line = 1;
    // Whole lines on all sides: a row's line may be one ahead of the query's.
    for (; (line + unroll + 1) * lanes <= n; line += unroll)
        for (std::size_t u = 0; u < unroll; u++)
        {
            // Kept in a register, or the compiler loads it once more when it is `low`.
            Vec high = query.load(line + u + 1);
            __asm__("" : "+v"(high));
            step(line + u, low, high, u);
            low = high;
        }
    for (; line * lanes < end; line++)
    {
        const Vec high = query.load_part(line + 1);
        step_part(line, low, high);
        low = high;
    }
}

template <class Sum, std::size_t unroll> typename Sum::Result joined(Sum (&sums)[unroll])
{
    for (std::size_t u = 1; u < unroll; u++)
        sums[0].merge(sums[u]);
    return sums[0].result();
}

template <class Sum>
typename Sum::Result aligned_one_to_one(const float *a, const float *b, std::size_t n) noexcept
{
    if (n < worthwhile || !at_floats(a) || !at_floats(b))
        return one_to_one<Sum>(a, b, n);
    const Row row(b, n, Lines(a, n));
    Sum sums[1][4];
    sum_lines<Sum, 1, 4>(a, &row, nullptr, n, sums);
    return joined(sums[0]);
}

template <class Sum>
void aligned_one_to_many(const float *query, const float *const *rows, std::size_t row_count,
                         std::size_t n, typename Sum::Result *out) noexcept
{
    bool floats = at_floats(query);
    for (std::size_t r = 0; r < row_count; r++)
        floats = floats && at_floats(rows[r]);
    if (n < worthwhile || !floats)
        return one_to_many<Sum>(query, rows, row_count, n, out);

    const Lines lines(query, n);
    std::size_t r = 0;
    for (; r + rows_at_once <= row_count; r += rows_at_once)
    {
        const Row group[] = {Row(rows[r], n, lines), Row(rows[r + 1], n, lines),
                             Row(rows[r + 2], n, lines), Row(rows[r + 3], n, lines)};
        const bool more = r + 2 * rows_at_once <= row_count;
        Sum sums[rows_at_once][2];
        sum_lines<Sum, rows_at_once, 2>(query, group, rows + (more ? r + rows_at_once : r), n,
                                        sums);
        for (std::size_t i = 0; i < rows_at_once; i++)
            out[r + i] = joined(sums[i]);
    }
    for (; r < row_count; r++)
        out[r] = aligned_one_to_one<Sum>(query, rows[r], n);
}

void aligned_cosine_to_many(const float *query, const float *const *rows, std::size_t row_count,
                            std::size_t n, CosineParts<float> *out) noexcept
{
    aligned_one_to_many<CosineOfRow>(query, rows, row_count, n, out);
    const float norm = aligned_one_to_one<Products>(query, query, n);
    for (std::size_t r = 0; r < row_count; r++)
        out[r].norm_a = norm;
}

constexpr DenseKernels<float> aligned_kernels = {
    aligned_one_to_one<SquaredDifferences>,
    aligned_one_to_one<Products>,
    aligned_one_to_one<Cosine>,
    aligned_one_to_one<Differences>,
    aligned_one_to_many<SquaredDifferences>,
    aligned_one_to_many<Products>,
    aligned_cosine_to_many,
    aligned_one_to_many<Differences>,
};

}  // namespace
}  // namespace quiver::kernels
