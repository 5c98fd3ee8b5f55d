// Conversions that may fail: numbers to halves and to 8-bit integers.
//
// Both round to nearest, ties to even. What is then out of range is an error naming the number.
#pragma once

#include "types/dense.hpp"

namespace quiver::types {

[[noreturn, gnu::cold]] void report_not_half(float value);
[[noreturn, gnu::cold]] void report_not_tiny(double value);

// Infinity and NaN pass; check_element() refuses them where they may occur.
inline Half half_from_float(float value)
{
    const Half half = kernels::float_to_half(value);
    if (is_infinite(half) && !std::isinf(value)) [[unlikely]]
        report_not_half(value);
    return half;
}

// The nearest integer, ties to even, of a number below 2^51: the addition leaves no bits for a
// fraction. A larger number stays larger than 2^50, and NaN stays NaN.
inline double round_to_even(double value)
{
    constexpr double no_fraction = 0x1.8p52;
    return (value + no_fraction) - no_fraction;
}

inline std::int8_t tiny_from_number(double value)
{
    const double rounded = round_to_even(value);
    if (!(rounded >= -128 && rounded <= 127)) [[unlikely]]
        report_not_tiny(value);
    return static_cast<std::int8_t>(rounded);
}

}  // namespace quiver::types
