// Nanoseconds per number of the text codec, beside strtof and the server's own float printer.
//
// All contenders work on the same numbers, in turns; the figure is the median of the rounds.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <time.h>

#include "kernels/text_float.hpp"

extern "C" int float_to_shortest_decimal_bufn(float value, char *out);

namespace {

using quiver::kernels::Half;
using quiver::kernels::parse_float;
using quiver::kernels::print_float;
using quiver::kernels::print_half;

constexpr std::size_t count = 100000;
constexpr int rounds = 41;

// So that no result is dead.
volatile std::uint64_t sink;

// Processor time of this thread, so that a busy machine disturbs little.
double thread_nanoseconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <typename Work> double nanoseconds(Work work)
{
    const double start = thread_nanoseconds();
    sink = sink + work();
    return (thread_nanoseconds() - start) / static_cast<double>(count);
}

double median(std::vector<double> values)
{
    std::nth_element(values.begin(), values.begin() + rounds / 2, values.end());
    return values[rounds / 2];
}

float as_float(float number) { return number; }
float as_float(Half number) { return quiver::kernels::half_to_float(number); }

struct Texts
{
    std::string bytes;  // each text ends in NUL
    std::vector<std::size_t> starts;
};

Texts make_texts(const std::vector<float> &numbers, const char *format)
{
    Texts texts;
    for (const float number : numbers)
    {
        char text[64];
        texts.starts.push_back(texts.bytes.size());
        const int length = std::snprintf(text, sizeof text, format, static_cast<double>(number));
        texts.bytes.append(text, static_cast<std::size_t>(length) + 1);
    }
    return texts;
}

// `print(number, out)` beside the server's printer of the same number as a float.
template <typename Number, typename Print>
void compare_printing(const char *name, const std::vector<Number> &numbers, Print print)
{
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int round = 0; round < rounds; round++)
    {
        ours.push_back(nanoseconds([&] {
            std::uint64_t total = 0;
            char out[32];
            for (const Number number : numbers)
                total += static_cast<std::uint64_t>(print(number, out) - out);
            return total;
        }));
        theirs.push_back(nanoseconds([&] {
            std::uint64_t total = 0;
            char out[32];
            for (const Number number : numbers)
                total += static_cast<std::uint64_t>(
                    float_to_shortest_decimal_bufn(as_float(number), out));
            return total;
        }));
    }
    std::printf("| print | %s | %.1f | %.1f | %.2f |\n", name, median(ours), median(theirs),
                median(ours) / median(theirs));
}

void compare_parsing(const char *name, const std::vector<float> &numbers, const char *format)
{
    const Texts texts = make_texts(numbers, format);
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int round = 0; round < rounds; round++)
    {
        ours.push_back(nanoseconds([&] {
            float total = 0;
            for (const std::size_t start : texts.starts)
                total += parse_float(&texts.bytes[start]).value;
            return static_cast<std::uint64_t>(total != 0);
        }));
        theirs.push_back(nanoseconds([&] {
            float total = 0;
            for (const std::size_t start : texts.starts)
                total += std::strtof(&texts.bytes[start], nullptr);
            return static_cast<std::uint64_t>(total != 0);
        }));
    }
    std::printf("| parse | %s | %.1f | %.1f | %.2f |\n", name, median(ours), median(theirs),
                median(ours) / median(theirs));
}

}  // namespace

int main()
{
    std::mt19937 random(20);
    std::normal_distribution<float> embedding(0.0F, 0.04F);
    std::uniform_int_distribution<int> whole(0, 255);
    std::vector<float> embeddings(count);
    std::vector<float> integers(count);
    std::vector<float> hundredths(count);
    for (std::size_t i = 0; i < count; i++)
    {
        embeddings[i] = embedding(random);
        integers[i] = static_cast<float>(whole(random));
        hundredths[i] = static_cast<float>(whole(random)) / 100.0F;
    }
    std::puts("| work | numbers | quiver, ns | server or libc, ns | ratio |");
    std::puts("|---|---|---:|---:|---:|");
    std::vector<Half> halves;
    for (const float number : embeddings)
        halves.push_back(quiver::kernels::float_to_half(number));
    compare_printing("normal, sigma 0.04", embeddings, print_float);
    compare_printing("integers 0..255", integers, print_float);
    compare_printing("hundredths", hundredths, print_float);
    compare_printing("halves, normal, sigma 0.04", halves, print_half);
    compare_parsing("normal, 9 digits", embeddings, "%.9g");
    compare_parsing("normal, 17 digits", embeddings, "%.17g");
    compare_parsing("integers 0..255", integers, "%.9g");
    compare_parsing("hundredths", hundredths, "%.2f");
    return 0;
}
