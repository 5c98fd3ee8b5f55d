// Words and marks compared thirty-two bytes at a time, in AVX2's vocabulary (SIMDe). Included once by a file
// compiled for its ISA.
#pragma once

#include <simde/x86/avx2.h>

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {
namespace {

struct FilterLanes
{
    using Vec = simde__m256i;
    static constexpr std::size_t words = 4, marks = 8;

    template <class T> static Vec load(const T *from)
    {
        return simde_mm256_loadu_si256(reinterpret_cast<const simde__m256i *>(from));
    }
    static Vec all(std::int64_t word) { return simde_mm256_set1_epi64x(word); }
    static Vec all_marks(std::uint32_t mark)
    {
        return simde_mm256_set1_epi32(static_cast<std::int32_t>(mark));
    }

    // Comparisons know signs: everything is moved so that the lowest word is the least number there is.
    struct Range
    {
        Vec origin, width;
        Range(std::int64_t low, std::int64_t high)
        {
            constexpr std::uint64_t least = std::uint64_t{1} << 63;
            const auto from = static_cast<std::uint64_t>(low);
            origin = all(static_cast<std::int64_t>(from + least));
            width = all(static_cast<std::int64_t>(static_cast<std::uint64_t>(high) - from + least));
        }
    };
    static std::uint64_t bits_of_words(Vec wide)
    {
        return static_cast<std::uint32_t>(simde_mm256_movemask_pd(simde_mm256_castsi256_pd(wide)));
    }
    static std::uint64_t beyond(const Range &range, Vec some)
    {
        return bits_of_words(
            simde_mm256_cmpgt_epi64(simde_mm256_sub_epi64(some, range.origin), range.width));
    }
    static std::uint64_t equal(Vec some, Vec value)
    {
        return bits_of_words(simde_mm256_cmpeq_epi64(some, value));
    }
    // Marks without any of these bits.
    static std::uint64_t lacking(Vec some, Vec bits)
    {
        const Vec none =
            simde_mm256_cmpeq_epi32(simde_mm256_and_si256(some, bits), simde_mm256_setzero_si256());
        return static_cast<std::uint32_t>(simde_mm256_movemask_ps(simde_mm256_castsi256_ps(none)));
    }
};

}  // namespace
}  // namespace quiver::kernels
