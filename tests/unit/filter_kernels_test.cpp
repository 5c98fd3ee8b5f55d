// Tests of columns at every level, against a test of each word alone.
#include "guarded.hpp"
#include "levels.hpp"

#include <algorithm>
#include <limits>
#include <random>

namespace {

using namespace quiver::kernels;
using unit::Guarded;
using Words = std::vector<std::int64_t>;

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t most_blocks = 9;

class FilterKernelsTest : public unit::PerLevel
{
protected:
    // Few values, so that many are equal, and the ends of the range.
    Words some_words(std::size_t count)
    {
        constexpr std::int64_t known[] = {least, least + 1, -7,        -1,       0,   1,
                                          2,     7,         1LL << 40, most - 1, most};
        Words words;
        for (std::size_t i = 0; i < count; i++)
            words.push_back(random_() % 4 == 0 ? static_cast<std::int64_t>(random_())
                                               : known[random_() % std::size(known)]);
        return words;
    }
    std::vector<std::uint64_t> some_bits(std::size_t blocks)
    {
        std::vector<std::uint64_t> bits;
        for (std::size_t b = 0; b < blocks; b++)
            bits.push_back(b % 3 == 0 ? ~std::uint64_t{0} : random_());
        return bits;
    }
    // `passes` says it of each; those that were not asked for stay out.
    template <class T, class Passes>
    void expect_bits(const std::vector<T> &values, const std::vector<std::uint64_t> &before,
                     const std::vector<std::uint64_t> &after, Passes passes)
    {
        for (std::size_t i = 0; i < values.size(); i++)
            ASSERT_EQ(after[i / 64] >> i % 64 & 1,
                      (before[i / 64] >> i % 64 & 1) != 0 && passes(values[i]))
                << i << " of " << values.size();
    }

    std::mt19937_64 random_{20269};
};
RUN_PER_LEVEL(FilterKernelsTest);

TEST_P(FilterKernelsTest, ranges)
{
    constexpr std::pair<std::int64_t, std::int64_t> ranges[] = {
        {0, 0},      {least, most}, {least, least},  {most, most},          {-1, 1},
        {least, -1}, {0, most},     {-7, 1LL << 40}, {least + 1, most - 1}, {1, 2}};
    for (std::size_t blocks = 0; blocks <= most_blocks; blocks++)
        for (const auto &[low, high] : ranges)
        {
            const Words words = some_words(blocks * 64);
            Guarded<std::int64_t> placed(words);
            const auto before = some_bits(blocks);
            auto after = before;
            kernels.filter.in_range(placed.data(), blocks, low, high, after.data());
            expect_bits(words, before, after,
                        [&](std::int64_t word) { return word >= low && word <= high; });
        }
}

TEST_P(FilterKernelsTest, sets)
{
    for (std::size_t blocks = 0; blocks <= most_blocks; blocks++)
        for (std::size_t count = 0; count <= 20; count++)
        {
            const Words words = some_words(blocks * 64);
            Guarded<std::int64_t> placed(words);
            const Words values = some_words(count);
            const auto before = some_bits(blocks);
            auto after = before;
            kernels.filter.in_set(placed.data(), blocks, values.data(), count, after.data());
            expect_bits(words, before, after, [&](std::int64_t word) {
                return std::find(values.begin(), values.end(), word) != values.end();
            });
        }
}

TEST_P(FilterKernelsTest, marks)
{
    constexpr std::uint32_t unwanted[] = {0, 1, 1U << 17, 1U << 31, 0x2FFFF, ~0U};
    for (std::size_t blocks = 0; blocks <= most_blocks; blocks++)
        for (const std::uint32_t bad : unwanted)
        {
            std::vector<std::uint32_t> marks;
            for (std::size_t i = 0; i < blocks * 64; i++)
                marks.push_back(random_() % 3 == 0 ? 0
                                                   : 1U << random_() % 32 | 1U << random_() % 32);
            Guarded<std::uint32_t> placed(marks);
            std::vector<std::uint64_t> good(blocks), zero(blocks);
            kernels.filter.marked(placed.data(), blocks, bad, good.data(), zero.data());
            const std::vector<std::uint64_t> all(blocks, ~std::uint64_t{0});
            expect_bits(marks, all, zero, [](std::uint32_t mark) { return mark == 0; });
            expect_bits(marks, all, good,
                        [bad](std::uint32_t mark) { return mark != 0 && (mark & bad) == 0; });
        }
}

}  // namespace
