// IEEE 754 binary16 as a storage type, and its scalar conversions.
//
// `Half` is the two bytes that halfvec stores and sends; it has no arithmetic. Conversion from
// float rounds to nearest, ties to even; a magnitude above 65504 (after rounding) gives infinity.
// Bulk conversion with F16C or NEON is in distance.hpp (Convert).
#pragma once

#include <bit>
#include <cstdint>

namespace quiver::kernels {

struct Half
{
    std::uint16_t bits;
};
static_assert(sizeof(Half) == 2);

inline constexpr float half_max = 65504.0F;

// Exact: every half is a float.
float half_to_float(Half value) noexcept;

// Nearest half, ties to even; too large becomes infinity, too small becomes zero or a subnormal.
Half float_to_half(float value) noexcept;

inline bool is_nan(Half value) noexcept { return (value.bits & 0x7FFF) > 0x7C00; }
inline bool is_infinite(Half value) noexcept { return (value.bits & 0x7FFF) == 0x7C00; }
inline bool is_zero(Half value) noexcept { return (value.bits & 0x7FFF) == 0; }

}  // namespace quiver::kernels
