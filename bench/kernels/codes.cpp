// Distances estimated from codes against distances of the vectors themselves, one query against rows
// gathered from a cache or from memory; and what encoding and preparing cost. `codes [LEVEL] [ROUNDS]`.
#include "kernels/distance.hpp"
#include "timing.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

namespace {

using namespace quiver::kernels;

int rounds = 31;
constexpr std::size_t block = 32;  // a list of neighbours

// `count` records of `size` bytes, and addresses of them in random order.
struct Records
{
    std::vector<std::uint8_t> bytes;
    std::vector<const std::uint8_t *> gathered;

    Records(std::size_t count, std::size_t size, std::mt19937 &random) : bytes(count * size + 64)
    {
        std::uint8_t *start =
            bytes.data() + 64 - reinterpret_cast<std::uintptr_t>(bytes.data()) % 64;
        for (std::size_t i = 0; i + 8 <= count * size; i += 8)
        {
            // Small floats, whether read as elements, factors or code.
            const float pair[2] = {static_cast<float>(random() % 1000) / 500 - 1, 1};
            std::memcpy(start + i, pair, sizeof pair);
        }
        for (std::size_t i = 0; i < std::size_t{1} << 16; i++)
            gathered.push_back(start + random() % count * size);
    }
};

void measure(const Kernels &kernels, std::size_t dims, unsigned bits)
{
    std::mt19937 random(11);
    std::normal_distribution<float> normal;
    std::vector<float> query(dims), centre(dims), scratch(dims);
    for (float &x : query)
        x = normal(random);
    std::vector<std::int8_t> memory(code_query_bytes(dims, bits));
    const CodeSpace space{static_cast<std::uint32_t>(dims), bits, CodeMetric::l2_squared, 1,
                          centre.data()};
    const CodeQuery prepared = prepare_query(space, query.data(), scratch.data(), memory.data());
    const std::size_t record = code_record_bytes(dims, bits);
    for (const bool cached : {true, false})
    {
        const std::size_t count = cached ? 512 : (std::size_t{256} << 20) / (dims * sizeof(float));
        const Records vectors(count, dims * sizeof(float), random), codes(count, record, random);
        std::size_t their_place = 0, our_place = 0;
        float out[block];
        bench::Comparison c = bench::compare(
            [&] {
                kernels.f32.l2_squared_many(
                    query.data(),
                    reinterpret_cast<const float *const *>(vectors.gathered.data() + their_place),
                    block, dims, out);
                their_place = (their_place + block) % vectors.gathered.size();
                return out[0];
            },
            [&] {
                kernels.code.estimate_many[code_width(bits)](
                    prepared, codes.gathered.data() + our_place, block, out);
                our_place = (our_place + block) % codes.gathered.size();
                return out[0];
            },
            rounds);
        std::printf("| %zu | %u | %zu | %s | %.1f | %.1f | %.2f |\n", dims, bits, record,
                    cached ? "cache" : "memory", c.theirs / block, c.ours / block, c.ratio);
        std::fflush(stdout);
    }
}

void preparation(std::size_t dims, unsigned bits)
{
    std::mt19937 random(12);
    std::normal_distribution<float> normal;
    std::vector<float> vector(dims), centre(dims), scratch(dims);
    for (float &x : vector)
        x = normal(random);
    std::vector<std::uint8_t> record(code_record_bytes(dims, bits));
    std::vector<std::int8_t> memory(code_query_bytes(dims, bits));
    const CodeSpace space{static_cast<std::uint32_t>(dims), bits, CodeMetric::l2_squared, 1,
                          centre.data()};
    const bench::Comparison both = bench::compare(
        [&] {
            encode(space, vector.data(), scratch.data(), record.data());
            return record[8];
        },
        [&] { return prepare_query(space, vector.data(), scratch.data(), memory.data()).base; },
        rounds);
    const bench::Comparison unpacked = bench::compare(
        [&] { return prepare_query(space, vector.data(), scratch.data(), memory.data()).base; },
        [&] { return prepare_record(space, record.data(), 0, memory.data()).base; }, rounds);
    std::printf("| %zu | %u | %.0f | %.0f | %.0f |\n", dims, bits, both.theirs, both.ours,
                unpacked.ours);
    std::fflush(stdout);
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
    const Kernels *kernels = kernels_for(level);
    if (kernels == nullptr || rounds < 1)
        return 2;

    std::printf("\n## Codes against the vectors themselves, %s\n\n"
                "32 rows gathered from 512, or at random from 256 MB of vectors; ns per row.\n\n"
                "| dims | bits | bytes | rows from | vectors, ns | codes, ns | ratio |\n"
                "|---:|---:|---:|---|---:|---:|---:|\n",
                level_name(level));
    for (std::size_t dims : {100, 512, 784, 1536})
        for (unsigned bits : {1, 2, 4, 8})
            measure(*kernels, dims, bits);
    std::printf("\nOnce for a vector, ns:\n\n"
                "| dims | bits | encode | query from a vector | query from a code |\n"
                "|---:|---:|---:|---:|---:|\n");
    for (std::size_t dims : {100, 784, 1536})
        for (unsigned bits : {1, 4, 8})
            preparation(dims, bits);
}
