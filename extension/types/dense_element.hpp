// What the three dense vector types differ in: the element, its name, and its conversions.
//
// vector = float, halfvec = Half, tinyvec = int8_t. All else in the dense_*.hpp files is one
// template over these traits.
#pragma once

#include "kernels/distance.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace quiver::types {

using kernels::Half;

// A float read from a place with no alignment; see pg/varlena.hpp. Loops over it vectorise.
using UnalignedFloat [[gnu::aligned(1)]] = float;

// Elements converted at a time where a loop works in float; 2 KB of stack.
inline constexpr int block_size = 512;

template <class T> struct Element;

template <> struct Element<float>
{
    static constexpr const char *type_name = "vector";
    static constexpr bool is_floating = true;
    using Bits = std::uint32_t;
    static constexpr Bits magnitude_mask = 0x7FFFFFFF;
    static constexpr Bits infinity = 0x7F800000;
    static constexpr Bits negative_zero = 0x80000000;

    static const kernels::DenseKernels<float> &kernels() { return kernels::active->f32; }
    static Bits bits(float value) { return std::bit_cast<Bits>(value); }
    static float to_float(float value) { return value; }
    // Equal and ordered as the values are.
    static float order_key(float value) { return value; }
    // `n` elements as floats: `in` itself here, `buffer` for the other types.
    static const UnalignedFloat *widen(const float *in, int, float *) { return in; }
    static void narrow(const float *in, float *out, int n)
    {
        std::memcpy(out, in, static_cast<std::size_t>(n) * sizeof(float));
    }
};

template <> struct Element<Half>
{
    static constexpr const char *type_name = "halfvec";
    static constexpr bool is_floating = true;
    using Bits = std::uint16_t;
    static constexpr Bits magnitude_mask = 0x7FFF;
    static constexpr Bits infinity = 0x7C00;
    static constexpr Bits negative_zero = 0x8000;

    static const kernels::DenseKernels<Half> &kernels() { return kernels::active->f16; }
    static Bits bits(Half value) { return value.bits; }
    static float to_float(Half value) { return kernels::half_to_float(value); }
    // Sign and magnitude read as an integer: both zeros give 0.
    static int order_key(Half value)
    {
        const int magnitude = value.bits & magnitude_mask;
        return (value.bits & negative_zero) != 0 ? -magnitude : magnitude;
    }
    static const UnalignedFloat *widen(const Half *in, int n, float *buffer)
    {
        kernels::active->convert.half_to_float(in, buffer, static_cast<std::size_t>(n));
        return buffer;
    }
    // Nearest, ties to even; too large becomes infinity.
    static void narrow(const float *in, Half *out, int n)
    {
        kernels::active->convert.float_to_half(in, out, static_cast<std::size_t>(n));
    }
};

template <> struct Element<std::int8_t>
{
    static constexpr const char *type_name = "tinyvec";
    static constexpr bool is_floating = false;

    static const kernels::DenseKernels<std::int8_t> &kernels() { return kernels::active->i8; }
    static float to_float(std::int8_t value) { return value; }
    static int order_key(std::int8_t value) { return value; }
    static const UnalignedFloat *widen(const std::int8_t *in, int n, float *buffer)
    {
        for (int i = 0; i < n; ++i)
            buffer[i] = in[i];
        return buffer;
    }
};

template <class T> bool is_nan(T value)
{
    using E = Element<T>;
    return (E::bits(value) & E::magnitude_mask) > E::infinity;
}
template <class T> bool is_infinite(T value)
{
    using E = Element<T>;
    return (E::bits(value) & E::magnitude_mask) == E::infinity;
}
template <class T> bool is_zero(T value)
{
    using E = Element<T>;
    return (E::bits(value) & E::magnitude_mask) == 0;
}

}  // namespace quiver::types
