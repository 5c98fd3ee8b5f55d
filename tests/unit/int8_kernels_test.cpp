// Distances of 8-bit integers at every level: exact for every length, to the ends of the range.
#include "guarded.hpp"
#include "levels.hpp"
#include "reference.hpp"

#include <memory>
#include <random>

namespace {

using namespace quiver::kernels;
using unit::Guarded;
using unit::Reference;
using Int8 = std::int8_t;

class Int8KernelsTest : public unit::PerLevel
{
protected:
    void expect_exact(const Int8 *a, const Int8 *b, std::size_t n, double l2, double inner,
                      double l1, double norm_a, double norm_b)
    {
        const DenseKernels<Int8> &set = kernels.i8;
        ASSERT_EQ(set.l2_squared(a, b, n), l2) << n;
        ASSERT_EQ(set.inner_product(a, b, n), inner) << n;
        ASSERT_EQ(set.l1(a, b, n), l1) << n;
        const auto parts = set.cosine(a, b, n);
        ASSERT_EQ(parts.dot, inner) << n;
        ASSERT_EQ(parts.norm_a, norm_a) << n;
        ASSERT_EQ(parts.norm_b, norm_b) << n;

        // The same as each of several rows.
        const Int8 *rows[] = {b, a, b, b, a, b, b};
        std::int32_t l2s[7], inners[7], l1s[7];
        CosineParts<std::int32_t> cosines[7];
        set.l2_squared_many(a, rows, 7, n, l2s);
        set.inner_product_many(a, rows, 7, n, inners);
        set.l1_many(a, rows, 7, n, l1s);
        set.cosine_many(a, rows, 7, n, cosines);
        for (int r = 0; r < 7; r++)
        {
            const bool self = rows[r] == a;
            ASSERT_EQ(l2s[r], self ? 0 : l2) << n << ", row " << r;
            ASSERT_EQ(inners[r], self ? norm_a : inner) << n << ", row " << r;
            ASSERT_EQ(l1s[r], self ? 0 : l1) << n << ", row " << r;
            ASSERT_EQ(cosines[r].dot, self ? norm_a : inner) << n << ", row " << r;
            ASSERT_EQ(cosines[r].norm_a, norm_a) << n << ", row " << r;
            ASSERT_EQ(cosines[r].norm_b, self ? norm_a : norm_b) << n << ", row " << r;
        }
    }
};
RUN_PER_LEVEL(Int8KernelsTest);

TEST_P(Int8KernelsTest, every_length)
{
    std::mt19937 random(20262);
    std::vector<Int8> x, y;
    for (int i = 0; i < 4100; i++)
    {
        x.push_back(static_cast<Int8>(random()));
        y.push_back(static_cast<Int8>(random()));
    }
    const Reference l2(x, y, unit::squared_difference), inner(x, y, unit::product),
        l1(x, y, unit::difference), norm_a(x, y, unit::square_of_first),
        norm_b(x, y, unit::square_of_second);
    Guarded<Int8> a(x), b(y);
    for (std::size_t n : unit::lengths())
    {
        expect_exact(a.last(n), b.last(n), n, l2.value[n], inner.value[n], l1.value[n],
                     norm_a.value[n], norm_b.value[n]);
        if (HasFatalFailure())
            return;
    }
}

// 16,000 dimensions of every pair of extremes: the largest sums there are.
TEST_P(Int8KernelsTest, extremes_do_not_overflow)
{
    constexpr std::size_t n = 16000;
    for (int left : {-128, -127, 0, 127})
        for (int right : {-128, -127, 0, 127})
        {
            Guarded<Int8> a(std::vector<Int8>(n, static_cast<Int8>(left)));
            Guarded<Int8> b(std::vector<Int8>(n, static_cast<Int8>(right)));
            const double apart = std::abs(left - right);
            expect_exact(a.data(), b.data(), n, n * apart * apart, double(n) * left * right,
                         n * apart, double(n) * left * left, double(n) * right * right);
            if (HasFatalFailure())
                return;
        }
}

}  // namespace
