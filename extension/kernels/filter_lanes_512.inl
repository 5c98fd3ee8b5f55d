// Words and marks compared sixty-four bytes at a time, with AVX-512's masks. Included once by a file compiled for
// its ISA.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {
namespace {

struct FilterLanes
{
    using Vec = __m512i;
    static constexpr std::size_t words = 8, marks = 16;

    template <class T> static Vec load(const T *from) { return _mm512_loadu_si512(from); }
    static Vec all(std::int64_t word) { return _mm512_set1_epi64(word); }
    static Vec all_marks(std::uint32_t mark)
    {
        return _mm512_set1_epi32(static_cast<std::int32_t>(mark));
    }

    struct Range
    {
        Vec origin, width;
        Range(std::int64_t low, std::int64_t high)
            : origin(all(low)),
              width(all(static_cast<std::int64_t>(static_cast<std::uint64_t>(high) -
                                                  static_cast<std::uint64_t>(low))))
        {
        }
    };
    static std::uint64_t beyond(const Range &range, Vec some)
    {
        return _mm512_cmpgt_epu64_mask(_mm512_sub_epi64(some, range.origin), range.width);
    }
    static std::uint64_t equal(Vec some, Vec value) { return _mm512_cmpeq_epi64_mask(some, value); }
    static std::uint64_t lacking(Vec some, Vec bits) { return _mm512_testn_epi32_mask(some, bits); }
};

}  // namespace
}  // namespace quiver::kernels
