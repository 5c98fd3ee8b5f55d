// Sixteen floats at a time, with AVX-512's masks for the last few. Included once by a file compiled
// for that ISA.
#pragma once

#include "kernels/half.hpp"

#include <immintrin.h>

#include <cstddef>

namespace quiver::kernels {
namespace {

struct Lanes
{
    using Vec = __m512;
    static constexpr std::size_t width = 16;

    static Vec zero() { return _mm512_setzero_ps(); }
    static Vec load(const float *from) { return _mm512_loadu_ps(from); }
    static Vec load(const Half *from)
    {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)));
    }

    static __mmask16 tail_mask(std::size_t n)
    {
        return static_cast<__mmask16>((1U << n % width) - 1);
    }

    // The last n % width of the n elements at `from`; zero in the other lanes.
    static Vec load_tail(const float *from, std::size_t n)
    {
        return _mm512_maskz_loadu_ps(tail_mask(n), from + n / width * width);
    }
    static Vec load_tail(const Half *from, std::size_t n)
    {
        return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(tail_mask(n), from + n / width * width));
    }

    static void store(float *to, Vec value) { _mm512_storeu_ps(to, value); }
    static void store(Half *to, Vec value)
    {
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), narrow(value));
    }
    static __m256i narrow(Vec value)
    {
        return _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    }
    // Convert the last n % width elements.
    static void convert_tail(const Half *in, float *out, std::size_t n)
    {
        _mm512_mask_storeu_ps(out + n / width * width, tail_mask(n), load_tail(in, n));
    }
    static void convert_tail(const float *in, Half *out, std::size_t n)
    {
        _mm256_mask_storeu_epi16(out + n / width * width, tail_mask(n), narrow(load_tail(in, n)));
    }

    static Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
    static Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
    static Vec multiply_add(Vec a, Vec b, Vec sum) { return _mm512_fmadd_ps(a, b, sum); }
    static Vec magnitude(Vec a) { return _mm512_abs_ps(a); }

    // Lanes eight apart, then four, two and one: aligned_512.inl relies on the order, which
    // _mm512_reduce_add_ps leaves to the compiler.
    static float total(Vec v)
    {
        const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
        __m128 s = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
        s = _mm_add_ps(s, _mm_movehl_ps(s, s));
        s = _mm_add_ss(s, _mm_movehdup_ps(s));
        return _mm_cvtss_f32(s);
    }
};

}  // namespace
}  // namespace quiver::kernels
