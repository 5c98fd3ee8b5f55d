// Hamming and Jaccard counts in portable C++: eight bytes at a time, counted by adding up ever wider
// fields, which needs no instruction that an old CPU may lack.
#include "kernels/levels.hpp"

namespace quiver::kernels::scalar {
namespace {

inline std::uint64_t count_bits(std::uint64_t word)
{
    word -= (word >> 1) & 0x5555555555555555U;
    word = (word & 0x3333333333333333U) + ((word >> 2) & 0x3333333333333333U);
    word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0FU;
    return (word * 0x0101010101010101U) >> 56;
}

// `count` bytes, at most 8; the rest is zero.
inline std::uint64_t load_word(const std::uint8_t *from, std::size_t count)
{
    std::uint64_t word = 0;
    __builtin_memcpy(&word, from, count);
    return word;
}

std::uint64_t hamming(const std::uint8_t *a, const std::uint8_t *b, std::size_t bytes) noexcept
{
    std::uint64_t differing = 0;
    std::size_t i = 0;
    for (; i + 8 <= bytes; i += 8)
        differing += count_bits(load_word(a + i, 8) ^ load_word(b + i, 8));
    return differing + count_bits(load_word(a + i, bytes - i) ^ load_word(b + i, bytes - i));
}

JaccardParts jaccard(const std::uint8_t *a, const std::uint8_t *b, std::size_t bytes) noexcept
{
    JaccardParts parts{0, 0, 0};
    for (std::size_t i = 0; i < bytes; i += 8)
    {
        const std::size_t count = bytes - i < 8 ? bytes - i : 8;
        const std::uint64_t x = load_word(a + i, count);
        const std::uint64_t y = load_word(b + i, count);
        parts.both += count_bits(x & y);
        parts.either_a += count_bits(x);
        parts.either_b += count_bits(y);
    }
    return parts;
}

void hamming_many(const std::uint8_t *query, const std::uint8_t *const *rows, std::size_t row_count,
                  std::size_t bytes, std::uint64_t *out) noexcept
{
    for (std::size_t r = 0; r < row_count; r++)
        out[r] = hamming(query, rows[r], bytes);
}

void jaccard_many(const std::uint8_t *query, const std::uint8_t *const *rows, std::size_t row_count,
                  std::size_t bytes, JaccardParts *out) noexcept
{
    for (std::size_t r = 0; r < row_count; r++)
        out[r] = jaccard(query, rows[r], bytes);
}

}  // namespace

constinit const BitKernels bit = {hamming, jaccard, hamming_many, jaccard_many};

}  // namespace quiver::kernels::scalar
