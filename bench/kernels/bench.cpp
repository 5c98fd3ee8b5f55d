// The kernels against plain C loops: one pair, and one query against a block of rows that lies in the
// L2 cache or nowhere near. Prints a Markdown table; `bench [LEVEL [ROUNDS [PASSES]]]`.
//
// One line's rounds are over in milliseconds, so a neighbour's burst would spoil them all: the whole
// table is gone through several times, on memory taken anew, and a line is the median of its passes,
// of the calm ones (timing.hpp) if there were three.
#include "kernels/distance.hpp"
#include "plain.h"
#include "timing.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>
#include <string>

namespace {

using namespace quiver::kernels;
using bench::Comparison;

int rounds = 9;
int passes = 9;
constexpr std::size_t block = 64;  // rows per call of a one-to-many kernel

template <class T> T random_element(std::mt19937 &random);
template <> float random_element(std::mt19937 &random)
{
    return std::normal_distribution<float>()(random);
}
template <> std::uint16_t random_element(std::mt19937 &random)
{
    return float_to_half(random_element<float>(random)).bits;
}
template <> std::int8_t random_element(std::mt19937 &random)
{
    return static_cast<std::int8_t>(random());
}
template <> std::uint8_t random_element(std::mt19937 &random)
{
    return static_cast<std::uint8_t>(random());
}

// Rows of n elements as they lie in a table's pages: one after the other, each behind a header that
// leaves its elements eight bytes past a multiple of sixteen.
template <class T> struct Rows
{
    std::vector<char> bytes;
    std::vector<const T *> pointers;

    Rows(std::size_t count, std::size_t n, std::mt19937 &random)
    {
        const std::size_t stride = (n * sizeof(T) + 24 + 15) / 16 * 16;
        bytes.resize(count * stride + 128);
        const std::size_t start = 64 - reinterpret_cast<std::uintptr_t>(bytes.data()) % 64 + 8;
        std::vector<T> pool(std::size_t{1} << 16);
        for (T &element : pool)
            element = random_element<T>(random);
        for (std::size_t r = 0; r < count; r++)
        {
            char *row = bytes.data() + start + r * stride;
            std::memcpy(row, pool.data() + random() % (pool.size() - n), n * sizeof(T));
            pointers.push_back(reinterpret_cast<const T *>(row));
        }
    }
};

struct Line
{
    std::string type, metric, work;
    std::size_t n;
    double bar;  // 0 for none
    struct Pass
    {
        std::vector<double> theirs, ours, ratio;  // one of each pass
    } all, calm;

