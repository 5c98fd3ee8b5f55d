// Integers to text and back, against the C library.
#include "kernels/text_float.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using quiver::kernels::IntParse;
using quiver::kernels::parse_int;
using quiver::kernels::print_int;

constexpr std::uint32_t seed = 21;

TEST(PrintInt, EqualsPrintf)
{
    std::vector<std::int32_t> values = {std::numeric_limits<std::int32_t>::min(),
                                        std::numeric_limits<std::int32_t>::max()};
    for (std::int32_t value = -100001; value <= 100001; value++)
        values.push_back(value);
    std::mt19937 random(seed);
    for (int i = 0; i < 100000; i++)
        values.push_back(static_cast<std::int32_t>(random()) >> (random() % 31));
    for (const std::int32_t value : values)
    {
        std::string out(quiver::kernels::int_text_size, '#');
        out.resize(static_cast<std::size_t>(print_int(value, out.data()) - out.data()));
        ASSERT_EQ(out, std::to_string(value));
    }
}

TEST(PrintInt, WritesNothingPastItsEnd)
{
    for (const std::int32_t value : {0, 7, -7, 10, 99, 100, -1000, 12345})
    {
        std::string out(quiver::kernels::int_text_size, '#');
        const auto length = static_cast<std::size_t>(print_int(value, out.data()) - out.data());
        EXPECT_EQ(out.substr(length), std::string(out.size() - length, '#')) << value;
    }
}

void expect_like_strtol(const std::string &text)
{
    constexpr long low = std::numeric_limits<std::int32_t>::min();
    constexpr long high = std::numeric_limits<std::int32_t>::max();
    const IntParse ours = parse_int(text.c_str());
    char *end = nullptr;
    const long value = std::strtol(text.c_str(), &end, 10);  // saturates at the ends of long
    ASSERT_EQ(ours.end - text.c_str(), end - text.c_str()) << text;
    if (end == text.c_str())
    {
        ASSERT_EQ(ours.status, IntParse::Status::no_number) << text;
        return;
    }
    const bool lost = value < low || value > high;
    ASSERT_EQ(ours.status, lost ? IntParse::Status::out_of_range : IntParse::Status::ok) << text;
    ASSERT_EQ(ours.value, value < low ? low : value > high ? high : value) << text;
}

TEST(ParseInt, EqualsStrtol)
{
    for (const char *text : {"",
                             " ",
                             "-",
                             "+",
                             "x",
                             "0",
                             "-0",
                             "+7",
                             "--7",
                             " \t\n\v\f\r42x",
                             "1e5",
                             "007",
                             "0x10",
                             "1.5",
                             "2147483647",
                             "2147483648",
                             "-2147483648",
                             "-2147483649",
                             "4294967296",
                             "21474836470",
                             "99999999999999999999999",
                             "-99999999999999999999999",
                             "00000000000000000000000012",
                             "18446744073709551617"})
        ASSERT_NO_FATAL_FAILURE(expect_like_strtol(text));
    constexpr char bytes[] = "0123456789+- x";
    std::mt19937 random(seed + 1);
    for (int i = 0; i < 300000; i++)
    {
        std::string text;
        for (unsigned length = random() % 14; length > 0; length--)
            text += bytes[random() % (sizeof bytes - 1)];
        ASSERT_NO_FATAL_FAILURE(expect_like_strtol(text));
    }
}

}  // namespace
