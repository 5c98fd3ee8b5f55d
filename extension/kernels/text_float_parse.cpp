// Decimal text to the nearest float, about as fast as the text can be read.
//
// A text of at most 19 significant digits is w * 10^e with w a 64-bit integer. When |e| <= 22,
// 10^|e| is an exact double, so that d = w * 10^e takes two roundings to double: w itself (exact
// below 2^53) and the product or quotient. Both err by at most half a unit in the last place, a
// relative error of at most 2^-52, which is at most two units in the last place of d.
//
// The float nearest to d is also nearest to the text's exact value unless a midpoint of two floats
// lies between them, or is one of them. The midpoints of normal floats are the doubles whose low 29
// bits are 2^28. So d decides when it is more than two units away from that pattern; we ask for
// four. What does not qualify (one text in 60 million by chance, or a midpoint by intent), and all
// that is rare (hexadecimal, words, extreme exponents, more digits) goes to strtof, which is right
// always. It depends on LC_NUMERIC, which the server keeps at C.
#include "kernels/text_float.hpp"

#include <bit>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdlib>

namespace quiver::kernels {
namespace {

constexpr int max_digits = 19;  // 10^19 - 1 < 2^64
constexpr int max_exact_power = 22;  // 10^22 = 2^22 * 5^22 and 5^22 < 2^53
constexpr int exponent_limit = 9999;  // larger ones are all the same to strtof's caller

constexpr double exact_powers[max_exact_power + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// Doubles of this magnitude and above leave the decision about overflow to strtof. There is no
// such limit below: the smallest non-zero w * 10^e is 1e-22, far above the subnormal floats.
constexpr double safe_magnitude = 0x1p127;

constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

[[gnu::cold, gnu::noinline]] FloatParse parse_with_libc(const char *text) noexcept
{
    char *end = nullptr;
    errno = 0;
    const float value = std::strtof(text, &end);
    if (end == text)
        return {0.0F, text, FloatParse::Status::no_number};
    // ERANGE alone is no error: the C library also raises it for a subnormal result.
    const bool lost = errno == ERANGE && (value == 0.0F || std::isinf(value));
    return {value, end, lost ? FloatParse::Status::out_of_range : FloatParse::Status::ok};
}

// The significand of a decimal text, as w * 10^exponent.
struct Significand
{
    std::uint64_t w;  // modulo 2^64 when there are more than max_digits
    int exponent;
    bool any;  // at least one digit
    bool fits;  // w is exact
    const char *end;
};

Significand read_significand(const char *p) noexcept
{
    std::uint64_t w = 0;
    const char *const start = p;
    while (is_digit(*p))
        w = w * 10 + static_cast<unsigned char>(*p++ - '0');
    std::ptrdiff_t digits = p - start;
    std::ptrdiff_t fraction = 0;
    if (*p == '.')
    {
        const char *const point = p++;
        while (is_digit(*p))
            w = w * 10 + static_cast<unsigned char>(*p++ - '0');
        fraction = p - point - 1;
        digits += fraction;
        if (digits == 0)
            return {0, 0, false, false, start};
    }
    bool fits = digits <= max_digits;
    if (!fits) [[unlikely]]
    {
        // Leading zeros do not count.
        for (const char *q = start; digits > 0 && (*q == '0' || *q == '.'); q++)
            digits -= *q == '0';
        fits = digits <= max_digits && fraction <= exponent_limit;
    }
    return {w, static_cast<int>(-fraction), digits > 0 || p != start, fits, p};
}

// Read an exponent ("e-7") if there is a whole one at `*p`, and step over it.
int read_exponent(const char **p) noexcept
{
    const char *q = *p + 1;
    const bool negative = *q == '-';
    q += static_cast<int>(negative || *q == '+');
    if (!is_digit(*q))
        return 0;
    int exponent = 0;
    for (; is_digit(*q); q++)
        exponent = exponent < exponent_limit ? exponent * 10 + (*q - '0') : exponent;
    *p = q;
    return negative ? -exponent : exponent;
}

// Whether rounding `d`, wrong by at most two units in its last place, may give the wrong float.
bool near_midpoint(double d) noexcept
{
    constexpr std::uint64_t below = (std::uint64_t{1} << 29) - 1;
    constexpr std::uint64_t midpoint = std::uint64_t{1} << 28;
    constexpr std::uint64_t margin = 4;
    return (std::bit_cast<std::uint64_t>(d) & below) - (midpoint - margin) <= 2 * margin;
}

}  // namespace

FloatParse parse_float(const char *text) noexcept
{
    const char *p = text;
    while (is_space(*p))
        p++;
    const bool negative = *p == '-';
    p += static_cast<int>(negative || *p == '+');
    // "0x1p3"; a hexadecimal text has no other beginning.
    if (p[0] == '0' && (p[1] | 0x20) == 'x') [[unlikely]]
        return parse_with_libc(text);

    Significand significand = read_significand(p);
    if (!significand.any) [[unlikely]]
        return parse_with_libc(text);
    int exponent = significand.exponent;
    if ((*significand.end | 0x20) == 'e')
        exponent += read_exponent(&significand.end);

    if (!significand.fits) [[unlikely]]
        return parse_with_libc(text);
    if (significand.w == 0)
        return {negative ? -0.0F : 0.0F, significand.end, FloatParse::Status::ok};
    if (exponent < -max_exact_power || exponent > max_exact_power) [[unlikely]]
        return parse_with_libc(text);

    double d = static_cast<double>(significand.w);
    if (exponent < 0)
        d /= exact_powers[-exponent];
    else
        d *= exact_powers[exponent];
    if (near_midpoint(d) || d >= safe_magnitude) [[unlikely]]
        return parse_with_libc(text);
    const float value = static_cast<float>(d);
    return {negative ? -value : value, significand.end, FloatParse::Status::ok};
}

}  // namespace quiver::kernels
