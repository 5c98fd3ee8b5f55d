// Floats to text and back, against the C library: every bit of what is read, every byte of what is
// written.
//
// Reading is compared with strtof. Writing is compared with a reference built from
// snprintf: the fewest digits that read back, laid out by the server's rules.
#include "kernels/text_float.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using quiver::kernels::FloatParse;
using quiver::kernels::parse_float;
using quiver::kernels::print_float;

constexpr std::uint32_t seed = 20;

std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

std::string printed(float value)
{
    constexpr int size = quiver::kernels::float_text_size;
    std::string out(size + 8, '#');
    const auto length = static_cast<std::size_t>(print_float(value, out.data()) - out.data());
    EXPECT_EQ(out.substr(size), std::string(8, '#')) << "wrote beyond float_text_size";
    EXPECT_LT(length, static_cast<std::size_t>(size));
    return out.substr(0, length);
}

// The server's layout of d.ddd * 10^exponent: fixed from 1e-4 to below 1e6.
std::string laid_out(const std::string &digits, int exponent)
{
    const auto zeros = [](int count) { return std::string(static_cast<std::size_t>(count), '0'); };
    const int length = static_cast<int>(digits.size());
    if (exponent < -4 || exponent >= 6)
    {
        char tail[16];
        std::snprintf(tail, sizeof tail, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
        return digits.substr(0, 1) + (length > 1 ? "." + digits.substr(1) : "") + tail;
    }
    if (exponent < 0)
        return "0." + zeros(-exponent - 1) + digits;
    const int whole = exponent + 1;
    if (length <= whole)
        return digits + zeros(whole - length);
    return digits.substr(0, static_cast<std::size_t>(whole)) + "." +
           digits.substr(static_cast<std::size_t>(whole));
}

// The middle between a float and its neighbour; exact in double.
double middle(float value, float neighbour)
{
    return (static_cast<double>(value) + static_cast<double>(neighbour)) / 2;
}

// Whether a decimal text lies inside the interval that reads back as `value`, its ends left out.
bool inside(const std::string &text, float value)
{
    const double exact = std::strtod(text.c_str(), nullptr);
    return bits_of(std::strtof(text.c_str(), nullptr)) == bits_of(value) &&
           exact != middle(value, std::nextafter(value, 0.0F)) &&
           exact != middle(value, std::nextafter(value, INFINITY));
}

// The fewest digits that read back. Above a power of two the interval reaches further up than
// down, so that where the nearest decimal lies below and outside, the next one up may be inside.
std::string reference(float value)
{
    const std::string sign = std::signbit(value) ? "-" : "";
    if (std::isnan(value))
        return "NaN";
    if (std::isinf(value))
        return sign + "Infinity";
    if (value == 0.0F)
        return sign + "0";
    const float magnitude = std::fabs(value);
    for (int precision = 0; precision < 9; precision++)
    {
        char buffer[32];
        std::snprintf(buffer, sizeof buffer, "%.*e", precision, static_cast<double>(magnitude));
        const std::string nearest = buffer;
        const std::size_t e = nearest.find('e');
        const int exponent = std::stoi(nearest.substr(e + 1));
        const std::string fraction = precision > 0 ? nearest.substr(2, e - 2) : "";
        const long whole = std::stol(nearest.substr(0, 1) + fraction);
        for (const long candidate : {whole, whole + 1})
        {
            std::string digits = std::to_string(candidate);
            if (!inside(digits + "e" + std::to_string(exponent - precision), magnitude))
                continue;
            const int carried = static_cast<int>(digits.size()) - precision - 1;
            digits.erase(digits.find_last_not_of('0') + 1);
            return sign + laid_out(digits, exponent + carried);
        }
    }
    return "no decimal of 9 digits reads back";
}

// Values and neighbours where an algorithm of this kind goes wrong: powers of two and of ten,
// subnormals, the ends of the range, the ends of the two layouts.
std::vector<float> edge_values()
{
    std::vector<float> values;
    const auto add = [&values](float value) {
        for (std::uint32_t step = 0; step < 5; step++)
            for (const std::uint32_t bits : {bits_of(value) + step, bits_of(value) - step})
            {
                values.push_back(std::bit_cast<float>(bits));
                values.push_back(std::bit_cast<float>(bits ^ 0x80000000U));
            }
    };
    for (int e = -149; e <= 127; e++)
        add(std::ldexp(1.0F, e));
    for (int e = -45; e <= 38; e++)
        for (int digit = 1; digit < 10; digit++)
            add(std::strtof((std::to_string(digit) + "e" + std::to_string(e)).c_str(), nullptr));
    for (std::uint32_t subnormal = 1; subnormal < 3000; subnormal++)
        values.push_back(std::bit_cast<float>(subnormal));
    for (const float end : {0.0F, std::numeric_limits<float>::max(), INFINITY, 999999.0F})
        add(end);
    return values;
}

TEST(PrintFloat, KnownTexts)
{
    const std::pair<float, const char *> known[] = {
        {0.0F, "0"},
        {-0.0F, "-0"},
        {1.0F, "1"},
        {-1.5F, "-1.5"},
        {0.1F, "0.1"},
        {0.0001F, "0.0001"},
        {0.00001F, "1e-05"},
        {100000.0F, "100000"},
        {1000000.0F, "1e+06"},
        {16777216.0F, "1.6777216e+07"},
        {123456.7F, "123456.7"},
        {3.4028235e38F, "3.4028235e+38"},
        {-1.17549435e-38F, "-1.1754944e-38"},
        {1e-45F, "1e-45"},
        {0x1p25F, "3.3554432e+07"},
        // 3.355445e+07 is an end of the interval: a reader that breaks ties to even gets the value
        // back, and yet the server does not choose it.
        {33554448.0F, "3.3554448e+07"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
        {NAN, "NaN"},
        {-NAN, "NaN"},
    };
    for (const auto &[value, text] : known)
        EXPECT_EQ(printed(value), text);
}

TEST(PrintFloat, EdgesEqualReference)
{
    for (const float value : edge_values())
        ASSERT_EQ(printed(value), reference(value)) << std::hex << bits_of(value);
}

TEST(PrintFloat, RandomPatternsEqualReference)
{
    std::mt19937 random(seed);
    for (int i = 0; i < 200000; i++)
    {
        const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        ASSERT_EQ(printed(value), reference(value)) << std::hex << bits_of(value);
    }
}

TEST(PrintFloat, TenMillionPatternsReadBack)
{
    std::mt19937 random(seed + 1);
    for (int i = 0; i < 10000000; i++)
    {
        const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        if (std::isnan(value))
            continue;
        char out[quiver::kernels::float_text_size + 1];
        *print_float(value, out) = '\0';
        const FloatParse back = parse_float(out);
        const bool equal = bits_of(back.value) == bits_of(value) && *back.end == '\0' &&
                           back.status == FloatParse::Status::ok;
        ASSERT_TRUE(equal) << out;
    }
}

// One text, read by both.
void expect_like_strtof(const std::string &text)
{
    const FloatParse ours = parse_float(text.c_str());
    char *end = nullptr;
    errno = 0;
    const float value = std::strtof(text.c_str(), &end);
    const bool lost = errno == ERANGE && (value == 0.0F || std::isinf(value));
    ASSERT_EQ(ours.end - text.c_str(), end - text.c_str()) << text;
    if (end == text.c_str())
    {
        ASSERT_EQ(ours.status, FloatParse::Status::no_number) << text;
        return;
    }
    ASSERT_EQ(ours.status, lost ? FloatParse::Status::out_of_range : FloatParse::Status::ok)
        << text;
    ASSERT_EQ(bits_of(ours.value), bits_of(value)) << text;
}

TEST(ParseFloat, EveryFormOfTheLanguage)
{
    for (const char *text :
         {"",      " ",   "+",   "-",   ".",    "+.",           "-.",  "e5",   ".e5",  "x",
          "1",     "+1",  "-1",  "--1", "+-1",  " \t\n\v\f\r1", "1 ",  "1.",   ".5",   "1.e2",
          ".5e1",  "1e",  "1e+", "1e-", "1e+x", "1e5",          "1E5", "1e+5", "1e-5", "1e05",
          "1.5.5", "1,5", "0",   "-0",  "-.0",  "0e",           "-0e+"})
        ASSERT_NO_FATAL_FAILURE(expect_like_strtof(text));
    for (const char *text : {"0x",        "0xg",       "0x1p3",        "-0X1.8P-2", "0x.8", "0x1p",
                             "0x1p128",   "0x1p-150",  "0x1.000001p0", "00x1",      "inf",  "-inf",
                             "+Infinity", "INFINITYx", "infinit",      "in",        "nan",  "-nan",
                             "NaN(123)",  "nan(",      "nan(1 2)",     "na"})
        ASSERT_NO_FATAL_FAILURE(expect_like_strtof(text));
}

TEST(ParseFloat, RangeAndPrecisionLimits)
{
    for (const char *text : {"0e99999999999999999999",
                             "-0e-99999999999999999999",
                             "0.0e5000000000",
                             "1e39",
                             "-1e39",
                             "1e99999999999",
                             "1e-99999999999",
                             "1e4294967297",
                             "1e10000",
                             "1e-10000",
                             "3.4028235e38",
                             "3.4028236e38",
                             "340282356779733661637539395458142568447",
                             "340282356779733661637539395458142568448",
                             "1e-45",
                             "7.006492321624085e-46",
                             "7.0064923216240853e-46",
                             "7.0064923216240854e-46",
                             "1e-46",
                             "-1e-46",
                             "1.1754943e-38"})
        ASSERT_NO_FATAL_FAILURE(expect_like_strtof(text));
    for (const char *text : {"16777217",
                             "16777219",
                             "16777217.0000000001",
                             "16777216.99999999999",
                             "9007199791611905",
                             "9007199791611904.5",
                             "1.00000017881393432617187499",
                             "1.000000178813934326171875",
                             "1.00000017881393432617187501",
                             "9999999999999999999",
                             "99999999999999999999",
                             "18446744073709551615",
                             "18446744073709551616",
                             "123456789012345678901234567890",
                             "0.12345678901234567890123456789",
                             "00000000000000000000000000000001",
                             "0.00000000000000000000000000001e29",
                             "1e22",
                             "1e23",
                             "1e-22",
                             "1e-23",
                             "9999999999999999999e22"})
        ASSERT_NO_FATAL_FAILURE(expect_like_strtof(text));
}

TEST(ParseFloat, LongDigitStringsWithLargeExponents)
{
    const std::string zeros(20000, '0');
    for (const std::string &text :
         {"0." + zeros + "1e20000", "0." + zeros + "1e20001", "1" + zeros + "e-20000",
          "1" + zeros + "e-19999", zeros + "1.5", "1." + zeros, "0." + zeros,
          zeros + "." + zeros + "e5", zeros + "." + zeros + "7"})
        ASSERT_NO_FATAL_FAILURE(expect_like_strtof(text));
}

TEST(ParseFloat, RandomDecimalsOfAllLengths)
{
    std::mt19937 random(seed + 2);
    const auto below = [&random](unsigned n) { return static_cast<int>(random() % n); };
    for (int i = 0; i < 1000000; i++)
    {
        std::string text = below(2) != 0 ? "-" : "";
        const int digits = 1 + below(22);
        const int point = below(24);
        for (int d = 0; d < digits; d++)
        {
            if (d == point)
                text += '.';
            text += static_cast<char>('0' + below(10));
        }
        if (below(2) != 0)
            text += "e" + std::to_string(below(101) - 50);
        ASSERT_NO_FATAL_FAILURE(expect_like_strtof(text));
    }
}

// Decimals of a midpoint of two floats, and a little beside it: the only hard case.
TEST(ParseFloat, MidpointsAndTheirNeighbours)
{
    std::mt19937 random(seed + 3);
    for (int i = 0; i < 200000; i++)
    {
        const float low = std::ldexp(static_cast<float>(0x800000 + random() % 0x800000),
                                     static_cast<int>(random() % 60) - 50);
        const double between = middle(low, std::nextafter(low, INFINITY));
        for (const double value :
             {std::nextafter(between, 0.0), between, std::nextafter(between, INFINITY)})
            for (const int precision : {15, 16, 17, 18, 19, 40})
            {
                char text[64];
                std::snprintf(text, sizeof text, "%.*g", precision, value);
                ASSERT_NO_FATAL_FAILURE(expect_like_strtof(text));
            }
    }
}

// Bytes of the language in any order, so that every way to stop early is taken.
TEST(ParseFloat, RandomBytesOfTheLanguage)
{
    constexpr char bytes[] = "0123456789.eE+-x nif";
    std::mt19937 random(seed + 4);
    for (int i = 0; i < 1000000; i++)
    {
        std::string text;
        for (unsigned length = random() % 12; length > 0; length--)
            text += bytes[random() % (sizeof bytes - 1)];
        ASSERT_NO_FATAL_FAILURE(expect_like_strtof(text));
    }
}

}  // namespace
