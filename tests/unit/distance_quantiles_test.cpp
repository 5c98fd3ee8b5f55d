// Quantiles of sampled distances: those of the sample within it, the law of its near end below.
#include "kernels/distance_quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace {

using quiver::kernels::distance_quantiles;
using quiver::kernels::WeightedDistance;

std::vector<double> quantiles(std::vector<WeightedDistance> sample, bool from_zero,
                              std::size_t parts)
{
    std::vector<double> bounds(parts + 1);
    distance_quantiles(sample, from_zero, bounds);
    EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
    return bounds;
}

TEST(DistanceQuantiles, AreLinearBetweenDistances)
{
    // Four of equal weight stand at 1/8, 3/8, 5/8 and 7/8.
    const auto bounds = quantiles({{4, 1}, {1, 1}, {3, 1}, {2, 1}}, false, 8);
    EXPECT_DOUBLE_EQ(bounds[1], 1);
    EXPECT_DOUBLE_EQ(bounds[2], 1.5);
    EXPECT_DOUBLE_EQ(bounds[4], 2.5);
    EXPECT_DOUBLE_EQ(bounds[7], 4);
    EXPECT_DOUBLE_EQ(bounds[8], 4);
}

TEST(DistanceQuantiles, RespectWeights)
{
    const auto bounds = quantiles({{1, 1}, {2, 6}, {3, 1}}, false, 16);
    EXPECT_DOUBLE_EQ(bounds[1], 1);
    EXPECT_DOUBLE_EQ(bounds[8], 2);
    EXPECT_DOUBLE_EQ(bounds[15], 3);
}

TEST(DistanceQuantiles, FollowAPowerBelowTheSample)
{
    // Distances to uniform points around the query in d dimensions: F(r) = r^d. A sample of 200 tells of one in 10,000.
    std::mt19937_64 random{1};
    for (const double dimension : {2.0, 8.0, 30.0})
    {
        double error = 0;
        constexpr int rounds = 50;
        for (int round = 0; round < rounds; ++round)
        {
            std::vector<WeightedDistance> sample(200);
            for (auto &item : sample)
                item = {std::pow((static_cast<double>(random() >> 11) + 0.5) / 9007199254740992.0,
                                 1 / dimension),
                        1};
            const auto bounds = quantiles(sample, true, 10000);
            error += std::log(std::pow(bounds[1], dimension) * 10000) / rounds;
        }
        // A factor of two on average, where the sample's own least would be fifty.
        EXPECT_LT(std::fabs(error), std::log(2.0)) << dimension;
    }
}

TEST(DistanceQuantiles, FollowAnExponentialWhereDistancesMayBeNegative)
{
    std::vector<WeightedDistance> sample;
    for (int i = 0; i < 100; ++i)
        sample.push_back({-10 + std::log((i + 0.5) / 100), 1});
    const auto bounds = quantiles(sample, false, 1000);
    EXPECT_NEAR(bounds[1], -10 + std::log(0.001), 1.0);
    EXPECT_LT(bounds[0], bounds[1]);
}

TEST(DistanceQuantiles, StandOneDistanceZerosAndExtremes)
{
    EXPECT_EQ(quantiles({{7, 1}}, true, 4), (std::vector<double>{7, 7, 7, 7, 7}));
    EXPECT_DOUBLE_EQ(quantiles({{0, 1}, {0, 1}, {0, 1}, {5, 1}}, true, 4)[0], 0);
    const auto bounds = quantiles({{1, 1}, {1e300, 1}, {2, 1}, {1e300, 1}, {-1e300, 1}}, false, 10);
    EXPECT_EQ(bounds.back(), 1e300);
    for (const double bound : bounds)
        EXPECT_TRUE(std::isfinite(bound));
}

}  // namespace
