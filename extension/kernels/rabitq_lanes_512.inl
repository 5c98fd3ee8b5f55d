// Sixty-four code bytes at a time, with AVX-512 VNNI. Included once by a file compiled for that ISA.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {
namespace {

struct CodeLanes
{
    using Vec = __m512i;
    static constexpr std::size_t width = 64;

    static Vec zero() { return _mm512_setzero_si512(); }
    template <class Byte> static Vec load(const Byte *from) { return _mm512_loadu_si512(from); }
    // The last `count` % width of the `count` bytes at `from`, zero elsewhere.
    template <class Byte> static Vec load_tail(const Byte *from, std::size_t count)
    {
        return _mm512_maskz_loadu_epi8((std::uint64_t{1} << count % width) - 1,
                                       from + count / width * width);
    }

    // Field `f` of each byte.
    template <unsigned bits, unsigned f> static Vec field(Vec code)
    {
        if constexpr (bits == 8)
            return code;
        else
            return _mm512_and_si512(_mm512_srli_epi16(code, f * bits),
                                    _mm512_set1_epi8((1 << bits) - 1));
    }

    // Products of fields (unsigned) and query bytes (signed): VNNI adds four into 32 bits.
    template <unsigned bits> struct Products
    {
        Vec sums = zero();

        void add(Vec fields, Vec query) { sums = _mm512_dpbusd_epi32(sums, fields, query); }
        Vec into(Vec sum) const { return _mm512_add_epi32(sum, sums); }
    };

    static std::int32_t total(Vec sum) { return _mm512_reduce_add_epi32(sum); }
};

}  // namespace
}  // namespace quiver::kernels
