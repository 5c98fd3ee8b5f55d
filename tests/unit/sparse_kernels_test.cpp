// Distances of sparse vectors at every level against double precision: random overlap, empty,
// disjoint, identical, and one inside the other.
#include "guarded.hpp"
#include "levels.hpp"

#include <cmath>
#include <map>
#include <memory>
#include <random>

namespace {

using namespace quiver::kernels;
using unit::Guarded;
using Sparse = std::map<std::int32_t, float>;

// A sparse vector whose two arrays each end at a forbidden page.
struct Stored
{
    Guarded<std::int32_t> indices;
    Guarded<float> values;
    std::size_t count;

    explicit Stored(const Sparse &from, std::size_t slack = 0)
        : indices(keys(from), slack),
          values(contents(from), slack),
          count(from.size())
    {
    }
    SparseView view() { return {indices.data(), values.data(), count}; }

    static std::vector<std::int32_t> keys(const Sparse &from)
    {
        std::vector<std::int32_t> list;
        for (const auto &[index, value] : from)
            list.push_back(index);
        return list;
    }
    static std::vector<float> contents(const Sparse &from)
    {
        std::vector<float> list;
        for (const auto &[index, value] : from)
            list.push_back(value);
        return list;
    }
};

struct Exact
{
    double value = 0, magnitude = 0;

    void add(double term)
    {
        value += term;
        magnitude += std::fabs(term);
    }
};

class SparseKernelsTest : public unit::PerLevel
{
protected:
    std::mt19937 random{20264};

    Sparse sample(std::size_t count, std::int32_t dimensions)
    {
        std::uniform_int_distribution<std::int32_t> index(0, dimensions - 1);
        std::normal_distribution<float> value;
        Sparse made;
        while (made.size() < count)
            made[index(random)] = value(random);
        return made;
    }

    void expect_distances(const Sparse &x, const Sparse &y, std::size_t slack = 0)
    {
        Exact l2, inner, l1, norm_a, norm_b;
        Sparse all = x;
        all.insert(y.begin(), y.end());
        for (const auto &[index, unused] : all)
        {
            const double a = x.contains(index) ? x.at(index) : 0,
                         b = y.contains(index) ? y.at(index) : 0;
            l2.add((a - b) * (a - b));
            inner.add(a * b);
            l1.add(std::fabs(a - b));
            norm_a.add(a * a);
            norm_b.add(b * b);
        }
        Stored a(x, slack), b(y, slack);
        const SparseKernels &set = kernels.sparse;
        const auto near = [&](float result, const Exact &is, const char *what) {
            ASSERT_NEAR(result, is.value, sparse_error_bound(x.size() + y.size()) * is.magnitude)
                << what << " of " << x.size() << " and " << y.size() << " elements";
        };
        near(set.l2_squared(a.view(), b.view()), l2, "l2");
        near(set.inner_product(a.view(), b.view()), inner, "inner product");
        near(set.l1(a.view(), b.view()), l1, "l1");
        const CosineParts<float> parts = set.cosine(a.view(), b.view());
        near(parts.dot, inner, "cosine's dot");
        near(parts.norm_a, norm_a, "cosine's first norm");
        near(parts.norm_b, norm_b, "cosine's second norm");
    }
};
RUN_PER_LEVEL(SparseKernelsTest);

TEST_P(SparseKernelsTest, random_overlap)
{
    for (std::size_t left : {0, 1, 2, 3, 5, 8, 13, 15, 16, 17, 31, 32, 33, 64, 100, 333})
        for (std::size_t right : {0, 1, 2, 4, 7, 8, 9, 15, 16, 17, 40, 64, 65, 300})
            for (std::int32_t dimensions : {400, 1000, 1000000000})
            {
                expect_distances(sample(left, dimensions), sample(right, dimensions));
                if (HasFatalFailure())
                    return;
            }
}

TEST_P(SparseKernelsTest, unaligned)
{
    for (std::size_t slack : {1, 2, 3, 5})
        for (std::size_t count : {1, 9, 16, 33, 100})
            expect_distances(sample(count, 200), sample(count + 3, 200), slack);
}

TEST_P(SparseKernelsTest, identical)
{
    for (std::size_t count = 0; count <= 70; count++)
    {
        const Sparse x = sample(count, 100000);
        expect_distances(x, x);
        Stored a(x);
        EXPECT_EQ(kernels.sparse.l2_squared(a.view(), a.view()), 0);
        EXPECT_EQ(kernels.sparse.l1(a.view(), a.view()), 0);
    }
}

// One wholly before the other, and the two interleaved without a common index.
TEST_P(SparseKernelsTest, disjoint)
{
    for (std::int32_t count = 1; count <= 70; count++)
    {
        Sparse low, high, even, odd;
        for (std::int32_t i = 0; i < count; i++)
        {
            low[i] = static_cast<float>(i + 1);
            high[1000 + i] = -static_cast<float>(i + 1);
            even[2 * i] = 0.5F;
            odd[2 * i + 1] = 0.25F;
        }
        expect_distances(low, high);
        expect_distances(high, low);
        expect_distances(even, odd);
        Stored a(even), b(odd);
        EXPECT_EQ(kernels.sparse.inner_product(a.view(), b.view()), 0);
    }
}

TEST_P(SparseKernelsTest, one_inside_the_other)
{
    const Sparse large = sample(1000, 100000);
    for (std::size_t every : {1, 2, 3, 7, 50, 999})
    {
        Sparse inside;
        std::size_t position = 0;
        for (const auto &[index, value] : large)
            if (position++ % every == 0)
                inside[index] = -2 * value;
        expect_distances(large, inside);
        expect_distances(inside, large);
    }
}

// The last indices a 32-bit number can hold.
TEST_P(SparseKernelsTest, largest_indices)
{
    const Sparse x{{0, 1.0F}, {999999999, 2.0F}, {2147483646, 3.0F}, {2147483647, 4.0F}};
    const Sparse y{{999999999, 5.0F}, {2147483647, 6.0F}};
    expect_distances(x, y);
    Stored a(x), b(y);
    EXPECT_EQ(kernels.sparse.inner_product(a.view(), b.view()), 34);
}

TEST_P(SparseKernelsTest, nan_and_infinity)
{
    for (std::int32_t place = 0; place < 40; place++)
    {
        Sparse x, y;
        for (std::int32_t i = 0; i < 40; i++)
            x[i] = y[i] = 1;
        x[place] = NAN;
        Stored a(x), b(y);
        EXPECT_TRUE(std::isnan(kernels.sparse.l2_squared(a.view(), b.view())));
        EXPECT_TRUE(std::isnan(kernels.sparse.inner_product(a.view(), b.view())));
        EXPECT_TRUE(std::isnan(kernels.sparse.l1(a.view(), b.view())));
        // Without a partner an infinite value is no part of the product.
        x[place] = INFINITY;
        y.erase(place);
        Stored c(x), d(y);
        EXPECT_EQ(kernels.sparse.inner_product(c.view(), d.view()), 39);
        EXPECT_EQ(kernels.sparse.l1(c.view(), d.view()), INFINITY);
    }
}

}  // namespace
