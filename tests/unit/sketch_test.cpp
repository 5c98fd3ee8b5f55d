// Mergeable sketches: exact while small, within their error when large, and the same however they were merged.
#include "kernels/sketch_distinct.hpp"
#include "kernels/sketch_quantile.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace {

using namespace quiver::kernels;

// A sketch with room of its own.
struct Quantiles
{
    QuantileSketch sketch;
    std::vector<double> room;

    explicit Quantiles(std::int64_t most)
        : room(static_cast<std::size_t>(quantile_room(quantile_levels(most))))
    {
        quantile_begin(&sketch, room.data());
    }
    Quantiles(const Quantiles &) = delete;
    Quantiles &operator=(const Quantiles &) = delete;

    struct Sorted
    {
        std::vector<double> values;
        std::vector<std::int64_t> weights;
    };
    Sorted sorted()
    {
        Sorted result;
        result.values.resize(room.size());
        result.weights.resize(room.size());
        const auto size = static_cast<std::size_t>(
            quantile_sorted(&sketch, result.values.data(), result.weights.data()));
        result.values.resize(size);
        result.weights.resize(size);
        return result;
    }
};

std::vector<double> sample(std::size_t count, unsigned seed)
{
    std::mt19937 random(seed);
    std::exponential_distribution<double> draw(0.01);
    std::vector<double> values(count);
    for (double &value : values)
        value = draw(random);
    return values;
}

// The worst difference between a sketch's ranks and those of all values.
double worst_rank(Quantiles &quantiles, std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    const Quantiles::Sorted sorted = quantiles.sorted();
    double worst = 0;
    for (int step = 0; step <= 100; step++)
    {
        const double at = quantile_at(sorted.values.data(), sorted.weights.data(),
                                      static_cast<int>(sorted.values.size()),
                                      quantiles.sketch.count, step / 100.0);
        const auto below = std::upper_bound(values.begin(), values.end(), at) - values.begin();
        const double exact = static_cast<double>(below) / static_cast<double>(values.size());
        const double rank =
            quantile_rank(sorted.values.data(), sorted.weights.data(),
                          static_cast<int>(sorted.values.size()), quantiles.sketch.count, at);
        worst = std::max(worst, std::abs(rank - exact));
    }
    return worst;
}

std::int64_t total(const Quantiles::Sorted &sorted)
{
    std::int64_t sum = 0;
    for (const std::int64_t weight : sorted.weights)
        sum += weight;
    return sum;
}

TEST(quantile_sketch, holds_few_values_exactly)
{
    std::vector<double> values = sample(QuantileSketch::width, 3);
    Quantiles quantiles(QuantileSketch::width);
    for (const double value : values)
        quantile_add(&quantiles.sketch, value);
    std::sort(values.begin(), values.end());
    EXPECT_EQ(quantiles.sorted().values, values);
    EXPECT_EQ(quantiles.sketch.levels, 1);
}

TEST(quantile_sketch, loses_no_weight_at_any_size)
{
    Quantiles quantiles(100000);
    const std::vector<double> values = sample(100000, 5);
    std::int64_t count = 0;
    for (const double value : values)
    {
        quantile_add(&quantiles.sketch, value);
        if (++count % 777 == 0)
        {
            ASSERT_EQ(total(quantiles.sorted()), count);
        }
    }
    EXPECT_EQ(quantiles.sketch.count, count);
    EXPECT_EQ(quantiles.sketch.least, *std::min_element(values.begin(), values.end()));
    EXPECT_EQ(quantiles.sketch.greatest, *std::max_element(values.begin(), values.end()));
}

TEST(quantile_sketch, ranks_stay_within_a_hundredth)
{
    // Sorted, reversed and random input: a bad order must not cost precision.
    for (int order = 0; order < 3; order++)
    {
        std::vector<double> values = sample(300000, 7);
        if (order > 0)
            std::sort(values.begin(), values.end());
        if (order > 1)
            std::reverse(values.begin(), values.end());
        Quantiles quantiles(300000);
        for (const double value : values)
            quantile_add(&quantiles.sketch, value);
        EXPECT_LT(worst_rank(quantiles, values), 0.01) << "order " << order;
    }
}

