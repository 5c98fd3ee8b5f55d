// Hamming and Jaccard counts at every level: exact for every length.
#include "guarded.hpp"
#include "levels.hpp"

#include <bit>
#include <random>

namespace {

using namespace quiver::kernels;
using unit::Guarded;

struct Counts
{
    std::uint64_t differing = 0, both = 0, in_a = 0, in_b = 0;
};

class BitKernelsTest : public unit::PerLevel
{
protected:
    void expect_counts(const std::uint8_t *a, const std::uint8_t *b, std::size_t bytes,
                       const Counts &is)
    {
        ASSERT_EQ(kernels.bit.hamming(a, b, bytes), is.differing) << bytes;
        expect_parts(kernels.bit.jaccard(a, b, bytes), is, bytes);

        const std::uint8_t *rows[] = {b, a, b, b, a, b};
        std::uint64_t hamming[6];
        JaccardParts jaccard[6];
        kernels.bit.hamming_many(a, rows, 6, bytes, hamming);
        kernels.bit.jaccard_many(a, rows, 6, bytes, jaccard);
        for (int r = 0; r < 6; r++)
        {
            const bool self = rows[r] == a;
            ASSERT_EQ(hamming[r], self ? 0 : is.differing) << bytes << ", row " << r;
            expect_parts(jaccard[r], self ? Counts{0, is.in_a, is.in_a, is.in_a} : is, bytes);
        }
    }

    static void expect_parts(const JaccardParts &parts, const Counts &is, std::size_t bytes)
    {
        ASSERT_EQ(parts.both, is.both) << bytes;
        ASSERT_EQ(parts.either_a, is.in_a) << bytes;
        ASSERT_EQ(parts.either_b, is.in_b) << bytes;
    }
};
RUN_PER_LEVEL(BitKernelsTest);

TEST_P(BitKernelsTest, every_length)
{
    std::mt19937 random(20263);
    std::vector<std::uint8_t> x, y;
    for (int i = 0; i < 4100; i++)
    {
        x.push_back(static_cast<std::uint8_t>(random()));
        y.push_back(static_cast<std::uint8_t>(random() & random()));
    }
    Guarded<std::uint8_t> a(x), b(y);
    std::vector<Counts> counts(1);
    for (std::size_t n = 1; n <= x.size(); n++)
    {
        const unsigned left = x[x.size() - n], right = y[y.size() - n];
        Counts next = counts.back();
        next.differing += std::popcount(left ^ right);
        next.both += std::popcount(left & right);
        next.in_a += std::popcount(left);
        next.in_b += std::popcount(right);
        counts.push_back(next);
    }
    for (std::size_t n : unit::lengths())
    {
        expect_counts(a.last(n), b.last(n), n, counts[n]);
        if (HasFatalFailure())
            return;
    }
}

// A megabyte of ones: no narrow counter may wrap on the way.
TEST_P(BitKernelsTest, long_strings_do_not_overflow)
{
    constexpr std::size_t bytes = 1 << 20;
    Guarded<std::uint8_t> ones(std::vector<std::uint8_t>(bytes, 0xFF));
    Guarded<std::uint8_t> zeros(std::vector<std::uint8_t>(bytes, 0));
    expect_counts(ones.data(), zeros.data(), bytes, Counts{8 * bytes, 0, 8 * bytes, 0});
    expect_counts(ones.data(), ones.data(), bytes, Counts{0, 8 * bytes, 8 * bytes, 8 * bytes});
}

}  // namespace
