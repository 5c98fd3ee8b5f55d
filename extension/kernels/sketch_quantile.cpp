// The quantile sketch: compaction of full levels, merging, reading.
#include "kernels/sketch_quantile.hpp"

#include <algorithm>
#include <limits>

namespace quiver::kernels {
namespace {

constexpr int width = QuantileSketch::width;

double *level_of(const QuantileSketch *sketch, int level)
{
    return sketch->values + quantile_room(level);
}

// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t next_coin(std::uint64_t *state)
{
    std::uint64_t mixed = (*state += 0x9e3779b97f4a7c15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (mixed ^ (mixed >> 31)) & 1;
}

// Every other value of a level goes up; one stays if they are odd, so that no weight is lost.
void compact(QuantileSketch *sketch, int level)
{
    if (level + 1 == sketch->levels)
        sketch->sizes[sketch->levels++] = 0;
    double *from = level_of(sketch, level);
    double *to = level_of(sketch, level + 1);
    const int size = sketch->sizes[level];
    const int even = size & ~1;
    std::sort(from, from + even);
    for (int i = static_cast<int>(next_coin(&sketch->coin)); i < even; i += 2)
        to[sketch->sizes[level + 1]++] = from[i];
    if (size != even)
        from[0] = from[even];
    sketch->sizes[level] = size - even;
}

void compact_full(QuantileSketch *sketch)
{
    for (int level = 0; level < sketch->levels; level++)
        if (sketch->sizes[level] > width)
            compact(sketch, level);
}

}  // namespace

int quantile_levels(std::int64_t count)
{
    int levels = 2;
    while (levels < QuantileSketch::most_levels &&
           (static_cast<std::int64_t>(width) << (levels - 1)) < count)
        levels++;
    return std::min(levels + 1, QuantileSketch::most_levels);
}

void quantile_begin(QuantileSketch *sketch, double *values)
{
    *sketch = QuantileSketch{};
    sketch->least = std::numeric_limits<double>::infinity();
    sketch->greatest = -std::numeric_limits<double>::infinity();
    sketch->levels = 1;
    sketch->values = values;
}

void quantile_add(QuantileSketch *sketch, double value)
{
    sketch->count++;
    sketch->least = std::min(sketch->least, value);
    sketch->greatest = std::max(sketch->greatest, value);
    sketch->values[sketch->sizes[0]++] = value;
    if (sketch->sizes[0] > width)
        compact_full(sketch);
}

void quantile_merge(QuantileSketch *sketch, const QuantileSketch *other)
{
    while (sketch->levels < other->levels)
        sketch->sizes[sketch->levels++] = 0;
    // From the bottom, so that what is compacted into a level is there before it is filled further.
    for (int level = 0; level < other->levels; level++)
    {
        if (sketch->sizes[level] > width)
            compact(sketch, level);
        std::copy_n(level_of(other, level), other->sizes[level],
                    level_of(sketch, level) + sketch->sizes[level]);
        sketch->sizes[level] += other->sizes[level];
        if (sketch->sizes[level] > width)
            compact(sketch, level);
    }
    compact_full(sketch);
    sketch->count += other->count;
    sketch->least = std::min(sketch->least, other->least);
    sketch->greatest = std::max(sketch->greatest, other->greatest);
    sketch->coin ^= other->coin * 0x9e3779b97f4a7c15u;
}

int quantile_sorted(const QuantileSketch *sketch, double *values, std::int64_t *weights)
{
    // Levels are few and each is short: insertion of sorted runs by merging from the end.
    int size = 0;
    for (int level = 0; level < sketch->levels; level++)
    {
        double *run = level_of(sketch, level);
        const int length = sketch->sizes[level];
        std::sort(run, run + length);
        int i = size - 1, j = length - 1, k = size + length - 1;
        for (; j >= 0; k--)
        {
            const bool take_old = i >= 0 && values[i] > run[j];
            values[k] = take_old ? values[i] : run[j];
            weights[k] = take_old ? weights[i] : std::int64_t{1} << level;
            take_old ? i-- : j--;
        }
        size += length;
    }
    return size;
}

double quantile_at(const double *values, const std::int64_t *weights, int size, std::int64_t count,
                   double fraction)
{
    const double wanted = fraction * static_cast<double>(count);
    std::int64_t seen = 0;
    for (int i = 0; i < size; i++)
    {
        seen += weights[i];
        if (static_cast<double>(seen) >= wanted)
            return values[i];
    }
    return values[size - 1];
}

double quantile_rank(const double *values, const std::int64_t *weights, int size,
                     std::int64_t count, double value)
{
    std::int64_t seen = 0;
    for (int i = 0; i < size && values[i] <= value; i++)
        seen += weights[i];
    return static_cast<double>(seen) / static_cast<double>(count);
}

}  // namespace quiver::kernels
