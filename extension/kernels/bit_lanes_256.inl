// Thirty-two bytes at a time and their bit counts, in AVX2's vocabulary (SIMDe). Included once by a
// file compiled for its ISA.
#pragma once

#include <simde/x86/avx2.h>

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {
namespace {

struct BitLanes
{
    using Vec = simde__m256i;
    static constexpr std::size_t width = 32;

    static Vec zero() { return simde_mm256_setzero_si256(); }
    static Vec load(const std::uint8_t *from)
    {
        return simde_mm256_loadu_si256(reinterpret_cast<const simde__m256i *>(from));
    }
    // Of `n` bytes the last n % width: the last whole vector with the lanes already seen cleared,
    // so nothing past the end is touched.
    static Vec load_tail(const std::uint8_t *from, std::size_t n)
    {
        const std::size_t left = n % width;
        if (n < width)
        {
            alignas(32) std::uint8_t bytes[width] = {};
            __builtin_memcpy(bytes, from, left);
            return load(bytes);
        }
        alignas(32) static constexpr std::uint8_t keep[2 * width] = {
            0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
            0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
            255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
            255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
        return simde_mm256_and_si256(load(from + n - width), load(keep + left));
    }
    static Vec differing(Vec a, Vec b) { return simde_mm256_xor_si256(a, b); }
    static Vec common(Vec a, Vec b) { return simde_mm256_and_si256(a, b); }

    // Add the number of set bits to four 64-bit sums: each half byte looks its count up in a table,
    // and the sum of absolute differences from zero adds up eight bytes.
    static Vec add_count(Vec sum, Vec bits)
    {
        const Vec table = simde_mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                                0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        const Vec nibble = simde_mm256_set1_epi8(0x0F);
        const Vec low = simde_mm256_shuffle_epi8(table, simde_mm256_and_si256(bits, nibble));
        const Vec high = simde_mm256_shuffle_epi8(
            table, simde_mm256_and_si256(simde_mm256_srli_epi16(bits, 4), nibble));
        return simde_mm256_add_epi64(sum,
                                     simde_mm256_sad_epu8(simde_mm256_add_epi8(low, high), zero()));
    }
    static Vec add(Vec a, Vec b) { return simde_mm256_add_epi64(a, b); }
    static std::uint64_t total(Vec sum)
    {
        const simde__m128i s = simde_mm_add_epi64(simde_mm256_castsi256_si128(sum),
                                                  simde_mm256_extracti128_si256(sum, 1));
        return static_cast<std::uint64_t>(simde_mm_cvtsi128_si64(s)) +
               static_cast<std::uint64_t>(simde_mm_cvtsi128_si64(simde_mm_unpackhi_epi64(s, s)));
    }
};

}  // namespace
}  // namespace quiver::kernels
