// Eight floats at a time, in AVX2's vocabulary. SIMDe gives it AVX2, FMA and F16C on x86-64 and a
// pair of 128-bit registers on AArch64. Included once by a file compiled for its ISA.
#pragma once

#include "kernels/half.hpp"
#include "kernels/half_bits.inl"
#include "kernels/unaligned.inl"

#include <simde/x86/avx2.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {
namespace {

struct Lanes
{
    using Vec = simde__m256;
    static constexpr std::size_t width = 8;

    static Vec zero() { return simde_mm256_setzero_ps(); }
    static Vec load(const float *from) { return simde_mm256_loadu_ps(from); }

    static Vec load(const Half *from)
    {
#if defined(__aarch64__)
        // SIMDe converts halves one by one unless the CPU also calculates in them.
        const float16x8_t halves =
            vreinterpretq_f16_u16(vld1q_u16(reinterpret_cast<const std::uint16_t *>(from)));
        return simde_mm256_set_m128(simde__m128_from_neon_f32(vcvt_high_f32_f16(halves)),
                                    simde__m128_from_neon_f32(vcvt_f32_f16(vget_low_f16(halves))));
#else
        return simde_mm256_cvtph_ps(
            simde_mm_loadu_si128(reinterpret_cast<const simde__m128i *>(from)));
#endif
    }

    static void store(float *to, Vec value) { simde_mm256_storeu_ps(to, value); }

    // Rounds to nearest, ties to even.
    static void store(Half *to, Vec value)
    {
#if defined(__aarch64__)
        const float32x4_t low = simde__m128_to_neon_f32(simde_mm256_castps256_ps128(value));
        const float32x4_t high = simde__m128_to_neon_f32(simde_mm256_extractf128_ps(value, 1));
        vst1q_u16(reinterpret_cast<std::uint16_t *>(to),
                  vreinterpretq_u16_f16(vcvt_high_f16_f32(vcvt_f16_f32(low), high)));
#else
        simde_mm_storeu_si128(reinterpret_cast<simde__m128i *>(to),
                              simde_mm256_cvtps_ph(value, SIMDE_MM_FROUND_TO_NEAREST_INT));
#endif
    }

    // The last n % width of the n elements at `from`, in some lanes; zero in the others. Read as
    // the last whole vector with the lanes already seen cleared, so nothing past the end is touched.
    template <class T> static Vec load_tail(const T *from, std::size_t n)
    {
        const std::size_t left = n % width;
        if (n >= width)
        {
            alignas(32) static constexpr std::int32_t keep[2 * width] = {
                0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1};
            const Vec mask = simde_mm256_loadu_ps(reinterpret_cast<const float *>(keep + left));
            return simde_mm256_and_ps(load(from + n - width), mask);
        }
        float lanes[width] = {};
        for (std::size_t i = 0; i < left; i++)
            lanes[i] = widen(at(from, i));
        return load(lanes);
    }

    static float widen(float value) { return value; }
    static float widen(Half value) { return half_bits_to_float(value.bits); }

    // Convert the last n % width elements: the last whole vector once more, or one by one.
    template <class From, class To> static void convert_tail(const From *in, To *out, std::size_t n)
    {
        if (n >= width)
            store(out + n - width, load(in + n - width));
        else
            for (std::size_t i = 0; i < n; i++)
                put(out, i, convert_one(at(in, i)));
    }
    static float convert_one(Half value) { return half_bits_to_float(value.bits); }
    static Half convert_one(float value) { return Half{float_to_half_bits(value)}; }

    static Vec add(Vec a, Vec b) { return simde_mm256_add_ps(a, b); }
    // a - 1 * b, rounded once as a - b is. The units that multiply and add stand idle in a
    // difference's loop, while those that add and widen are what it waits for.
    static Vec sub(Vec a, Vec b)
    {
#if defined(__x86_64__)
        Vec one = simde_mm256_set1_ps(1.0F);
        __asm__("" : "+x"(one));  // or the compiler sees through it
        return simde_mm256_fnmadd_ps(b, one, a);
#else
        return simde_mm256_sub_ps(a, b);
#endif
    }
    static Vec multiply_add(Vec a, Vec b, Vec sum) { return simde_mm256_fmadd_ps(a, b, sum); }
    static Vec magnitude(Vec a) { return simde_mm256_andnot_ps(simde_mm256_set1_ps(-0.0F), a); }

    static float total(Vec v)
    {
        simde__m128 s =
            simde_mm_add_ps(simde_mm256_castps256_ps128(v), simde_mm256_extractf128_ps(v, 1));
        s = simde_mm_add_ps(s, simde_mm_movehl_ps(s, s));
        s = simde_mm_add_ss(s, simde_mm_shuffle_ps(s, s, 1));
        return simde_mm_cvtss_f32(s);
    }
};

}  // namespace
}  // namespace quiver::kernels
