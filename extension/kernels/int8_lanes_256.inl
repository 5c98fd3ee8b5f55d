// 8-bit integers in AVX2's vocabulary (SIMDe): thirty-two at a time for L1, and sixteen at a time,
// widened to 16 bits as they are loaded, where products are formed. Included once by a file compiled for
// its ISA.
//
// Pairs of 16-bit products are added into 32 bits: (-255)^2 * 2 fits.
#pragma once

#include <simde/x86/avx2.h>

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {
namespace {

inline std::int32_t total_of_32_bit(simde__m256i sum)
{
    simde__m128i s =
        simde_mm_add_epi32(simde_mm256_castsi256_si128(sum), simde_mm256_extracti128_si256(sum, 1));
    s = simde_mm_add_epi32(s, simde_mm_shuffle_epi32(s, 0x4E));
    s = simde_mm_add_epi32(s, simde_mm_shuffle_epi32(s, 0xB1));
    return simde_mm_cvtsi128_si32(s);
}

struct Int8Lanes
{
    using Vec = simde__m256i;
    static constexpr std::size_t width = 32;

    static Vec zero() { return simde_mm256_setzero_si256(); }
    static Vec load(const std::int8_t *from)
    {
        return simde_mm256_loadu_si256(reinterpret_cast<const simde__m256i *>(from));
    }
    // Of `n` bytes the last n % width: the last whole vector with the lanes already seen cleared,
    // so nothing past the end is touched.
    static Vec load_tail(const std::int8_t *from, std::size_t n)
    {
        const std::size_t left = n % width;
        if (n < width)
        {
            alignas(32) std::int8_t bytes[width] = {};
            __builtin_memcpy(bytes, from, left);
            return load(bytes);
        }
        alignas(32) static constexpr std::int8_t keep[2 * width] = {
            0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
            0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
        return simde_mm256_and_si256(load(from + n - width), load(keep + left));
    }
    static Vec add(Vec a, Vec b) { return simde_mm256_add_epi32(a, b); }

    // With the sign bit flipped the values are unsigned and as far apart as before.
    static Vec add_differences(Vec sum, Vec a, Vec b)
    {
        const Vec flip = simde_mm256_set1_epi8(-128);
        return add(sum, simde_mm256_sad_epu8(simde_mm256_xor_si256(a, flip),
                                             simde_mm256_xor_si256(b, flip)));
    }
    static std::int32_t total(Vec sum) { return total_of_32_bit(sum); }
};

struct Int8ProductLanes
{
    using Vec = simde__m256i;
    static constexpr std::size_t width = 16;

    static Vec zero() { return simde_mm256_setzero_si256(); }
    static Vec load(const std::int8_t *from)
    {
        return simde_mm256_cvtepi8_epi16(
            simde_mm_loadu_si128(reinterpret_cast<const simde__m128i *>(from)));
    }
    // As above, sixteen at a time.
    static Vec load_tail(const std::int8_t *from, std::size_t n)
    {
        const std::size_t left = n % width;
        if (n < width)
        {
            alignas(16) std::int8_t bytes[width] = {};
            __builtin_memcpy(bytes, from, left);
            return load(bytes);
        }
        alignas(32) static constexpr std::int8_t keep[2 * width] = {
            0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
        return simde_mm256_and_si256(load(from + n - width), load(keep + left));
    }
    static Vec add(Vec a, Vec b) { return simde_mm256_add_epi32(a, b); }
    static Vec pairs(Vec a, Vec b) { return simde_mm256_madd_epi16(a, b); }
    static Vec add_squared_differences(Vec sum, Vec a, Vec b)
    {
        const Vec apart = simde_mm256_sub_epi16(a, b);
        return add(sum, pairs(apart, apart));
    }
    static std::int32_t total(Vec sum) { return total_of_32_bit(sum); }
};

// A sum of products.
struct Int8Products
{
    simde__m256i sum = Int8ProductLanes::zero();

    void add(simde__m256i a, simde__m256i b)
    {
        sum = Int8ProductLanes::add(sum, Int8ProductLanes::pairs(a, b));
    }
    void merge(const Int8Products &other) { sum = Int8ProductLanes::add(sum, other.sum); }
    std::int32_t result() const { return total_of_32_bit(sum); }
};

}  // namespace
}  // namespace quiver::kernels
