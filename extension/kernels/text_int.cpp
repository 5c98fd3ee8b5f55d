// Decimal integers to text and back: sparse indices, dimensions, 8-bit elements.
#include "kernels/text_float.hpp"

#include <array>
#include <cstring>
#include <limits>

namespace quiver::kernels {
namespace {

constexpr std::array<char, 200> make_digit_pairs()
{
    std::array<char, 200> pairs{};
    for (unsigned i = 0; i < 100; i++)
    {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}
constexpr std::array<char, 200> digit_pairs = make_digit_pairs();

constexpr bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

}  // namespace

IntParse parse_int(const char *text) noexcept
{
    using Limits = std::numeric_limits<std::int32_t>;
    const char *p = text;
    while (*p == ' ' || (*p >= '\t' && *p <= '\r'))
        p++;
    const bool negative = *p == '-';
    p += static_cast<int>(negative || *p == '+');
    if (!is_digit(*p))
        return {0, text, IntParse::Status::no_number};

    // The magnitude stops growing once it is beyond either limit.
    constexpr std::int64_t beyond = std::int64_t{Limits::max()} + 2;
    std::int64_t magnitude = 0;
    for (; is_digit(*p); p++)
        if (magnitude < beyond)
            magnitude = magnitude * 10 + (*p - '0');
    const std::int64_t value = negative ? -magnitude : magnitude;
    if (value > Limits::max())
        return {Limits::max(), p, IntParse::Status::out_of_range};
    if (value < Limits::min())
        return {Limits::min(), p, IntParse::Status::out_of_range};
    return {static_cast<std::int32_t>(value), p, IntParse::Status::ok};
}

char *print_int(std::int32_t value, char *out) noexcept
{
    std::uint32_t rest = static_cast<std::uint32_t>(value);
    if (value < 0)
    {
        *out++ = '-';
        rest = 0U - rest;
    }
    char buffer[int_text_size];
    char *const end = buffer + sizeof buffer;
    char *p = end;
    while (rest >= 100)
    {
        p -= 2;
        std::memcpy(p, &digit_pairs[rest % 100 * 2], 2);
        rest /= 100;
    }
    if (rest >= 10)
    {
        p -= 2;
        std::memcpy(p, &digit_pairs[rest * 2], 2);
    }
    else
        *--p = static_cast<char>('0' + rest);
    const std::size_t length = static_cast<std::size_t>(end - p);
    std::memcpy(out, p, length);
    return out + length;
}

}  // namespace quiver::kernels
