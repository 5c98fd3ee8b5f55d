// Codes: the rotation, what a code keeps of a vector, and how good the estimates are.
#include "kernels/distance.hpp"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace {

using namespace quiver::kernels;
using Floats = std::vector<float>;

Floats gaussian(std::size_t n, std::mt19937 &random, double scale = 1)
{
    std::normal_distribution<double> normal(0, scale);
    Floats x(n);
    for (float &value : x)
        value = static_cast<float>(normal(random));
    return x;
}

double dot(const Floats &x, const Floats &y)
{
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); i++)
        sum += double(x[i]) * double(y[i]);
    return sum;
}

double l2_squared(const Floats &x, const Floats &y)
{
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); i++)
        sum += (double(x[i]) - double(y[i])) * (double(x[i]) - double(y[i]));
    return sum;
}

// A space with everything it points to.
struct Space : CodeSpace
{
    Floats middle, scratch;
    std::vector<std::int8_t> memory;

    Space(std::size_t n, unsigned bit_count, CodeMetric m, Floats c, std::uint64_t s = 7)
        : CodeSpace{static_cast<std::uint32_t>(n), bit_count, m, s, nullptr},
          middle(std::move(c)),
          scratch(n),
          memory(code_query_bytes(n, bit_count))
    {
        centre = middle.data();
    }
    std::vector<std::uint8_t> code(const Floats &x)
    {
        std::vector<std::uint8_t> record(code_record_bytes(dims, bits));
        encode(*this, x.data(), scratch.data(), record.data());
        return record;
    }
    CodeQuery query(const Floats &q)
    {
        return prepare_query(*this, q.data(), scratch.data(), memory.data());
    }
};

CodeFactors factors(const std::vector<std::uint8_t> &record)
{
    CodeFactors f;
    std::memcpy(&f, record.data(), sizeof f);
    return f;
}

double estimate(const CodeQuery &query, const std::vector<std::uint8_t> &record)
{
    const std::uint8_t *address = record.data();
    float out;
    active->code.estimate_many[code_width(query.bits)](query, &address, 1, &out);
    return out;
}

TEST(Rotation, keeps_lengths_and_angles)
{
    std::mt19937 random(1);
    std::vector<std::size_t> lengths{784, 1000, 1536, 4096, 16000};
    for (std::size_t n = 1; n <= 300; n++)
        lengths.push_back(n);
    for (std::size_t n : lengths)
    {
        Floats x = gaussian(n, random), y = gaussian(n, random);
        const double xx = dot(x, x), yy = dot(y, y), xy = dot(x, y);
        rotate(x.data(), n, 42);
        rotate(y.data(), n, 42);
        const double slack = 4e-6 * std::sqrt(xx * yy);
        ASSERT_NEAR(dot(x, x), xx, 4e-6 * xx) << n;
        ASSERT_NEAR(dot(y, y), yy, 4e-6 * yy) << n;
        ASSERT_NEAR(dot(x, y), xy, slack) << n;
    }
}

// An axis is the vector a rotation finds hardest to spread: its image has no large coordinate, and
// its fourth moment is near that of a random direction (3 for Gaussian coordinates).
TEST(Rotation, spreads_every_axis)
{
    for (std::size_t n : {65, 100, 127, 128, 300, 512, 784, 1023})
        for (std::size_t axis : {std::size_t{0}, n / 3, n / 2, n - 1})
        {
            Floats x(n);
            x[axis] = 1;
            rotate(x.data(), n, 99);
            double fourth = 0, top = 0;
            for (float value : x)
            {
                fourth += std::pow(value, 4) * double(n);
                top = std::max(top, std::fabs(double(value)));
            }
            EXPECT_LT(top * std::sqrt(double(n)), 8) << n << ", axis " << axis;
            EXPECT_LT(fourth, 12) << n << ", axis " << axis;
        }
}

TEST(Rotation, depends_on_the_seed)
{
    Floats x(100, 1), y(100, 1), z(100, 1);
    rotate(x.data(), 100, 1);
    rotate(y.data(), 100, 1);
    rotate(z.data(), 100, 2);
    EXPECT_EQ(x, y);
    EXPECT_NE(x, z);
}