TEST(quantile_sketch, merged_parts_rank_as_well)
{
    const std::vector<double> values = sample(200000, 11);
    Quantiles all(200000);
    for (std::size_t part = 0; part < 50; part++)
    {
        // Parts of very different sizes, an empty one among them.
        const std::size_t begin = part * part * 80, end = (part + 1) * (part + 1) * 80;
        Quantiles one(200000);
        for (std::size_t i = begin; i < end && part != 20; i++)
            quantile_add(&one.sketch, values[i]);
        quantile_merge(&all.sketch, &one.sketch);
        if (part == 20)
            for (std::size_t i = begin; i < end; i++)
                quantile_add(&all.sketch, values[i]);
    }
    EXPECT_EQ(all.sketch.count, 200000);
    EXPECT_EQ(total(all.sorted()), 200000);
    EXPECT_LT(worst_rank(all, values), 0.01);
}

TEST(quantile_sketch, equal_input_gives_equal_sketches)
{
    Quantiles one(20000), other(20000);
    for (const double value : sample(20000, 13))
    {
        quantile_add(&one.sketch, value);
        quantile_add(&other.sketch, value);
    }
    EXPECT_EQ(one.sorted().values, other.sorted().values);
    EXPECT_EQ(one.sketch.coin, other.sketch.coin);
}

TEST(quantile_sketch, takes_infinities_and_equal_values)
{
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Quantiles quantiles(3000);
    for (int i = 0; i < 1000; i++)
        for (const double value : {-infinity, 4.0, infinity})
            quantile_add(&quantiles.sketch, value);
    const Quantiles::Sorted sorted = quantiles.sorted();
    const auto at = [&](double fraction) {
        return quantile_at(sorted.values.data(), sorted.weights.data(),
                           static_cast<int>(sorted.values.size()), 3000, fraction);
    };
    EXPECT_EQ(at(0.1), -infinity);
    EXPECT_EQ(at(0.5), 4.0);
    EXPECT_EQ(at(0.9), infinity);
}

std::uint64_t uniform(std::uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

TEST(distinct_sketch, counts_within_its_error)
{
    for (const std::uint64_t count : {0ull, 1ull, 2ull, 50ull, 3000ull, 20000ull, 1000000ull})
    {
        DistinctSketch sketch{};
        for (std::uint64_t i = 1; i <= count; i++)
            distinct_add(&sketch, uniform(i * 0x9e3779b97f4a7c15u));
        const double allowed = std::max(0.5, 0.05 * static_cast<double>(count));
        EXPECT_NEAR(distinct_count(&sketch), static_cast<double>(count), allowed);
    }
}

TEST(distinct_sketch, a_value_counts_once)
{
    DistinctSketch once{}, often{};
    for (std::uint64_t i = 0; i < 500; i++)
        distinct_add(&once, uniform(i));
    for (std::uint64_t i = 0; i < 50000; i++)
        distinct_add(&often, uniform(i % 500));
    EXPECT_EQ(std::memcmp(&once, &often, sizeof once), 0);
}

TEST(distinct_sketch, merging_is_adding_in_any_order)
{
    DistinctSketch all{}, left{}, right{};
    for (std::uint64_t i = 0; i < 30000; i++)
    {
        distinct_add(&all, uniform(i));
        distinct_add(i % 3 == 0 ? &left : &right, uniform(i));
    }
    DistinctSketch backward = right;
    distinct_merge(&backward, &left);
    distinct_merge(&left, &right);
    EXPECT_EQ(std::memcmp(&all, &left, sizeof all), 0);
    EXPECT_EQ(std::memcmp(&all, &backward, sizeof all), 0);
}

TEST(distinct_sketch, extreme_hashes_have_places)
{
    DistinctSketch sketch{};
    distinct_add(&sketch, 0);
    distinct_add(&sketch, ~std::uint64_t{0});
    EXPECT_EQ(sketch.registers[0], 64 - DistinctSketch::bits + 1);
    EXPECT_EQ(sketch.registers[DistinctSketch::size - 1], 1);
    EXPECT_NEAR(distinct_count(&sketch), 2, 0.1);
}

}  // namespace
