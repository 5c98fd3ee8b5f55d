// HyperLogLog: registers and the estimate.
#include "kernels/sketch_distinct.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace quiver::kernels {
namespace {

constexpr int bits = DistinctSketch::bits;
constexpr int highest = 64 - bits;  // register values go from 0 to highest + 1

// Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", algorithm 6.
double sigma(double x)
{
    if (x == 1)
        return std::numeric_limits<double>::infinity();
    double y = 1, z = x, before;
    do
    {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

double tau(double x)
{
    if (x == 0 || x == 1)
        return 0;
    double y = 1, z = 1 - x, before;
    do
    {
        x = std::sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

}  // namespace

void distinct_add(DistinctSketch *sketch, std::uint64_t hash)
{
    const auto place = static_cast<std::size_t>(hash >> highest);
    // A one at the end bounds the run of zeros.
    const int zeros = std::countl_zero((hash << bits) | (std::uint64_t{1} << (bits - 1)));
    auto &value = sketch->registers[place];
    value = std::max(value, static_cast<std::uint8_t>(zeros + 1));
}

void distinct_merge(DistinctSketch *sketch, const DistinctSketch *other)
{
    for (int i = 0; i < DistinctSketch::size; i++)
        sketch->registers[i] = std::max(sketch->registers[i], other->registers[i]);
}

double distinct_count(const DistinctSketch *sketch)
{
    int counts[highest + 2] = {};
    for (const std::uint8_t value : sketch->registers)
        counts[std::min<int>(value, highest + 1)]++;
    constexpr double m = DistinctSketch::size;
    double z = m * tau(1 - counts[highest + 1] / m);
    for (int k = highest; k >= 1; k--)
        z = 0.5 * (z + counts[k]);
    z += m * sigma(counts[0] / m);
    return m / (2 * std::log(2.0)) * m / z;
}

}  // namespace quiver::kernels
