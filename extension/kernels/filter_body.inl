// Tests of columns over `FilterLanes` (filter_lanes_256.inl, filter_lanes_512.inl). Included once by a file compiled
// for its ISA.
#pragma once

#include "kernels/filter.hpp"

namespace quiver::kernels {
namespace {

constexpr std::size_t filter_block = 64;

// The bits of a block, `width` at a time.
template <std::size_t width, class Bits> inline std::uint64_t gather(Bits bits)
{
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < filter_block; i += width)
        all |= bits(i) << i;
    return all;
}

void in_range(const std::int64_t *words, std::size_t blocks, std::int64_t low, std::int64_t high,
              std::uint64_t *bits) noexcept
{
    const FilterLanes::Range range{low, high};
    for (std::size_t b = 0; b < blocks; b++, words += filter_block)
        bits[b] &= ~gather<FilterLanes::words>([&](std::size_t i) {
            return FilterLanes::beyond(range, FilterLanes::load(words + i));
        });
}

void in_set(const std::int64_t *words, std::size_t blocks, const std::int64_t *values,
            std::size_t count, std::uint64_t *bits) noexcept
{
    for (std::size_t b = 0; b < blocks; b++, words += filter_block)
    {
        std::uint64_t found = 0;
        for (std::size_t v = 0; v < count; v++)
        {
            const FilterLanes::Vec value = FilterLanes::all(values[v]);
            found |= gather<FilterLanes::words>([&](std::size_t i) {
                return FilterLanes::equal(FilterLanes::load(words + i), value);
            });
        }
        bits[b] &= found;
    }
}

void marked(const std::uint32_t *marks, std::size_t blocks, std::uint32_t unwanted,
            std::uint64_t *good, std::uint64_t *zero) noexcept
{
    const FilterLanes::Vec any = FilterLanes::all_marks(~std::uint32_t{0});
    const FilterLanes::Vec bad = FilterLanes::all_marks(unwanted);
    for (std::size_t b = 0; b < blocks; b++, marks += filter_block)
    {
        zero[b] = gather<FilterLanes::marks>(
            [&](std::size_t i) { return FilterLanes::lacking(FilterLanes::load(marks + i), any); });
        good[b] = ~zero[b] & gather<FilterLanes::marks>([&](std::size_t i) {
            return FilterLanes::lacking(FilterLanes::load(marks + i), bad);
        });
    }
}

constexpr FilterKernels filter_kernels = {in_range, in_set, marked};

}  // namespace
}  // namespace quiver::kernels
