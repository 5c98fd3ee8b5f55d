// Sixty-four bytes at a time and their bit counts, with AVX-512's VPOPCNTDQ. Included once by a file
// compiled for that ISA.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {
namespace {

struct BitLanes
{
    using Vec = __m512i;
    static constexpr std::size_t width = 64;

    static Vec zero() { return _mm512_setzero_si512(); }
    static Vec load(const std::uint8_t *from) { return _mm512_loadu_si512(from); }
    // Of `n` bytes the last n % width; the rest is zero.
    static Vec load_tail(const std::uint8_t *from, std::size_t n)
    {
        return _mm512_maskz_loadu_epi8((std::uint64_t{1} << n % width) - 1,
                                       from + n / width * width);
    }
    static Vec differing(Vec a, Vec b) { return _mm512_xor_si512(a, b); }
    static Vec common(Vec a, Vec b) { return _mm512_and_si512(a, b); }
    static Vec add_count(Vec sum, Vec bits)
    {
        return _mm512_add_epi64(sum, _mm512_popcnt_epi64(bits));
    }
    static Vec add(Vec a, Vec b) { return _mm512_add_epi64(a, b); }
    static std::uint64_t total(Vec sum)
    {
        return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(sum));
    }
};

}  // namespace
}  // namespace quiver::kernels
