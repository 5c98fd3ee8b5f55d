// A mergeable sketch of a distribution: quantiles and ranks of any number of values in bounded memory.
//
// Level h holds up to `width` values that stand for 2^h each. A full level is sorted and every other value
// goes up, beginning at the first or second by a coin (Manku, Rajagopalan, Lindsay 1998, with the coin of
// Karnin, Lang, Liberty 2016). Up to `width` values everything is exact; beyond, the standard error of a rank is about
// 1 / (1.4 width) of the count, 0.14 % here. The coin is a hash of the state, so equal input gives equal
// sketches. NaN is not a value of an order and must not be added.
#pragma once

#include <cstdint>

namespace quiver::kernels {

struct QuantileSketch
{
    static constexpr int width = 512;
    static constexpr int most_levels = 44;  // 2^52 values

    std::int64_t count;
    double least;
    double greatest;
    std::uint64_t coin;
    std::int32_t levels;
    std::int32_t sizes[most_levels];
    // `levels` levels of 4 * width values: up to width between calls, and in a merge what comes up from below,
    // at most twice width, and from the other sketch
    double *values;
};

// Values that sketch->values must have room for before `added` more levels are begun.
constexpr std::int64_t quantile_room(int levels)
{
    return static_cast<std::int64_t>(levels) * 4 * QuantileSketch::width;
}

// Levels that a sketch needs room for to take `count` values in all.
int quantile_levels(std::int64_t count);

void quantile_begin(QuantileSketch *sketch, double *values);
// Room for quantile_levels(count + 1) levels is needed.
void quantile_add(QuantileSketch *sketch, double value);
// Room for quantile_levels(of both counts) levels is needed.
void quantile_merge(QuantileSketch *sketch, const QuantileSketch *other);

// Values of all levels in order, each with the number that it stands for; room for width * levels of each.
int quantile_sorted(const QuantileSketch *sketch, double *values, std::int64_t *weights);
// The least value with at least `fraction` of all values at or below it.
double quantile_at(const double *values, const std::int64_t *weights, int size, std::int64_t count,
                   double fraction);
// The fraction of values at or below `value`.
double quantile_rank(const double *values, const std::int64_t *weights, int size,
                     std::int64_t count, double value);

}  // namespace quiver::kernels