// What is stored must not change with compiler or processor: a hash of records of vectors whose
// elements are small whole numbers.
TEST(Code, is_the_format)
{
    std::uint64_t hash = 14695981039346656037U;  // FNV-1a
    for (std::size_t n : {1, 3, 100, 784})
        for (unsigned bits : {1, 2, 4, 8})
            for (CodeMetric metric : {CodeMetric::l2_squared, CodeMetric::negative_inner_product})
            {
                std::mt19937 random(static_cast<unsigned>(n));
                Floats centre(n), x(n);
                for (std::size_t i = 0; i < n; i++)
                {
                    centre[i] = static_cast<float>(random() % 16);
                    x[i] = static_cast<float>(random() % 64);
                }
                Space space(n, bits, metric, centre);
                for (std::uint8_t byte : space.code(x))
                    hash = (hash ^ byte) * 1099511628211U;
            }
    EXPECT_EQ(hash, 8466085930634800833U);
}

TEST(Code, layout_is_dense)
{
    EXPECT_EQ(code_record_bytes(100, 4), 64U);
    EXPECT_EQ(code_record_bytes(100, 1), 24U);
    EXPECT_EQ(code_record_bytes(784, 4), 400U);
    EXPECT_EQ(code_record_bytes(1536, 1), 200U);
    EXPECT_EQ(code_record_bytes(16000, 8), 16008U);
    EXPECT_EQ(code_record_bytes(1, 8), 16U);
    for (unsigned bits : {1, 2, 4, 8})
        for (std::size_t n = 1; n < 3000; n++)
        {
            ASSERT_GE(code_bytes(n, bits) * 8, n * bits);
            ASSERT_LT(code_bytes(n, bits) * 8, n * bits + 64);
        }
}

// The vector that is the centre, and the zero vector, have no direction.
TEST(Code, of_the_centre_is_zero)
{
    std::mt19937 random(3);
    for (unsigned bits : {1, 2, 4, 8})
        for (const Floats &centre : {Floats(77), gaussian(77, random)})
            for (CodeMetric metric : {CodeMetric::l2_squared, CodeMetric::negative_inner_product})
            {
                Space space(77, bits, metric, centre);
                EXPECT_EQ(space.code(centre),
                          std::vector<std::uint8_t>(code_record_bytes(77, bits)));
                const CodeQuery query = space.query(centre);
                const double expected = metric == CodeMetric::l2_squared ? 0 : -dot(centre, centre);
                EXPECT_NEAR(estimate(query, space.code(centre)), expected, 1e-4);
            }
}

// Elements to the ends of float's range: estimates are numbers, in the order of the distances.
TEST(Code, survives_the_range_of_float)
{
    for (unsigned bits : {1, 2, 4, 8})
        for (std::size_t n : {1, 2, 3, 100, 4099})
            for (float size : {1e-45F, 1e-39F, 1e-30F, 1e-20F, 1.0F, 1e15F, 1e19F, 1e30F, 3.4e38F})
                for (CodeMetric metric :
                     {CodeMetric::l2_squared, CodeMetric::negative_inner_product})
                {
                    Floats x(n, size), y(n, -size), centre(n, size / 2);
                    Space space(n, bits, metric, centre);
                    const CodeQuery query = space.query(x);
                    const double near = estimate(query, space.code(x)),
                                 far = estimate(query, space.code(y));
                    ASSERT_FALSE(std::isnan(near) || std::isnan(far))
                        << bits << " bits, " << n << " dims, " << size;
                    const bool products_are_floats = size >= 1e-18F && size <= 1e15F;
                    if (products_are_floats && n > 2)
                    {
                        ASSERT_LT(near, far) << bits << " bits, " << n << " dims, " << size;
                    }
                }
}

