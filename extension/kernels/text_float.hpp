// Numbers to text and back, for the types' input and output functions.
//
// No allocation, no server header, and no state but print_half's table. They replace strtof, strtol and the
// server's own float printer, whose cost dominates COPY of a vector column, and they keep the
// same language and the same bytes (tests/unit/text_float_test.cpp compares them).
#pragma once

#include "kernels/half.hpp"

#include <cstdint>

namespace quiver::kernels {

struct FloatParse
{
    // `out_of_range`: the text is a number, but its magnitude rounds to infinity or to zero;
    // `value` is that infinity or zero. A subnormal result is `ok`, and so is a text that says
    // "inf" or "nan".
    enum class Status : std::uint8_t
    {
        ok,
        no_number,
        out_of_range
    };

    float value;
    const char *end;  // first byte that is no part of the number; the text itself if no_number
    Status status;
};

// Read the number at the start of the NUL-terminated `text`: the language and the value of strtof
// in the C locale (leading white space, sign, decimal, hexadecimal, "inf", "nan"), to the last bit.
[[nodiscard]] FloatParse parse_float(const char *text) noexcept;

struct IntParse
{
    enum class Status : std::uint8_t
    {
        ok,
        no_number,
        out_of_range
    };

    std::int32_t value;  // the nearest int32 if out_of_range
    const char *end;  // as in FloatParse; past all digits even if out_of_range
    Status status;
};

// Read the decimal integer at the start of the NUL-terminated `text`: the language of strtol with
// base 10 in the C locale (leading white space and sign allowed).
[[nodiscard]] IntParse parse_int(const char *text) noexcept;

// Bytes that print_float may touch from `out` on, and at least as many as it may keep. The longest
// text is 15 bytes ("-1.17549435e-38"), but whole words are stored on the way.
inline constexpr int float_text_size = 16;

// Write the shortest decimal that reads back as `value`, and of several the closest: the bytes
// of the server's float4 output with extra_float_digits at 1. Returns the end; writes no NUL.
char *print_float(float value, char *out) noexcept;

// The same for a half: one byte more may be touched, a sign before sixteen that are copied at once.
inline constexpr int half_text_size = float_text_size + 1;

// Write what print_float writes of the same value. Keeps a table of texts for the process's lifetime.
char *print_half(Half value, char *out) noexcept;

// The longest text of an int32, "-2147483648".
inline constexpr int int_text_size = 11;

// Write `value` in decimal. Returns the end; writes no NUL and nothing past the end.
char *print_int(std::int32_t value, char *out) noexcept;

}  // namespace quiver::kernels
