// The shortest decimal of a float, after Raffaello Giulietti's Schubfach, in the server's format.
//
// "The Schubfach way to render doubles" (2022) proves: with 10^k the largest power of ten not above
// the width of the interval that rounds to the value, at most one multiple of 10^(k+1) lies inside
// it and is then the shortest; otherwise the nearest multiple of 10^k inside is. One multiplication
// by a 64-bit power of ten per candidate decides exactly. Like the server's printer, the interval
// here is open: its ends would need the reader to break ties to even, and are never chosen.
//
// Digits are then written without a loop: nine digits, left-aligned, are spread over bytes with
// multiplications inside one register, which also makes trailing zeros countable in one step.
#include "kernels/text_float.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "kernels/powers_of_ten.hpp"

namespace quiver::kernels {
namespace {

static_assert(std::endian::native == std::endian::little, "digits are spread over bytes in order");

constexpr int fraction_bits = 23;
constexpr std::uint32_t hidden_bit = std::uint32_t{1} << fraction_bits;
constexpr int exponent_bias = 127 + fraction_bits;

// digits * 10^exponent, nine digits; may end in zeros.
struct Decimal
{
    std::uint32_t digits;
    int exponent;
};

// floor(log10(2^e)) and floor(log2(10^e)): the logarithms in fixed point, exact for every exponent
// a float meets.
constexpr int floor_log10_pow2(int e) { return (e * 1262611) >> 22; }
constexpr int floor_log2_pow10(int e) { return (e * 1741647) >> 19; }

// How to bring c * 2^e to c * 2^e * 10^-k, where the interval is at least 1 and less than 10 wide:
// shift c left, multiply by `power`, keep what is above 64 bits.
struct Scale
{
    std::uint64_t power;  // the leading bits of 10^-k
    std::int16_t k;
    std::int16_t shift;
};

constexpr Scale make_scale(int e, int k)
{
    return {powers_of_ten::get(-k), static_cast<std::int16_t>(k),
            static_cast<std::int16_t>(e + floor_log2_pow10(-k) + 1)};
}

// By the exponent field. Looking it up costs less time than working it out, on whose result
// everything else waits.
consteval auto make_scales()
{
    std::array<Scale, 255> scales{};
    for (int biased = 0; biased < 255; biased++)
    {
        const int e = std::max(biased, 1) - exponent_bias;
        scales[static_cast<std::size_t>(biased)] = make_scale(e, floor_log10_pow2(e));
    }
    return scales;
}
constexpr auto scales = make_scales();

// For powers of two, whose interval is 3/4 as wide: floor(log10(3/4 * 2^e)).
[[gnu::cold, gnu::noinline]] Scale scale_of_power_of_two(int e) noexcept
{
    return make_scale(e, (e * 1262611 - 524031) >> 22);
}

constexpr std::uint32_t ten_to_6 = 1000000;
constexpr std::uint32_t ten_to_7 = 10000000;
constexpr std::uint32_t ten_to_8 = 100000000;

// For subnormals, which may have any number of digits.
[[gnu::cold, gnu::noinline]] Decimal lift_to_nine_digits(std::uint32_t digits,
                                                         int exponent) noexcept
{
    for (; digits < ten_to_8; digits *= 10)
        exponent--;
    return {digits, exponent};
}

// g * n / 2^64, with the lowest bit set if the product was not whole. The power is rounded up, so
// a product that should be whole may show a remainder below 2^32 (its error is below n).
std::uint32_t scale(std::uint64_t g, std::uint32_t n) noexcept
{
    const unsigned __int128 product = static_cast<unsigned __int128>(g) * n;
    const auto whole = static_cast<std::uint32_t>(product >> 64);
    const auto rest = static_cast<std::uint32_t>(static_cast<std::uint64_t>(product) >> 32);
    return whole | static_cast<std::uint32_t>(rest > 1);
}

// The shortest decimal, brought to nine digits. `fraction` and `biased` are the fields of a finite
// float other than zero.
Decimal shortest(std::uint32_t fraction, std::uint32_t biased) noexcept
{
    const bool normal = biased != 0;
    const std::uint32_t c = normal ? fraction | hidden_bit : fraction;
    const int e = (normal ? static_cast<int>(biased) : 1) - exponent_bias;

    // All in quarters of a unit: value, and the ends of the interval that rounds to it.
    const std::uint32_t middle = 4 * c;
    std::uint32_t lower = middle - 2;
    const std::uint32_t upper = middle + 2;
    Scale by = scales[biased];
    if (fraction == 0 && biased > 1) [[unlikely]]
    {
        lower = middle - 1;
        by = scale_of_power_of_two(e);
    }
    const std::uint32_t scaled = scale(by.power, middle << by.shift);
    // Open ends: a candidate, always even, is inside when it is above `low` and below `high`.
    const std::uint32_t low = scale(by.power, lower << by.shift);
    const std::uint32_t high = scale(by.power, upper << by.shift);

    // All is computed and then chosen with masks: which case holds is as good as random, and a
    // mispredicted branch costs more than both cases together.
    const std::uint32_t s = scaled / 4;
    const std::uint32_t below = 4 * s;
    const std::uint32_t below_inside = low < below;
    const std::uint32_t above_inside = below + 4 < high;
    // Both inside: the nearer, and of two equally near the even one.
    const std::uint32_t nearer_above = scaled + (s & 1) > below + 2;
    const std::uint32_t one_inside = below_inside ^ above_inside;
    const std::uint32_t nearest = s + ((one_inside & above_inside) | (~one_inside & nearer_above));

    const std::uint32_t tens = s / 10;
    const std::uint32_t tens_below_inside = low < 40 * tens;
    const std::uint32_t tens_above_inside = 40 * tens + 40 < high;
    const std::uint32_t shorter = 10 * (tens + tens_above_inside);
    const std::uint32_t take_shorter = 0U - (tens_below_inside ^ tens_above_inside);
    const std::uint32_t digits = (shorter & take_shorter) | (nearest & ~take_shorter);

    // A normal float has seven to nine digits; s has as many, known earlier than the choice, unless
    // that carried into the next power of ten.
    if (s < ten_to_6) [[unlikely]]
        return lift_to_nine_digits(digits, by.k);
    const std::uint32_t under_nine = s < ten_to_8;
    const std::uint32_t under_eight = s < ten_to_7;
    const Decimal result = {digits * (1 + 9 * under_nine + 90 * under_eight),
                            by.k - static_cast<int>(under_nine + under_eight)};
    if (result.digits >= 10 * ten_to_8) [[unlikely]]
        return {result.digits / 10, result.exponent + 1};
    return result;
}

// Eight decimal digits of n < 10^8, one a byte, the first in the lowest byte. Each step halves the
// groups in all lanes at once: with quotient q of a group g by d, g becomes q and, one lane higher,
// g - d * q, which together are g * 2^width - q * (d * 2^width - 1).
std::uint64_t spread_digits(std::uint32_t n) noexcept
{
    const std::uint64_t q4 = n / 10000;
    const std::uint64_t fours = (static_cast<std::uint64_t>(n) << 32) - q4 * ((10000ULL << 32) - 1);
    const std::uint64_t q2 = (fours * 10486 >> 20) & 0x0000007F0000007F;
    const std::uint64_t twos = (fours << 16) - q2 * ((100ULL << 16) - 1);
    const std::uint64_t q1 = (twos * 103 >> 10) & 0x000F000F000F000F;
    return (twos << 8) - q1 * ((10ULL << 8) - 1);
}

constexpr std::uint64_t ascii_zeros = 0x3030303030303030;

void store(char *out, std::uint64_t bytes) noexcept { std::memcpy(out, &bytes, sizeof bytes); }

char *print_exponent(int exponent, char *out) noexcept
{
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    const int magnitude = exponent < 0 ? -exponent : exponent;
    *out++ = static_cast<char>('0' + magnitude / 10);
    *out++ = static_cast<char>('0' + magnitude % 10);
    return out;
}

char *print_word(const char *word, std::size_t length, char *out) noexcept
{
    std::memcpy(out, word, length);
    return out + length;
}

// The server's layout: fixed from 1e-4 to below 1e6, else with an exponent.
char *print_decimal(Decimal decimal, char *out) noexcept
{
    const auto first = static_cast<char>('0' + decimal.digits / ten_to_8);
    const std::uint64_t tail = spread_digits(decimal.digits % ten_to_8);
    // Digits after the first that are not trailing zeros. Counting from the low end is cheap on
    // every machine; from the high end only where lzcnt may be assumed.
    const int more = 8 - std::countr_zero(__builtin_bswap64(tail)) / 8;
    const int exponent = decimal.exponent + 8;

    if (exponent >= -4 && exponent < 0)
    {
        std::memcpy(out, "0.000000", 8);
        out += 1 - exponent;
        *out++ = first;
        store(out, tail | ascii_zeros);
        return out + more;
    }
    if (exponent >= 0 && exponent < 6)
    {
        *out++ = first;
        store(out, tail | ascii_zeros);
        out += exponent;
        if (more <= exponent)
            return out;
        *out++ = '.';
        store(out, (tail | ascii_zeros) >> 8 * exponent);
        return out + (more - exponent);
    }
    *out++ = first;
    *out = '.';
    store(out + 1, tail | ascii_zeros);
    out += more + static_cast<int>(more > 0);
    return print_exponent(exponent, out);
}

}  // namespace

char *print_float(float value, char *out) noexcept
{
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t fraction = bits & (hidden_bit - 1);
    const std::uint32_t biased = bits >> fraction_bits & 0xFF;
    if (biased == 0xFF && fraction != 0) [[unlikely]]
        return print_word("NaN", 3, out);
    *out = '-';
    out += bits >> 31;
    if (biased == 0xFF) [[unlikely]]
        return print_word("Infinity", 8, out);
    if ((biased | fraction) == 0)
    {
        *out++ = '0';
        return out;
    }

    // Whole numbers below a million are printed whole.
    const int point = exponent_bias - static_cast<int>(biased);
    const std::uint32_t significand = fraction | hidden_bit;
    if (point >= 0 && point <= fraction_bits && std::countr_zero(significand) >= point &&
        significand >> point < ten_to_6)
        return print_int(static_cast<std::int32_t>(significand >> point), out);

    return print_decimal(shortest(fraction, biased), out);
}

}  // namespace quiver::kernels
