// Half conversion, scalar and bulk: all 65,536 halves, every tie, random floats, every short length.
#include "guarded.hpp"
#include "levels.hpp"
#include "reference.hpp"

#include <bit>
#include <random>

namespace {

using namespace quiver::kernels;
using unit::Guarded;

std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

// A float NaN's half: quiet, sign and upper payload kept. A half NaN's float: the same, upwards.
std::uint16_t half_of_nan(float value)
{
    const std::uint32_t bits = bits_of(value);
    return static_cast<std::uint16_t>((bits >> 16 & 0x8000) | 0x7E00 | (bits >> 13 & 0x3FF));
}
std::uint32_t float_of_nan(Half half)
{
    return (half.bits & 0x8000U) << 16 | 0x7FC00000U | (half.bits & 0x3FFU) << 13;
}

std::vector<Half> all_halves()
{
    std::vector<Half> all;
    for (unsigned bits = 0; bits <= 0xFFFF; bits++)
        all.push_back(Half{static_cast<std::uint16_t>(bits)});
    return all;
}

// Every half, every value half way between two neighbours, the floats next to those, and a million
// random bit patterns.
std::vector<float> telling_floats()
{
    std::vector<float> all{NAN,
                           -NAN,
                           INFINITY,
                           -INFINITY,
                           65519.996F,
                           65520.0F,
                           65536.0F,
                           3.4e38F,
                           std::bit_cast<float>(0x7F800001U),
                           std::bit_cast<float>(0xFFC12345U)};
    for (unsigned bits = 0; bits < 0x7C00; bits++)
    {
        const double low = unit::exact(Half{static_cast<std::uint16_t>(bits)});
        const double step = std::ldexp(1, std::max(static_cast<int>(bits >> 10), 1) - 25);
        const auto middle = static_cast<float>(low + step / 2);
        for (float value : {static_cast<float>(low), middle, std::nextafter(middle, 0.0F),
                            std::nextafter(middle, INFINITY)})
        {
            all.push_back(value);
            all.push_back(-value);
        }
    }
    std::mt19937 random(20265);
    for (int i = 0; i < 1000000; i++)
        all.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
    return all;
}

void expect_half(Half result, float from)
{
    const std::uint16_t expected =
        std::isnan(from) ? half_of_nan(from) : unit::nearest_half(from).bits;
    ASSERT_EQ(result.bits, expected) << "from " << from << " = " << std::hex << bits_of(from);
}

void expect_float(float result, Half from)
{
    const std::uint32_t expected =
        is_nan(from) ? float_of_nan(from) : bits_of(static_cast<float>(unit::exact(from)));
    ASSERT_EQ(bits_of(result), expected) << "from " << std::hex << from.bits;
}

TEST(HalfTest, every_half_becomes_the_same_float)
{
    for (Half half : all_halves())
        expect_float(half_to_float(half), half);
}

TEST(HalfTest, floats_round_to_the_nearest_half_ties_to_even)
{
    for (float value : telling_floats())
        expect_half(float_to_half(value), value);
}

TEST(HalfTest, classification)
{
    for (Half half : all_halves())
    {
        const double value = unit::exact(half);
        ASSERT_EQ(is_nan(half), std::isnan(value));
        ASSERT_EQ(is_infinite(half), std::isinf(value));
        ASSERT_EQ(is_zero(half), value == 0);
    }
}

class ConvertKernelsTest : public unit::PerLevel
{
};
RUN_PER_LEVEL(ConvertKernelsTest);

TEST_P(ConvertKernelsTest, every_half_becomes_the_same_float)
{
    const std::vector<Half> in = all_halves();
    std::vector<float> out(in.size());
    kernels.convert.half_to_float(in.data(), out.data(), in.size());
    for (std::size_t i = 0; i < in.size(); i++)
        expect_float(out[i], in[i]);
}

TEST_P(ConvertKernelsTest, floats_round_to_the_nearest_half_ties_to_even)
{
    const std::vector<float> in = telling_floats();
    std::vector<Half> out(in.size());
    kernels.convert.float_to_half(in.data(), out.data(), in.size());
    for (std::size_t i = 0; i < in.size(); i++)
        expect_half(out[i], in[i]);
}

TEST_P(ConvertKernelsTest, every_short_length_aligned_or_not)
{
    for (std::size_t slack : {0, 1, 3})
        for (std::size_t n = 0; n <= 100; n++)
        {
            std::vector<float> floats;
            std::vector<Half> halves;
            for (std::size_t i = 0; i < n; i++)
            {
                floats.push_back(static_cast<float>(i) * 1.37F - 40);
                halves.push_back(float_to_half(floats[i]));
            }
            Guarded<float> in(floats, slack), widened(n, slack);
            Guarded<Half> out(n, slack), narrow(halves, slack);
            kernels.convert.float_to_half(in.data(), out.data(), n);
            kernels.convert.half_to_float(narrow.data(), widened.data(), n);
            std::vector<Half> half_result(n);
            std::vector<float> float_result(n);
            if (n != 0)
            {
                std::memcpy(half_result.data(), out.data(), n * sizeof(Half));
                std::memcpy(float_result.data(), widened.data(), n * sizeof(float));
            }
            for (std::size_t i = 0; i < n; i++)
            {
                expect_half(half_result[i], floats[i]);
                expect_float(float_result[i], halves[i]);
            }
        }
}

}  // namespace
