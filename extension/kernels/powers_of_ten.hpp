// 64-bit approximations of powers of ten for text_float_print.cpp, computed by the compiler.
//
// g(k) is the one 64-bit integer with its top bit set such that 10^k = g(k) * 2^s up to rounding,
// rounded up. The range is what binary32 asks for, and the arithmetic is schoolbook on 256 bits,
// which holds every number on the way exactly, or cut off far below the 64 bits that are kept.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace quiver::kernels::powers_of_ten {

inline constexpr int min_exponent = -31;
inline constexpr int max_exponent = 45;

// Least significant word first.
struct Wide
{
    std::array<std::uint64_t, 4> word{};
};

consteval void multiply_by_ten(Wide &n)
{
    unsigned __int128 carry = 0;
    for (std::uint64_t &word : n.word)
    {
        carry += static_cast<unsigned __int128>(word) * 10;
        word = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
}

// Rounds down; dividing twice by ten is dividing once by a hundred, also when rounding down.
consteval void divide_by_ten(Wide &n)
{
    unsigned __int128 rest = 0;
    for (std::size_t i = n.word.size(); i-- > 0;)
    {
        rest = rest << 64 | n.word[i];
        n.word[i] = static_cast<std::uint64_t>(rest / 10);
        rest %= 10;
    }
}

// The 64 bits from the highest one bit on, plus one if anything below them was cut off.
consteval std::uint64_t leading_bits_rounded_up(const Wide &n, bool already_cut_off)
{
    std::size_t top = n.word.size() - 1;
    while (n.word[top] == 0)
        top--;
    const int shift = std::countl_zero(n.word[top]);
    std::uint64_t bits = n.word[top] << shift;
    std::uint64_t rest = 0;
    if (top > 0)
    {
        if (shift > 0)
            bits |= n.word[top - 1] >> (64 - shift);
        rest = n.word[top - 1] << shift;
        for (std::size_t i = top - 1; i-- > 0;)
            rest |= n.word[i];
    }
    return bits + ((rest != 0 || already_cut_off) ? 1 : 0);
}

consteval auto make_table()
{
    std::array<std::uint64_t, max_exponent - min_exponent + 1> table{};
    Wide n;
    n.word[0] = 1;
    for (int k = 0; k <= max_exponent; k++, multiply_by_ten(n))
        table[static_cast<std::size_t>(k - min_exponent)] = leading_bits_rounded_up(n, false);
    n = {};
    n.word[3] = std::uint64_t{1} << 63;
    for (int k = -1; k >= min_exponent; k--)
    {
        divide_by_ten(n);
        table[static_cast<std::size_t>(k - min_exponent)] = leading_bits_rounded_up(n, true);
    }
    return table;
}

inline constexpr auto table = make_table();
static_assert(table[0 - min_exponent] == 0x8000000000000000);
static_assert(table[1 - min_exponent] == 0xA000000000000000);
static_assert(table[-1 - min_exponent] == 0xCCCCCCCCCCCCCCCD);

constexpr std::uint64_t get(int k) { return table[static_cast<std::size_t>(k - min_exponent)]; }

}  // namespace quiver::kernels::powers_of_ten
