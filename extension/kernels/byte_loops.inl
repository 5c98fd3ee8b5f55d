// The loops over vectors of bytes (bit strings, 8-bit integers). `Sum` is a metric's running sum:
// `add` takes the next bytes of both arguments, and bytes that are zero in both add nothing. Of n
// bytes, `Lanes::load_tail` loads the last n % width, in some lanes, and zero in the others.
// Included once by a file compiled for its ISA.
#pragma once

#include <cstddef>

namespace quiver::kernels {
namespace {

// Two independent sums, so that an addition need not wait for the one before it.
template <class Lanes, class Sum, class Byte>
typename Sum::Result fold_bytes(const Byte *a, const Byte *b, std::size_t bytes) noexcept
{
    constexpr std::size_t w = Lanes::width;
    Sum s0, s1;
    std::size_t i = 0;
    for (; i + 2 * w <= bytes; i += 2 * w)
    {
        s0.add(Lanes::load(a + i), Lanes::load(b + i));
        s1.add(Lanes::load(a + i + w), Lanes::load(b + i + w));
    }
    if (i + w <= bytes)
    {
        s0.add(Lanes::load(a + i), Lanes::load(b + i));
        i += w;
    }
    if (i < bytes)
        s1.add(Lanes::load_tail(a, bytes), Lanes::load_tail(b, bytes));
    s0.merge(s1);
    return s0.result();
}

// A row of bytes is a few cache lines, and what costs is their arrival: the next row's are asked for
// while this one is added up.
template <class Lanes, class Sum, class Byte>
void fold_bytes_many(const Byte *query, const Byte *const *rows, std::size_t row_count,
                     std::size_t bytes, typename Sum::Result *out) noexcept
{
    for (std::size_t r = 0; r < row_count; r++)
    {
        if (r + 1 < row_count)
            for (std::size_t i = 0; i < bytes; i += 64)
                __builtin_prefetch(rows[r + 1] + i);
        out[r] = fold_bytes<Lanes, Sum>(query, rows[r], bytes);
    }
}

}  // namespace
}  // namespace quiver::kernels