    const Pass &counted() const { return calm.ratio.size() >= 3 ? calm : all; }
};

std::vector<Line> table;
std::size_t next_line = 0;  // of this pass; every pass measures the same lines in the same order

void line(const char *type, const char *metric, std::size_t n, const char *work,
          const Comparison &c, double bar)
{
    if (next_line == table.size())
        table.push_back({type, metric, work, n, n >= 768 ? bar : 0, {}, {}});
    Line &line = table[next_line++];
    for (Line::Pass *pass : {&line.all, &line.calm})
        if (pass == &line.all || c.calm)
        {
            pass->theirs.push_back(c.theirs);
            pass->ours.push_back(c.ours);
            pass->ratio.push_back(c.ratio);
        }
}

void print(const Line &line)
{
    const Line::Pass &pass = line.counted();
    const double ratio = bench::median(pass.ratio);
    std::printf("| %s | %s | %zu | %s | %.1f | %.1f | %.2f |", line.type.c_str(),
                line.metric.c_str(), line.n, line.work.c_str(), bench::median(pass.theirs),
                bench::median(pass.ours), ratio);
    if (line.bar > 0)
        std::printf(" %.1f | %s |\n", line.bar, ratio <= line.bar ? "yes" : "**no**");
    else
        std::printf(" | |\n");
}

double number(double value) { return value; }
double number(const plain_parts &parts) { return parts.dot + parts.norm_a + parts.norm_b; }
template <class A> double number(const CosineParts<A> &parts)
{
    return parts.dot + parts.norm_a + parts.norm_b;
}
double number(const JaccardParts &parts)
{
    return static_cast<double>(parts.both + parts.either_a + parts.either_b);
}

// `theirs(a, b, n)` against our one-to-one and one-to-many kernels. T is the element of the C loop,
// K that of the kernel; their bytes are the same. Times are per row.
template <class K, class T, class Theirs, class One, class Many>
void measure(const char *type, const char *metric, std::size_t n, bool bars, Theirs theirs, One one,
             Many many)
{
    std::mt19937 random(1);
    const Rows<T> query(1, n, random);
    const T *a = query.pointers[0];
    const K *our_a = reinterpret_cast<const K *>(a);
    using Result = decltype(one(our_a, our_a, n));
    {
        const Rows<T> row(1, n, random);
        const T *b = row.pointers[0];
        const K *our_b = reinterpret_cast<const K *>(b);
        line(type, metric, n, "pair",
             bench::compare([&] { return number(theirs(a, b, n)); },
                            [&] { return number(one(our_a, our_b, n)); }, rounds),
             bars ? 0.7 : 0);
    }
    for (const bool cached : {true, false})
    {
        const std::size_t bytes = cached ? block * n * sizeof(T) : std::size_t{128} << 20;
        const std::size_t count = bytes / (n * sizeof(T)) / block * block;
        const Rows<T> rows(count, n, random);
        std::size_t their_place = 0, our_place = 0;
        Result out[block];
        Comparison c = bench::compare(
            [&] {
                double sum = 0;
                for (std::size_t r = 0; r < block; r++)
                    sum += number(theirs(a, rows.pointers[their_place + r], n));
                their_place = (their_place + block) % count;
                return sum;
            },
            [&] {
                many(our_a, reinterpret_cast<const K *const *>(rows.pointers.data() + our_place),
                     block, n, out);
                our_place = (our_place + block) % count;
                return number(out[0]) + number(out[block - 1]);
            },
            rounds);
        c.theirs /= block;
        c.ours /= block;
        line(type, metric, n, cached ? "64 rows, L2" : "64 rows, memory", c,
             bars && cached ? 0.5 : 0);
    }
}

// The faster of the two ways a peer has to work on halves.
template <class F> F faster(F f16c, F typed, std::size_t n)
{
    std::mt19937 random(2);
    const Rows<std::uint16_t> rows(2, n, random);
    const auto *a = rows.pointers[0], *b = rows.pointers[1];
    const Comparison c = bench::compare([&] { return number(f16c(a, b, n)); },
                                        [&] { return number(typed(a, b, n)); }, rounds);
    return c.ratio < 1 ? typed : f16c;
}

void dense(const Kernels &k, std::size_t n)
{
    const auto &f = k.f32;
    measure<float, float>("float", "l2", n, true, plain_l2_squared, f.l2_squared,
                          f.l2_squared_many);
    measure<float, float>("float", "ip", n, true, plain_inner_product, f.inner_product,
                          f.inner_product_many);
    measure<float, float>("float", "cosine", n, true, plain_cosine, f.cosine, f.cosine_many);
    measure<float, float>("float", "l1", n, true, plain_l1, f.l1, f.l1_many);

    const auto &h = k.f16;
    using U = std::uint16_t;
    measure<Half, U>("half", "l2", n, true, faster(f16c_l2_squared, typed_l2_squared, n),
                     h.l2_squared, h.l2_squared_many);
    measure<Half, U>("half", "ip", n, true, faster(f16c_inner_product, typed_inner_product, n),
                     h.inner_product, h.inner_product_many);
    measure<Half, U>("half", "cosine", n, true, faster(f16c_cosine, typed_cosine, n), h.cosine,
                     h.cosine_many);
    measure<Half, U>("half", "l1", n, true, faster(f16c_l1, typed_l1, n), h.l1, h.l1_many);

    const auto &i = k.i8;
    using I = std::int8_t;
    measure<I, I>("int8", "l2", n, false, plain_int8_l2_squared, i.l2_squared, i.l2_squared_many);
    measure<I, I>("int8", "ip", n, false, plain_int8_inner_product, i.inner_product,
                  i.inner_product_many);
    measure<I, I>("int8", "l1", n, false, plain_int8_l1, i.l1, i.l1_many);
}

void bits(const Kernels &k, std::size_t n)
{
    using B = std::uint8_t;
    measure<B, B>("bit", "hamming", n / 8, false, plain_hamming, k.bit.hamming, k.bit.hamming_many);
    measure<B, B>("bit", "jaccard", n / 8, false, plain_jaccard, k.bit.jaccard, k.bit.jaccard_many);
}

struct Sparse
{
    std::vector<std::int32_t> indices;
    std::vector<float> values;

