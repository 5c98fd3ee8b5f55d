// Sixty-four 8-bit integers at a time, with AVX-512 VNNI. Included once by a file compiled for that
// ISA.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {
namespace {

struct Int8Lanes
{
    using Vec = __m512i;
    static constexpr std::size_t width = 64;

    static Vec zero() { return _mm512_setzero_si512(); }
    static Vec load(const std::int8_t *from) { return _mm512_loadu_si512(from); }
    // Of `n` bytes the last n % width; the rest is zero.
    static Vec load_tail(const std::int8_t *from, std::size_t n)
    {
        return _mm512_maskz_loadu_epi8((std::uint64_t{1} << n % width) - 1,
                                       from + n / width * width);
    }
    // -128..127 becomes 0..255.
    static Vec flip_sign(Vec v) { return _mm512_xor_si512(v, _mm512_set1_epi8(-128)); }
    static Vec add(Vec a, Vec b) { return _mm512_add_epi32(a, b); }

    static Vec add_squared_differences(Vec sum, Vec a, Vec b)
    {
        // The distance of two bytes fits an unsigned byte; even and odd ones are squared apart.
        const Vec apart = _mm512_sub_epi8(_mm512_max_epi8(a, b), _mm512_min_epi8(a, b));
        const Vec even = _mm512_and_si512(apart, _mm512_set1_epi16(0x00FF));
        const Vec odd = _mm512_srli_epi16(apart, 8);
        return _mm512_dpwssd_epi32(_mm512_dpwssd_epi32(sum, even, even), odd, odd);
    }
    static Vec add_differences(Vec sum, Vec a, Vec b)
    {
        return add(sum, _mm512_sad_epu8(flip_sign(a), flip_sign(b)));
    }
    static std::int32_t total(Vec sum) { return _mm512_reduce_add_epi32(sum); }
};

// Products are formed of the same lanes.
using Int8ProductLanes = Int8Lanes;

// A sum of products. VNNI multiplies an unsigned by a signed byte and adds four products into 32
// bits. With its sign bit flipped, a reads as the unsigned a + 128; what that adds too much,
// 128 * b, is summed by the same instruction and taken away at the end. Neither sum exceeds
// 16,000 * 255 * 128 < 2^31.
struct Int8Products
{
    __m512i raised = _mm512_setzero_si512();
    __m512i excess = _mm512_setzero_si512();

    void add(__m512i a, __m512i b)
    {
        raised = _mm512_dpbusd_epi32(raised, Int8Lanes::flip_sign(a), b);
        excess = _mm512_dpbusd_epi32(excess, _mm512_set1_epi8(-128), b);
    }
    void merge(const Int8Products &other)
    {
        raised = _mm512_add_epi32(raised, other.raised);
        excess = _mm512_add_epi32(excess, other.excess);
    }
    std::int32_t result() const { return Int8Lanes::total(_mm512_sub_epi32(raised, excess)); }
};

}  // namespace
}  // namespace quiver::kernels
