// Tests of columns in portable C++.
#include "kernels/levels.hpp"

namespace quiver::kernels::scalar {
namespace {

constexpr std::size_t block = 64;

void in_range(const std::int64_t *words, std::size_t blocks, std::int64_t low, std::int64_t high,
              std::uint64_t *bits) noexcept
{
    const auto from = static_cast<std::uint64_t>(low);
    const std::uint64_t width = static_cast<std::uint64_t>(high) - from;
    for (std::size_t b = 0; b < blocks; b++, words += block)
    {
        // From the last to the first, a comparison and an addition with its carry each.
        std::uint64_t beyond = 0;
        for (std::size_t i = block; i-- > 0;)
            beyond += beyond + (width < static_cast<std::uint64_t>(words[i]) - from);
        bits[b] &= ~beyond;
    }
}

void in_set(const std::int64_t *words, std::size_t blocks, const std::int64_t *values,
            std::size_t count, std::uint64_t *bits) noexcept
{
    for (std::size_t b = 0; b < blocks; b++, words += block)
    {
        std::uint64_t found = 0;
        for (std::size_t v = 0; v < count; v++)
            for (std::size_t i = 0; i < block; i++)
                found |= std::uint64_t{words[i] == values[v]} << i;
        bits[b] &= found;
    }
}

void marked(const std::uint32_t *marks, std::size_t blocks, std::uint32_t unwanted,
            std::uint64_t *good, std::uint64_t *zero) noexcept
{
    for (std::size_t b = 0; b < blocks; b++, marks += block)
    {
        good[b] = zero[b] = 0;
        for (std::size_t i = 0; i < block; i++)
        {
            zero[b] |= std::uint64_t{marks[i] == 0} << i;
            good[b] |= std::uint64_t{marks[i] != 0 && (marks[i] & unwanted) == 0} << i;
        }
    }
}

}  // namespace

constinit const FilterKernels filter = {in_range, in_set, marked};

}  // namespace quiver::kernels::scalar
