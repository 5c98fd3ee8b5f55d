// Thirty-two code bytes at a time, in AVX2's vocabulary (SIMDe). Included once by a file compiled
// for its ISA.
#pragma once

#include <simde/x86/avx2.h>

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {
namespace {

struct CodeLanes
{
    using Vec = simde__m256i;
    static constexpr std::size_t width = 32;

    static Vec zero() { return simde_mm256_setzero_si256(); }
    template <class Byte> static Vec load(const Byte *from)
    {
        return simde_mm256_loadu_si256(reinterpret_cast<const simde__m256i *>(from));
    }

    // The last `count` % width of the `count` bytes at `from`, zero elsewhere. `count` is a multiple
    // of 8, and the 8 bytes before `from` can be read: a code has its factors there.
    template <class Byte> static Vec load_tail(const Byte *from, std::size_t count)
    {
        if (count >= 24)
        {
            alignas(32) static constexpr std::int64_t keep[8] = {0, 0, 0, 0, -1, -1, -1, -1};
            return simde_mm256_and_si256(load(from + count - width),
                                         load(keep + count % width / 8));
        }
        const auto *half = reinterpret_cast<const simde__m128i *>(from);
        return simde_mm256_zextsi128_si256(count == 16 ? simde_mm_loadu_si128(half)
                                                       : simde_mm_loadl_epi64(half));
    }

    // Field `f` of each byte.
    template <unsigned bits, unsigned f> static Vec field(Vec code)
    {
        if constexpr (bits == 8)
            return code;
        else
            return simde_mm256_and_si256(simde_mm256_srli_epi16(code, f * bits),
                                         simde_mm256_set1_epi8((1 << bits) - 1));
    }

    // Products of fields (unsigned) and query bytes (signed), added up over the fields of a byte.
    // Pairs are added into 16 bits, which hold 8 fields of 1 bit, 4 of 2 or 2 of 4: at most
    // 2 * 2 * 15 * 127. Fields of 8 bits are widened first.
    template <unsigned bits> struct Products
    {
        Vec pairs = zero();

        void add(Vec fields, Vec query)
        {
            if constexpr (bits == 8)
                pairs = simde_mm256_add_epi32(
                    simde_mm256_madd_epi16(low_half(fields, false), low_half(query, true)),
                    simde_mm256_madd_epi16(high_half(fields, false), high_half(query, true)));
            else
                pairs = simde_mm256_add_epi16(pairs, simde_mm256_maddubs_epi16(fields, query));
        }
        Vec into(Vec sum) const
        {
            if constexpr (bits == 8)
                return simde_mm256_add_epi32(sum, pairs);
            else
                return simde_mm256_add_epi32(
                    sum, simde_mm256_madd_epi16(pairs, simde_mm256_set1_epi16(1)));
        }
    };

    static Vec low_half(Vec v, bool with_sign)
    {
        return widen(simde_mm256_castsi256_si128(v), with_sign);
    }
    static Vec high_half(Vec v, bool with_sign)
    {
        return widen(simde_mm256_extracti128_si256(v, 1), with_sign);
    }
    static Vec widen(simde__m128i v, bool with_sign)
    {
        return with_sign ? simde_mm256_cvtepi8_epi16(v) : simde_mm256_cvtepu8_epi16(v);
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

}  // namespace
}  // namespace quiver::kernels
