// Long float vectors with AVX-512, the rows read in whole cache lines. Included once by a file
// compiled for that ISA.
//
// A 64-byte load that is not aligned touches two cache lines: it costs two loads, and more where
// the lines come from the L2 cache. A vector's first element is nowhere near a multiple of 64
// bytes, since a varlena header comes before it. So the elements before the row's first whole line,
// the head, are a masked load of their own, and after them every load of the row is a line. The
// query's loads fall as they may: it stays in the L1 cache, and rows that lie alike share them.
//
// Where a vector lies must not show in the result, or equal rows would not tie. The lanes of the
// four sums are a ring of 64 places, and the elements are dealt to them in turn. A head goes to the
// last places of the ring, which merely turns it: each place adds up the same elements in the same
// order. The places are then joined 32 apart, 16, 8, 4, 2 and 1 apart, and so the same ones meet
// however the ring was turned.
#pragma once

#include "kernels/dense_body.inl"

namespace quiver::kernels {
namespace {

// Below this length the masked ends cost more than the alignment saves.
constexpr std::size_t worthwhile = 256;

constexpr std::size_t lanes = Lanes::width;
constexpr std::size_t sums_each = 4;  // of a row, in turn

// One times a magnitude is that magnitude, fused or not. Processors that add with other units than
// they multiply with have both at work then, and those that do not lose nothing.
struct FusedDifferences : Differences
{
    void add(Vec a, Vec b)
    {
        sum = Lanes::multiply_add(_mm512_set1_ps(1), Lanes::magnitude(Lanes::sub(a, b)), sum);
    }
};

// A value in a register. Where one is used more than once, the compiler would rather load it each
// time, and loads are what these loops wait for.
inline Vec kept(Vec value)
{
    __asm__("" : "+v"(value));
    return value;
}

struct CosineOfLines : Cosine
{
    void add(Vec a, Vec b) { Cosine::add(kept(a), kept(b)); }
};

struct CosineOfRowOfLines : CosineOfRow
{
    void add(Vec a, Vec b) { CosineOfRow::add(a, kept(b)); }
};

// Elements before the first line; where no element starts with it, about as many.
inline std::size_t head_of(const float *from)
{
    return -reinterpret_cast<std::uintptr_t>(from) / sizeof(float) % lanes;
}

inline Vec load_masked(std::uint64_t lanes_wanted, const float *from)
{
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>(lanes_wanted), from);
}

// The sums of `count` rows that lie alike, joined. An empty mask goes with an address within the
// vector: one on a page that is not mapped would not fault, but cost hundreds of cycles.
template <class Sum, std::size_t count>
void sum_rows(const float *query, const float *const *rows, std::size_t n, Sum *out)
{
    const std::size_t head = head_of(rows[0]);
    Sum sums[count][sums_each];
    const auto add = [&](std::size_t u, std::size_t i) __attribute__((always_inline))
    {
        const Vec q = count > 1 ? kept(Lanes::load(query + i)) : Lanes::load(query + i);
        for (std::size_t r = 0; r < count; r++)
            sums[r][u].add(q, Lanes::load(rows[r] + i));
    };
    const auto add_masked = [&](std::size_t u, std::uint64_t mask, std::ptrdiff_t i)
        __attribute__((always_inline))
    {
        const Vec q = load_masked(mask, query + i);
        for (std::size_t r = 0; r < count; r++)
            sums[r][u].add(q, load_masked(mask, rows[r] + i));
    };

    // The head, in the ring's last lanes. They are loaded from where lane 0 would be.
    if (head > 0)
        add_masked(sums_each - 1, 0xFFFF0000U >> head, head - lanes);
    std::size_t i = head;
    for (; i + sums_each * lanes <= n; i += sums_each * lanes)
        for (std::size_t u = 0; u < sums_each; u++)
            add(u, i + u * lanes);

    // Less than a round of the ring is left. For one row, empty masks cost less than jumps.
    const std::size_t left = n - i;
    const std::uint64_t mask = (std::uint64_t{1} << left) - 1;
    for (std::size_t u = 0; u < sums_each; u++)
    {
        if (count > 1 && left <= u * lanes)
            break;
        add_masked(u, mask >> u * lanes, left > u * lanes ? i + u * lanes : 0);
    }
    for (std::size_t r = 0; r < count; r++)
    {
        sums[r][0].merge(sums[r][2]);
        sums[r][1].merge(sums[r][3]);
        sums[r][0].merge(sums[r][1]);
        out[r] = sums[r][0];
    }
}

template <class Sum>
typename Sum::Result aligned_one_to_one(const float *a, const float *b, std::size_t n) noexcept
{
    if (n < worthwhile)
        return one_to_one<Sum>(a, b, n);
    Sum sum;
    sum_rows<Sum, 1>(a, &b, n, &sum);
    return sum.result();
}

// The order in which up to 64 rows are taken: those that lie alike follow each other.
struct Order
{
    unsigned char row[64];

