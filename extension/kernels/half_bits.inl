// The two half conversions in plain integer and float arithmetic, with internal linkage so that
// files compiled for one ISA may include them. Rounding relies on the default rounding mode, which
// nothing in a PostgreSQL backend changes.
#pragma once

#include <cstdint>

namespace quiver::kernels {
namespace {

[[maybe_unused]] inline float half_bits_to_float(std::uint16_t half) noexcept
{
    const std::uint32_t magnitude = half & 0x7FFFU;
    // Moved to a float's place, exponent and mantissa read 2^112 too small; the multiplication
    // puts that right and normalises subnormals. It is exact.
    const float scaled = __builtin_bit_cast(float, magnitude << 13) * 0x1p112F;
    std::uint32_t bits = __builtin_bit_cast(std::uint32_t, scaled);
    bits |= magnitude >= 0x7C00U ? 0x7F800000U : 0U;  // infinity and NaN keep the top exponent
    bits |= magnitude > 0x7C00U ? 0x00400000U : 0U;  // a NaN becomes quiet, as in hardware
    bits |= (half & 0x8000U) << 16;
    return __builtin_bit_cast(float, bits);
}

[[maybe_unused]] inline std::uint16_t float_to_half_bits(float value) noexcept
{
    const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
    const std::uint32_t sign = (bits >> 16) & 0x8000U;
    const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
    std::uint32_t half;

    if (magnitude > 0x7F800000U)  // NaN: quiet, with what fits of its payload, as in hardware
        half = 0x7E00U | ((magnitude >> 13) & 0x3FFU);
    else if (magnitude >= 0x477FF000U)  // 65520, half way between 65504 and 2^16, is a tie to even
        half = 0x7C00U;
    else if (magnitude < 0x38800000U)  // below 2^-14: a float near 0.5 has the ulp of a subnormal
        half = __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) + 0.5F) -
               0x3F000000U;
    else  // change the exponent's bias, then round to even at the 13 bits that go
        half = (magnitude - 0x38000000U + 0xFFFU + ((magnitude >> 13) & 1U)) >> 13;
    return static_cast<std::uint16_t>(sign | half);
}

}  // namespace
}  // namespace quiver::kernels
