// Halves to text: every half there is, made and then copied, is written as the float of its value is.
#include "kernels/text_float.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace {

using quiver::kernels::Half;

std::string printed_as_float(Half value)
{
    char out[quiver::kernels::float_text_size];
    return {out, quiver::kernels::print_float(quiver::kernels::half_to_float(value), out)};
}

std::string printed(Half value)
{
    constexpr int size = quiver::kernels::half_text_size;
    std::string out(size + 8, '#');
    const auto length =
        static_cast<std::size_t>(quiver::kernels::print_half(value, out.data()) - out.data());
    EXPECT_EQ(out.substr(size), std::string(8, '#')) << "wrote beyond half_text_size";
    EXPECT_LT(length, static_cast<std::size_t>(size));
    return out.substr(0, length);
}

TEST(PrintHalf, WritesEveryHalfAsItsFloatIsWritten)
{
    for (unsigned bits = 0; bits <= 0xFFFF; bits++)
    {
        const Half value{static_cast<std::uint16_t>(bits)};
        ASSERT_EQ(printed(value), printed_as_float(value)) << "half " << bits;
    }
}

TEST(PrintHalf, WritesTheSameTheSecondTime)
{
    for (unsigned bits = 0; bits <= 0xFFFF; bits++)
    {
        const Half value{static_cast<std::uint16_t>(bits)};
        const std::string first = printed(value);
        ASSERT_EQ(printed(value), first) << "half " << bits;
        ASSERT_EQ(first, printed_as_float(value)) << "half " << bits;
    }
}

TEST(PrintHalf, KnowsTheWordsAndBothZeros)
{
    EXPECT_EQ(printed(Half{0x0000}), "0");
    EXPECT_EQ(printed(Half{0x8000}), "-0");
    EXPECT_EQ(printed(Half{0x7C00}), "Infinity");
    EXPECT_EQ(printed(Half{0xFC00}), "-Infinity");
    EXPECT_EQ(printed(Half{0x7E00}), "NaN");
    EXPECT_EQ(printed(Half{0x0001}), "5.9604645e-08");
    EXPECT_EQ(printed(Half{0xFBFF}), "-65504");
}

}  // namespace
