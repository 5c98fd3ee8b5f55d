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

#include <bit>
#include <cstring>

#include "kernels/powers_of_ten.hpp"

namespace quiver::kernels {
namespace {

static_assert(std::endian::native == std::endian::little, "digits are spread over bytes in order");

constexpr int fraction_bits = 23;
constexpr std::uint32_t hidden_bit = std::uint32_t{1} << fraction_bits;
constexpr int exponent_bias = 127 + fraction_bits;

// digits * 10^exponent; may end in zeros.
struct Decimal
{
    std::uint32_t digits;
    int exponent;
};

// floor(log10(2^e)), and floor(log10(3/4 * 2^e)) for the interval below a power of two.
constexpr int floor_log10_pow2(int e)
{
    return (e * 1262611) >> 22;
}
constexpr int floor_log10_three_quarters_pow2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}
constexpr int floor_log2_pow10(int e)
{
    return (e * 1741647) >> 19;
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

// `fraction` and `biased` are the fields of a finite float other than zero.
Decimal shortest(std::uint32_t fraction, std::uint32_t biased) noexcept
{
    const bool normal = biased != 0;
    const std::uint32_t c = normal ? fraction | hidden_bit : fraction;
    const int e = (normal ? static_cast<int>(biased) : 1) - exponent_bias;

    // Whole numbers below 2^24 are their own shortest decimal.
    if (e <= 0 && e > -24 && normal && std::countr_zero(c) >= -e)
        return {c >> -e, 0};

    // All in quarters of a unit: value, and the ends of the interval that rounds to it.
    const bool closer_below = fraction == 0 && biased > 1;
    const std::uint32_t middle = 4 * c;
    const std::uint32_t lower = middle - 2 + static_cast<std::uint32_t>(closer_below);
    const std::uint32_t upper = middle + 2;

    const int k = closer_below ? floor_log10_three_quarters_pow2(e) : floor_log10_pow2(e);
    const int shift = e + floor_log2_pow10(-k) + 1;
    const std::uint64_t power = powers_of_ten::get(-k);
    const std::uint32_t scaled = scale(power, middle << shift);
    // Open ends: a candidate, always even, is inside when it is above `low` and below `high`.
    const std::uint32_t low = scale(power, lower << shift);
    const std::uint32_t high = scale(power, upper << shift);

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
    return {(shorter & take_shorter) | (nearest & ~take_shorter), k};
}

constexpr std::uint32_t powers[10] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};

// Decimal digits of n >= 1: log10 from the bit length, corrected by one comparison.
int count_digits(std::uint32_t n) noexcept
{
    const int guess = (std::bit_width(n) * 1233) >> 12;
    return guess + static_cast<int>(n >= powers[guess]);
}

// Eight decimal digits of n < 10^8, one a byte, the first in the lowest byte.
std::uint64_t spread_digits(std::uint32_t n) noexcept
{
    const std::uint64_t fours = n / 10000 | static_cast<std::uint64_t>(n % 10000) << 32;
    const std::uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007F0000007F;
    const std::uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
    const std::uint64_t tens = (twos * 103 >> 10) & 0x000F000F000F000F;
    return tens | (twos - tens * 10) << 8;
}

constexpr std::uint64_t ascii_zeros = 0x3030303030303030;

void store(char *out, std::uint64_t bytes) noexcept
{
    std::memcpy(out, &bytes, sizeof bytes);
}

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

    const Decimal decimal = shortest(fraction, biased);
    const int length = count_digits(decimal.digits);
    const std::uint32_t aligned = decimal.digits * powers[9 - length];
    const auto first = static_cast<char>('0' + aligned / powers[8]);
    const std::uint64_t tail = spread_digits(aligned % powers[8]);
    // Digits after the first that are not trailing zeros.
    const int more = (64 - std::countl_zero(tail) + 7) / 8;
    const int exponent = decimal.exponent + length - 1;

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

}  // namespace quiver::kernels
