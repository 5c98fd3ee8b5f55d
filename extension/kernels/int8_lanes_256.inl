// Thirty-two 8-bit integers at a time, in AVX2's vocabulary (SIMDe). Included once by a file compiled
// for its ISA.
//
// Products are formed after widening to 16 bits, where pairs are added into 32: (-128)^2 * 2 fits.
#pragma once

#include <simde/x86/avx2.h>

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {
namespace {

struct Int8Lanes
{
    using Vec = simde__m256i;
    static constexpr std::size_t width = 32;

    static Vec zero() { return simde_mm256_setzero_si256(); }
    static Vec load(const std::int8_t *from)
    {
        return simde_mm256_loadu_si256(reinterpret_cast<const simde__m256i *>(from));
    }
    // The first `count` (fewer than width); the rest is zero.
    static Vec load_part(const std::int8_t *from, std::size_t count)
    {
        alignas(32) std::int8_t bytes[width] = {};
        __builtin_memcpy(bytes, from, count);
        return load(bytes);
    }

    static Vec low_half(Vec v) { return simde_mm256_cvtepi8_epi16(simde_mm256_castsi256_si128(v)); }
    static Vec high_half(Vec v)
    {
        return simde_mm256_cvtepi8_epi16(simde_mm256_extracti128_si256(v, 1));
    }
    static Vec pairs(Vec a, Vec b) { return simde_mm256_madd_epi16(a, b); }
    static Vec add(Vec a, Vec b) { return simde_mm256_add_epi32(a, b); }

    static Vec add_squared_differences(Vec sum, Vec a, Vec b)
    {
        const Vec low = simde_mm256_sub_epi16(low_half(a), low_half(b));
        const Vec high = simde_mm256_sub_epi16(high_half(a), high_half(b));
        return add(sum, add(pairs(low, low), pairs(high, high)));
    }
    // With the sign bit flipped the values are unsigned and as far apart as before.
    static Vec add_differences(Vec sum, Vec a, Vec b)
    {
        const Vec flip = simde_mm256_set1_epi8(-128);
        return add(sum, simde_mm256_sad_epu8(simde_mm256_xor_si256(a, flip),
                                             simde_mm256_xor_si256(b, flip)));
    }

    static std::int32_t total(Vec sum)
    {
        simde__m128i s = simde_mm_add_epi32(simde_mm256_castsi256_si128(sum),
                                            simde_mm256_extracti128_si256(sum, 1));
        s = simde_mm_add_epi32(s, simde_mm_shuffle_epi32(s, 0x4E));
        s = simde_mm_add_epi32(s, simde_mm_shuffle_epi32(s, 0xB1));
        return simde_mm_cvtsi128_si32(s);
    }
};

// A sum of products.
struct Int8Products
{
    simde__m256i sum = simde_mm256_setzero_si256();

    void add(simde__m256i a, simde__m256i b)
    {
        const simde__m256i low = Int8Lanes::pairs(Int8Lanes::low_half(a), Int8Lanes::low_half(b));
        const simde__m256i high =
            Int8Lanes::pairs(Int8Lanes::high_half(a), Int8Lanes::high_half(b));
        sum = Int8Lanes::add(sum, Int8Lanes::add(low, high));
    }
    void merge(const Int8Products &other) { sum = Int8Lanes::add(sum, other.sum); }
    std::int32_t result() const { return Int8Lanes::total(sum); }
};

}  // namespace
}  // namespace quiver::kernels
