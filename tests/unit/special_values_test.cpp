// NaN, infinity, overflow, subnormal numbers and empty vectors, wherever in the vector they stand.
#include "guarded.hpp"
#include "levels.hpp"

#include <cmath>
#include <limits>

namespace {

using namespace quiver::kernels;
using unit::Guarded;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

class SpecialValuesTest : public unit::PerLevel
{
protected:
    // Ones, except `special` at `place`, against `other` everywhere; with all four kernels, one to
    // one and (as the last of four rows) one to many.
    struct Results
    {
        float l2_squared, inner_product, l1, dot;
    };

    template <class T, class Check>
    void everywhere(const DenseKernels<T> &set, T one, T special, T other, Check check)
    {
        for (std::size_t n : {1, 7, 8, 16, 33, 100, 129})
            for (std::size_t place = 0; place < n; place++)
            {
                std::vector<T> ones(n, one), others(n, other), changed = ones;
                changed[place] = special;
                Guarded<T> a(changed), b(others), plain(ones);
                check(Results{
                    set.l2_squared(a.data(), b.data(), n), set.inner_product(a.data(), b.data(), n),
                    set.l1(a.data(), b.data(), n), set.cosine(a.data(), b.data(), n).dot});

                const T *rows[] = {plain.data(), plain.data(), plain.data(), a.data()};
                float l2[4], inner[4], l1[4];
                CosineParts<float> cosine[4];
                set.l2_squared_many(b.data(), rows, 4, n, l2);
                set.inner_product_many(b.data(), rows, 4, n, inner);
                set.l1_many(b.data(), rows, 4, n, l1);
                set.cosine_many(b.data(), rows, 4, n, cosine);
                check(Results{l2[3], inner[3], l1[3], cosine[3].dot});
                ASSERT_TRUE(std::isfinite(l2[0])) << "a special value in one row reached another";
            }
    }

    static void all_nan(const Results &r)
    {
        ASSERT_TRUE(std::isnan(r.l2_squared) && std::isnan(r.inner_product) && std::isnan(r.l1) &&
                    std::isnan(r.dot));
    }
    static void all_infinite(const Results &r)
    {
        ASSERT_EQ(r.l2_squared, infinity);
        ASSERT_EQ(r.inner_product, infinity);
        ASSERT_EQ(r.l1, infinity);
        ASSERT_EQ(r.dot, infinity);
    }
};
RUN_PER_LEVEL(SpecialValuesTest);

TEST_P(SpecialValuesTest, nan_stays_nan)
{
    everywhere(kernels.f32, 1.0F, nan, 2.0F, all_nan);
    everywhere(kernels.f16, float_to_half(1), Half{0x7E00}, float_to_half(2), all_nan);
}

TEST_P(SpecialValuesTest, infinity_gives_infinity)
{
    everywhere(kernels.f32, 1.0F, infinity, 2.0F, all_infinite);
    everywhere(kernels.f16, float_to_half(1), Half{0x7C00}, float_to_half(2), all_infinite);
}

TEST_P(SpecialValuesTest, distance_between_infinities_is_nan)
{
    const float a[] = {1, infinity}, b[] = {1, infinity};
    EXPECT_TRUE(std::isnan(kernels.f32.l2_squared(a, b, 2)));
    EXPECT_TRUE(std::isnan(kernels.f32.l1(a, b, 2)));
}

TEST_P(SpecialValuesTest, a_sum_too_large_is_infinite)
{
    for (std::size_t n : {1, 8, 40, 100})
    {
        std::vector<float> a(n, 3e38F), b(n, -3e38F);
        EXPECT_EQ(kernels.f32.l2_squared(a.data(), b.data(), n), infinity);
        EXPECT_EQ(kernels.f32.inner_product(a.data(), b.data(), n), -infinity);
        EXPECT_EQ(kernels.f32.cosine(a.data(), b.data(), n).norm_a, infinity);
        EXPECT_EQ(kernels.f32.l1(a.data(), b.data(), n), infinity);
    }
}

// Half overflows at 65504, but a sum of halves is a float.
TEST_P(SpecialValuesTest, a_sum_of_halves_may_exceed_a_half)
{
    std::vector<Half> a(100, Half{0x7BFF}), b(100, Half{0xFBFF});
    EXPECT_FLOAT_EQ(kernels.f16.l1(a.data(), b.data(), 100), 100 * 2 * 65504.0F);
    EXPECT_FLOAT_EQ(kernels.f16.inner_product(a.data(), b.data(), 100), -100 * 65504.0F * 65504.0F);
}

TEST_P(SpecialValuesTest, subnormal_numbers_count)
{
    const float tiny = std::numeric_limits<float>::denorm_min();
    for (std::size_t n : {1, 8, 40, 100})
    {
        std::vector<float> a(n, tiny), b(n, -tiny), ones(n, 1);
        EXPECT_EQ(kernels.f32.inner_product(a.data(), ones.data(), n),
                  static_cast<float>(n) * tiny);
        EXPECT_EQ(kernels.f32.l1(a.data(), b.data(), n), static_cast<float>(2 * n) * tiny);
        std::vector<Half> small(n, Half{0x0001}), zeros(n, Half{0x8000});
        EXPECT_EQ(kernels.f16.l1(small.data(), zeros.data(), n), static_cast<float>(n) * 0x1p-24F);
        EXPECT_EQ(kernels.f16.l2_squared(small.data(), zeros.data(), n),
                  static_cast<float>(n) * 0x1p-48F);
    }
}

template <class T> void expect_zero_without_elements(const DenseKernels<T> &set)
{
    Guarded<T> none(0);
    const T *rows[] = {none.data(), none.data(), none.data(), none.data(), none.data()};
    Acc<T> out[5] = {1, 1, 1, 1, 1};
    EXPECT_EQ(set.l2_squared(none.data(), none.data(), 0), 0);
    EXPECT_EQ(set.inner_product(none.data(), none.data(), 0), 0);
    EXPECT_EQ(set.l1(none.data(), none.data(), 0), 0);
    const CosineParts<Acc<T>> parts = set.cosine(none.data(), none.data(), 0);
    EXPECT_TRUE(parts.dot == 0 && parts.norm_a == 0 && parts.norm_b == 0);
    set.l2_squared_many(none.data(), rows, 5, 0, out);
    for (Acc<T> value : out)
        EXPECT_EQ(value, 0);
}

TEST_P(SpecialValuesTest, no_elements_give_zero)
{
    expect_zero_without_elements(kernels.f32);
    expect_zero_without_elements(kernels.f16);
    expect_zero_without_elements(kernels.i8);
    Guarded<std::uint8_t> none(0);
    EXPECT_EQ(kernels.bit.hamming(none.data(), none.data(), 0), 0U);
    EXPECT_EQ(kernels.bit.jaccard(none.data(), none.data(), 0).both, 0U);
}

}  // namespace
