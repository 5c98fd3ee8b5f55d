// What the tests compare with: the metrics in double precision, and half conversion by arithmetic on
// exact values instead of on bits.
#pragma once

#include "kernels/half.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace unit {

using quiver::kernels::Half;

inline double exact(float value) { return value; }
inline double exact(std::int8_t value) { return value; }
inline double exact(Half half)
{
    const int exponent = half.bits >> 10 & 0x1F, mantissa = half.bits & 0x3FF;
    double value =
        exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    if (exponent == 31)
        value = mantissa == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
    return half.bits & 0x8000 ? -value : value;
}

// The half nearest to a finite value or infinity, ties to even; the sign kept on zero.
inline Half nearest_half(double value)
{
    const unsigned sign = std::signbit(value) ? 0x8000 : 0;
    const double magnitude = std::fabs(value);
    unsigned bits;
    if (magnitude >= 65520)
        bits = 0x7C00;
    else if (magnitude < std::ldexp(1, -14))
        bits = static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, 24)));
    else
    {
        int exponent;
        std::frexp(magnitude, &exponent);  // magnitude in [2^(exponent-1), 2^exponent)
        // 1024..2048 steps of 2^(exponent-11); 2048 carries into the exponent by itself
        const auto steps =
            static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, 11 - exponent)));
        bits = (static_cast<unsigned>(exponent + 14) << 10) + (steps - 1024);
    }
    return Half{static_cast<std::uint16_t>(sign | bits)};
}

// A metric's exact value over the last n elements of two vectors, for every n: value[n], and the sum
// of the magnitudes added, which rounding errors are measured by.
struct Reference
{
    std::vector<double> value{0}, magnitude{0};

    template <class T, class Term>
    Reference(const std::vector<T> &a, const std::vector<T> &b, Term term)
    {
        for (std::size_t i = a.size(); i-- > 0;)
        {
            const double next = term(exact(a[i]), exact(b[i]));
            value.push_back(value.back() + next);
            magnitude.push_back(magnitude.back() + std::fabs(next));
        }
    }
};

inline double squared_difference(double a, double b) { return (a - b) * (a - b); }
inline double product(double a, double b) { return a * b; }
inline double difference(double a, double b) { return std::fabs(a - b); }
inline double square_of_first(double a, double) { return a * a; }
inline double square_of_second(double, double b) { return b * b; }

}  // namespace unit
