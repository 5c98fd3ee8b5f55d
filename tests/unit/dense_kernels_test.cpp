// Float and half distances at every level against double precision, for every length, at aligned and
// unaligned addresses, one to one and one to many.
#include "guarded.hpp"
#include "levels.hpp"
#include "reference.hpp"

#include <cstring>
#include <memory>
#include <random>

namespace {

using namespace quiver::kernels;
using unit::Guarded;
using unit::Reference;

constexpr std::size_t longest = 4100;
constexpr std::size_t row_total = 9;

float element(float value, float) { return value; }
Half element(float value, Half) { return float_to_half(value); }

// Values of mixed sign and magnitude, as a sum's rounding is worst when its terms differ.
template <class T> std::vector<T> random_values(std::mt19937 &random)
{
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> exponent(-6, 6);
    std::vector<T> values;
    for (std::size_t i = 0; i < longest; i++)
        values.push_back(element(std::ldexp(normal(random), exponent(random)), T{}));
    return values;
}

const DenseKernels<float> &table(const Kernels &kernels, float) { return kernels.f32; }
const DenseKernels<Half> &table(const Kernels &kernels, Half) { return kernels.f16; }

struct RowReference
{
    Reference l2_squared, inner_product, l1, norm_a, norm_b;

    template <class T>
    RowReference(const std::vector<T> &a, const std::vector<T> &b)
        : l2_squared(a, b, unit::squared_difference),
          inner_product(a, b, unit::product),
          l1(a, b, unit::difference),
          norm_a(a, b, unit::square_of_first),
          norm_b(a, b, unit::square_of_second)
    {
    }
};

// Whether a result keeps the promise of distance.hpp.
bool within(float result, const Reference &reference, std::size_t n)
{
    const double allowed =
        error_bound(n) * reference.magnitude[n] + 0x1p-150 * static_cast<double>(n);
    return std::fabs(result - reference.value[n]) <= allowed;
}

enum class Placing
{
    together,
    apart,
    unaligned
};

// Bytes between the end of vector number `which` and the page's end.
template <class T> std::size_t slack(Placing placing, std::size_t which)
{
    switch (placing)
    {
    case Placing::together:
        return 0;
    case Placing::apart:
        return sizeof(T) * (5 * which % 16);
    case Placing::unaligned:
        return 1 + 2 * which % 7;
    }
    return 0;
}

template <class T> struct Fixture
{
    std::vector<RowReference> references;
    std::unique_ptr<Guarded<T>> query;
    std::vector<std::unique_ptr<Guarded<T>>> rows;

    // Each vector ends some bytes before the page's end: none, a number of whole elements that differs
    // from row to row, or an odd number, so that no element is aligned.
    explicit Fixture(Placing placing)
    {
        std::mt19937 random(20261);
        const std::vector<T> a = random_values<T>(random);
        query = std::make_unique<Guarded<T>>(a, slack<T>(placing, 1));
        for (std::size_t r = 0; r < row_total; r++)
        {
            const std::vector<T> b = random_values<T>(random);
            references.emplace_back(a, b);
            rows.push_back(std::make_unique<Guarded<T>>(b, slack<T>(placing, r)));
        }
    }

    std::vector<const T *> row_pointers(std::size_t n)
    {
        std::vector<const T *> pointers;
        for (auto &row : rows)
            pointers.push_back(row->last(n));
        return pointers;
    }
};

#define CHECK(what, result, reference) \
    ASSERT_PRED3(within, result, reference, n) << what << " of " << n << ", row " << r

template <class T> void one_to_one(const Kernels &kernels, Placing placing)
{
    const DenseKernels<T> &set = table(kernels, T{});
    Fixture<T> data(placing);
    for (std::size_t n : unit::lengths())
    {
        const std::size_t r = n % row_total;
        const T *a = data.query->last(n), *b = data.rows[r]->last(n);
        const RowReference &is = data.references[r];
        CHECK("l2", set.l2_squared(a, b, n), is.l2_squared);
        CHECK("inner product", set.inner_product(a, b, n), is.inner_product);
        CHECK("l1", set.l1(a, b, n), is.l1);
        const CosineParts<float> parts = set.cosine(a, b, n);
        CHECK("cosine's dot", parts.dot, is.inner_product);
        CHECK("cosine's first norm", parts.norm_a, is.norm_a);
        CHECK("cosine's second norm", parts.norm_b, is.norm_b);
    }
}

template <class T>
void many(const DenseKernels<T> &set, Fixture<T> &data, std::size_t n, std::size_t row_count)
{
    const T *query = data.query->last(n);
    const std::vector<const T *> pointers = data.row_pointers(n);
    Guarded<const T *> rows(std::vector<const T *>(pointers.begin(), pointers.begin() + row_count));
    Guarded<float> l2(row_count), inner(row_count), l1(row_count);
    Guarded<CosineParts<float>> cosine(row_count);
    set.l2_squared_many(query, rows.data(), row_count, n, l2.data());
    set.inner_product_many(query, rows.data(), row_count, n, inner.data());
    set.l1_many(query, rows.data(), row_count, n, l1.data());
    set.cosine_many(query, rows.data(), row_count, n, cosine.data());
    for (std::size_t r = 0; r < row_count; r++)
    {
        const RowReference &is = data.references[r];
        CHECK("l2 to many", l2.data()[r], is.l2_squared);
        CHECK("inner product to many", inner.data()[r], is.inner_product);
        CHECK("l1 to many", l1.data()[r], is.l1);
        CHECK("cosine's dot to many", cosine.data()[r].dot, is.inner_product);
        CHECK("cosine's first norm to many", cosine.data()[r].norm_a, is.norm_a);
        CHECK("cosine's second norm to many", cosine.data()[r].norm_b, is.norm_b);
    }
}

// Nine rows: two groups of four, if they lie alike, and one alone.
template <class T> void one_to_many(const Kernels &kernels, Placing placing)
{
    Fixture<T> data(placing);
    for (std::size_t n : unit::lengths())
    {
        many(table(kernels, T{}), data, n, row_total);
        if (testing::Test::HasFatalFailure())
            return;
    }
}

class DenseKernelsTest : public unit::PerLevel
{
};
RUN_PER_LEVEL(DenseKernelsTest);

TEST_P(DenseKernelsTest, float_one_to_one_together)
{
    one_to_one<float>(kernels, Placing::together);
}
TEST_P(DenseKernelsTest, float_one_to_one_apart) { one_to_one<float>(kernels, Placing::apart); }
TEST_P(DenseKernelsTest, float_one_to_one_unaligned)
{
    one_to_one<float>(kernels, Placing::unaligned);
}
TEST_P(DenseKernelsTest, float_one_to_many_together)
{
    one_to_many<float>(kernels, Placing::together);
}
TEST_P(DenseKernelsTest, float_one_to_many_apart) { one_to_many<float>(kernels, Placing::apart); }
TEST_P(DenseKernelsTest, float_one_to_many_unaligned)
{
    one_to_many<float>(kernels, Placing::unaligned);
}
TEST_P(DenseKernelsTest, half_one_to_one_together) { one_to_one<Half>(kernels, Placing::together); }
TEST_P(DenseKernelsTest, half_one_to_one_apart) { one_to_one<Half>(kernels, Placing::apart); }
TEST_P(DenseKernelsTest, half_one_to_one_unaligned)
{
    one_to_one<Half>(kernels, Placing::unaligned);
}
TEST_P(DenseKernelsTest, half_one_to_many_together)
{
    one_to_many<Half>(kernels, Placing::together);
}
TEST_P(DenseKernelsTest, half_one_to_many_apart) { one_to_many<Half>(kernels, Placing::apart); }
TEST_P(DenseKernelsTest, half_one_to_many_unaligned)
{
    one_to_many<Half>(kernels, Placing::unaligned);
}

// Equal rows tie wherever they lie: long vectors may be read from an aligned address on, but a
// result is the same to the last bit.
TEST_P(DenseKernelsTest, results_do_not_depend_on_the_address)
{
    std::mt19937 random(7);
    std::vector<float> a = random_values<float>(random), b = random_values<float>(random);
    // Values whose sums are rounded, or the order of adding would not show.
    for (std::size_t i = 0; i < longest; i++)
    {
        a[i] *= 1.1F;
        b[i] *= 1.3F;
    }
    alignas(64) static char query_space[4 * longest + 128], row_space[12][4 * longest + 128];
    for (std::size_t n :
         {std::size_t{255}, std::size_t{256}, std::size_t{511}, std::size_t{512}, std::size_t{600},
          std::size_t{768}, std::size_t{777}, std::size_t{799}, std::size_t{1536}, longest})
        for (std::size_t offset = 0; offset < 72; offset++)
        {
            // One odd address among them; the rows move on by four bytes, by eight, not at all.
            const std::size_t apart[] = {0, 4, 8, 0};
            auto *query = reinterpret_cast<float *>(query_space + offset * 12 % 64);
            std::memcpy(query, a.data(), n * sizeof(float));
            const float *rows[12], *aligned_rows[12];
            for (std::size_t r = 0; r < 12; r++)
            {
                char *row = row_space[r] + (offset + apart[r % 4]) % 65;
                std::memcpy(row, b.data(), n * sizeof(float));
                rows[r] = reinterpret_cast<const float *>(row);
                aligned_rows[r] = b.data();
            }
            const auto same = [&](auto one, auto many) {
                const float expected = one(a.data(), b.data(), n);
                float of_aligned[12], of_rows[12];
                many(a.data(), aligned_rows, 12, n, of_aligned);
                many(query, rows, 12, n, of_rows);
                for (std::size_t r = 0; r < 12; r++)
                {
                    ASSERT_EQ(one(query, rows[r], n), expected) << n << " at " << offset;
                    ASSERT_EQ(of_rows[r], of_aligned[r]) << n << " at " << offset << ", many";
                }
            };
            same(kernels.f32.l2_squared, kernels.f32.l2_squared_many);
            same(kernels.f32.inner_product, kernels.f32.inner_product_many);
            same(kernels.f32.l1, kernels.f32.l1_many);
            if (HasFatalFailure())
                return;
        }
}

TEST_P(DenseKernelsTest, any_number_of_rows)
{
    Fixture<float> floats(Placing::apart);
    Fixture<Half> halves(Placing::apart);
    for (std::size_t row_count = 0; row_count <= row_total; row_count++)
        for (std::size_t n : {std::size_t{1}, std::size_t{15}, std::size_t{100}, std::size_t{777}})
        {
            many(kernels.f32, floats, n, row_count);
            many(kernels.f16, halves, n, row_count);
            if (HasFatalFailure())
                return;
        }
}

}  // namespace