    Sparse(std::size_t count, std::int32_t dimensions, std::mt19937 &random)
    {
        std::uniform_int_distribution<std::int32_t> index(0, dimensions - 1);
        std::set<std::int32_t> chosen;
        while (chosen.size() < count)
            chosen.insert(index(random));
        indices.assign(chosen.begin(), chosen.end());
        for (std::size_t i = 0; i < count; i++)
            values.push_back(random_element<float>(random));
    }
    SparseView view() const { return {indices.data(), values.data(), indices.size()}; }
};

// Enough vectors against one that the branch predictor cannot learn them by heart.
void sparse(const Kernels &k, std::size_t count, const char *overlap, std::int32_t dimensions)
{
    constexpr std::size_t row_count = 2048;
    std::mt19937 random(3);
    const Sparse query(count, dimensions, random);
    std::vector<Sparse> rows;
    for (std::size_t r = 0; r < row_count; r++)
        rows.emplace_back(count, dimensions, random);
    const auto run = [&](const char *metric, auto theirs, auto ours) {
        Comparison c = bench::compare(
            [&] {
                double sum = 0;
                for (const Sparse &row : rows)
                    sum += theirs(query.indices.data(), query.values.data(), count,
                                  row.indices.data(), row.values.data(), count);
                return sum;
            },
            [&] {
                double sum = 0;
                for (const Sparse &row : rows)
                    sum += ours(query.view(), row.view());
                return sum;
            },
            rounds);
        c.theirs /= row_count;
        c.ours /= row_count;
        line("sparse", metric, count, overlap, c, 0);
    };
    run("l2", plain_sparse_l2_squared, k.sparse.l2_squared);
    run("ip", plain_sparse_inner_product, k.sparse.inner_product);
}

}  // namespace

int main(int count, char **arguments)
{
    Level level = best_level();
    if (count > 1)
        for (Level candidate : {Level::scalar, Level::avx2, Level::avx512, Level::neon})
            if (std::strcmp(arguments[1], level_name(candidate)) == 0)
                level = candidate;
    if (count > 2)
        rounds = std::atoi(arguments[2]);
    if (count > 3)
        passes = std::atoi(arguments[3]);
    const Kernels *kernels = kernels_for(level);
    if (kernels == nullptr || rounds < 1 || passes < 1)
        return 2;

    for (int pass = 0; pass < passes; pass++, next_line = 0)
    {
        for (std::size_t n : {100, 768, 1536})
            dense(*kernels, n);
        for (std::size_t n : {768, 1536})
            bits(*kernels, n);
        for (std::size_t elements : {16, 64, 256, 1000})
        {
            const auto dimensions = static_cast<std::int32_t>(elements);
            sparse(*kernels, elements, "few in common", dimensions * 30);
            sparse(*kernels, elements, "half in common", dimensions * 2);
        }
    }
    std::printf(
        "| type | metric | dims | work | plain C, ns | quiver %s, ns | ratio | bar | met |\n"
        "|---|---|---:|---|---:|---:|---:|---:|---|\n",
        level_name(level));
    std::size_t disturbed = 0;
    for (const Line &line : table)
    {
        print(line);
        disturbed += line.calm.ratio.size() < 3 ? 1 : 0;
    }
    std::printf(
        "\nCalm rounds: %zu of %zu. Lines without three calm passes, taken from all rounds: %zu.\n",
        bench::rounds_calm, bench::rounds_timed, disturbed);
}