// How near a code's direction is to the vector's: the tangent of the angle, by bits.
TEST(Code, keeps_the_direction)
{
    std::mt19937 random(5);
    struct Expected
    {
        unsigned bits;
        double tangent;
    };
    for (const Expected &e : {Expected{1, 0.78}, {2, 0.38}, {4, 0.113}, {8, 0.0090}})
        for (std::size_t n : {64, 100, 512, 784})
        {
            Space space(n, e.bits, CodeMetric::l2_squared, Floats(n));
            double sum = 0;
            constexpr int trials = 50;
            for (int t = 0; t < trials; t++)
            {
                const auto record = space.code(gaussian(n, random));
                // b = 2 |r|^2 / <g, r> and cos = <g, r> / (|g| |r|), so cos = 2 |r| / (b |g|).
                const CodeFactors f = factors(record);
                const std::size_t bytes = code_bytes(n, e.bits);
                const int last = (1 << e.bits) - 1;
                double g_norm = 0;
                for (std::size_t i = 0; i < n; i++)
                {
                    const int field = record[8 + i % bytes] >> i / bytes * e.bits & last;
                    g_norm += std::pow(field - last / 2.0, 2);
                }
                const double cosine =
                    2 * std::sqrt(double(f.a)) / (double(f.b) * std::sqrt(g_norm));
                sum += std::sqrt(std::max(0.0, 1 - cosine * cosine)) / cosine;
            }
            EXPECT_LT(sum / trials, e.tangent) << e.bits << " bits, " << n << " dims";
            EXPECT_GT(sum / trials, e.tangent / 2) << e.bits << " bits, " << n << " dims";
        }
}

// Errors of estimates, in units of the deviation that is promised: no bias, and few beyond 3.
class EstimateTest : public testing::TestWithParam<unsigned>
{
};

void expect_honest(std::size_t n, unsigned bits, CodeMetric metric, bool from_code)
{
    std::mt19937 random(static_cast<unsigned>(n * 10 + bits));
    double sum = 0, squares = 0, top = 0;
    int count = 0, beyond = 0;
    for (int set = 0; set < 100; set++)
    {
        Floats centre = gaussian(n, random, 0.5);
        Space space(n, bits, metric, centre, random());
        std::vector<std::int8_t> memory(code_query_bytes(n, bits));
        for (int t = 0; t < 5; t++)
        {
            const Floats x = gaussian(n, random), q = gaussian(n, random);
            const auto record = space.code(x), query_record = space.code(q);
            const auto centre_norm = static_cast<float>(dot(centre, centre));
            CodeQuery query = space.query(q);
            double deviation = estimate_deviation(query, record.data());
            if (from_code)
            {
                query = prepare_record(space, query_record.data(), centre_norm, memory.data());
                deviation *= std::sqrt(2);
            }
            const double exact = metric == CodeMetric::l2_squared ? l2_squared(x, q) : -dot(x, q);
            const double error = (estimate(query, record) - exact) / deviation;
            sum += error;
            squares += error * error;
            top = std::max(top, std::fabs(error));
            beyond += std::fabs(error) > 3;
            count++;
        }
    }
    EXPECT_NEAR(sum / count, 0, 0.2) << n << " dims";
    EXPECT_LT(std::sqrt(squares / count), 1.25) << n << " dims";
    EXPECT_GT(std::sqrt(squares / count), 0.6) << n << " dims";
    EXPECT_LT(top, 5.5) << n << " dims";
    EXPECT_LT(beyond, count / 40) << n << " dims";
}

TEST_P(EstimateTest, is_as_good_as_promised)
{
    for (std::size_t n : {33, 64, 100, 257, 784})
        for (CodeMetric metric : {CodeMetric::l2_squared, CodeMetric::negative_inner_product})
            expect_honest(n, GetParam(), metric, false);
}

TEST_P(EstimateTest, between_two_codes)
{
    for (std::size_t n : {64, 100, 784})
        for (CodeMetric metric : {CodeMetric::l2_squared, CodeMetric::negative_inner_product})
            expect_honest(n, GetParam(), metric, true);
}

INSTANTIATE_TEST_SUITE_P(bits, EstimateTest, testing::Values(1, 2, 4, 8));

}  // namespace