    // Rows are counted by comparing all heads at once: a counter in memory for each head would be
    // waited for from row to row.
    Order(const float *const *rows, std::size_t count)
    {
        alignas(64) unsigned char heads[64] = {};
        for (std::size_t r = 0; r < count; r += 8)
        {
            const auto there = static_cast<__mmask8>(_bzhi_u32(0xFF, unsigned(count - r)));
            const __m512i addresses = _mm512_maskz_loadu_epi64(there, rows + r);
            const __m512i words =
                _mm512_srli_epi64(_mm512_sub_epi64(_mm512_setzero_si512(), addresses), 2);
            const __m128i bytes =
                _mm512_cvtepi64_epi8(_mm512_and_si512(words, _mm512_set1_epi64(lanes - 1)));
            _mm_storel_epi64(reinterpret_cast<__m128i *>(heads + r), bytes);
        }
        const __m512i all = _mm512_load_si512(heads);
        const std::uint64_t there = ~std::uint64_t{0} >> (64 - count);
        std::uint64_t with[lanes];
        unsigned char before[lanes];
        std::size_t sum = 0;
        for (std::size_t head = 0; head < lanes; head++)
        {
            with[head] =
                there & _mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8(static_cast<char>(head)));
            before[head] = static_cast<unsigned char>(sum);
            sum += static_cast<std::size_t>(__builtin_popcountll(with[head]));
        }
        for (std::size_t r = 0; r < count; r++)
        {
            const std::size_t head = head_of(rows[r]);
            const std::uint64_t earlier = _bzhi_u64(with[head], static_cast<unsigned>(r));
            row[before[head] + __builtin_popcountll(earlier)] = static_cast<unsigned char>(r);
        }
    }
};

// Up to 64 rows: four that lie alike in one pass, the others one by one.
template <class Sum>
void ordered_rows(const float *query, const float *const *rows, std::size_t count, std::size_t n,
                  typename Sum::Result *out)
{
    const Order order(rows, count);
    const auto next = [&](std::size_t i) { return rows[order.row[i]]; };
    std::size_t step;
    for (std::size_t i = 0; i < count; i += step)
    {
        const bool alike =
            i + rows_at_once <= count && head_of(next(i)) == head_of(next(i + rows_at_once - 1));
        step = alike ? rows_at_once : 1;
        for (std::size_t r = i + step; r < i + 2 * step && r < count; r++)
            for (std::size_t line = 0; line < lines_asked_for; line++)
                __builtin_prefetch(next(r) + line * lanes);
        if (!alike)
        {
            out[order.row[i]] = aligned_one_to_one<Sum>(query, next(i), n);
            continue;
        }
        const float *group[rows_at_once];
        for (std::size_t r = 0; r < rows_at_once; r++)
            group[r] = next(i + r);
        Sum sums[rows_at_once];
        sum_rows<Sum, rows_at_once>(query, group, n, sums);
        for (std::size_t r = 0; r < rows_at_once; r++)
            out[order.row[i + r]] = sums[r].result();
    }
}

// Fewer rows than this seldom lie alike, and are not worth ordering.
constexpr std::size_t rows_worth_ordering = 8;

template <class Sum>
void aligned_one_to_many(const float *query, const float *const *rows, std::size_t row_count,
                         std::size_t n, typename Sum::Result *out) noexcept
{
    if (n < worthwhile)
        return one_to_many<Sum>(query, rows, row_count, n, out);
    for (std::size_t done = 0; done < row_count;)
    {
        const std::size_t left = row_count - done;
        if (left < rows_worth_ordering)
        {
            out[done] = aligned_one_to_one<Sum>(query, rows[done], n);
            done++;
            continue;
        }
        const std::size_t count = left < 64 ? left : 64;
        ordered_rows<Sum>(query, rows + done, count, n, out + done);
        done += count;
    }
}

void aligned_cosine_to_many(const float *query, const float *const *rows, std::size_t row_count,
                            std::size_t n, CosineParts<float> *out) noexcept
{
    aligned_one_to_many<CosineOfRowOfLines>(query, rows, row_count, n, out);
    const float norm = aligned_one_to_one<Products>(query, query, n);
    for (std::size_t r = 0; r < row_count; r++)
        out[r].norm_a = norm;
}

constexpr DenseKernels<float> aligned_kernels = {
    aligned_one_to_one<SquaredDifferences>,
    aligned_one_to_one<Products>,
    aligned_one_to_one<CosineOfLines>,
    aligned_one_to_one<FusedDifferences>,
    aligned_one_to_many<SquaredDifferences>,
    aligned_one_to_many<Products>,
    aligned_cosine_to_many,
    aligned_one_to_many<FusedDifferences>,
};

}  // namespace
}  // namespace quiver::kernels
