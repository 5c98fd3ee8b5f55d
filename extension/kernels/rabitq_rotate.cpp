// A random rotation in n log n steps: signs are flipped at random and Walsh-Hadamard transforms mix
// what lies in a power of two of the elements.
//
// A length that is no power of two is not padded: one transform covers its start, one its end, and
// a step of Kac's walk joins the two halves. Additions, and products that no sum follows: the
// result is the same for any order of evaluation a compiler may choose.
#include "kernels/rabitq.hpp"

namespace quiver::kernels {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014): the stream of random signs.
struct Signs
{
    std::uint64_t state;

    std::uint64_t next()
    {
        state += 0x9E3779B97F4A7C15;
        std::uint64_t z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
};

// Four elements at a time, in the compiler's own vectors: every instruction set has them.
using Four = float __attribute__((vector_size(16)));
using FourBits = std::uint32_t __attribute__((vector_size(16)));

template <class V> V load(const float *from)
{
    V value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}
template <class V> void store(float *to, V value) { __builtin_memcpy(to, &value, sizeof value); }

void flip_signs(float *x, std::size_t n, Signs &signs)
{
    constexpr FourBits lanes{1, 2, 4, 8};
    constexpr std::uint32_t sign = 0x80000000;
    for (std::size_t i = 0; i < n; i += 64)
    {
        std::uint64_t word = signs.next();
        const std::size_t end = n - i < 64 ? n - i : 64;
        std::size_t j = 0;
        for (; j + 4 <= end; j += 4, word >>= 4)
        {
            const auto low = static_cast<std::uint32_t>(word);
            const FourBits chosen = (FourBits{low, low, low, low} & lanes) == lanes
                                        ? FourBits{sign, sign, sign, sign}
                                        : FourBits{};
            store(x + i + j, load<FourBits>(x + i + j) ^ chosen);
        }
        for (; j < end; j++, word >>= 1)
            x[i + j] = word & 1 ? -x[i + j] : x[i + j];
    }
}

inline void butterfly(float &a, float &b)
{
    const float sum = a + b;
    b = a - b;
    a = sum;
}

// The transform of n = 2^k elements, times `scale`.
void hadamard(float *x, std::size_t n, float scale)
{
    std::size_t h = n / 2;
    // Two steps at a time.
    for (; h >= 8; h /= 4)
        for (std::size_t i = 0; i < n; i += 2 * h)
            for (std::size_t j = i; j < i + h / 2; j += 4)
            {
                float *at[4] = {x + j, x + j + h / 2, x + j + h, x + j + h + h / 2};
                const Four a = load<Four>(at[0]), b = load<Four>(at[1]);
                const Four c = load<Four>(at[2]), d = load<Four>(at[3]);
                const Four low = a + c, low_2 = b + d, high = a - c, high_2 = b - d;
                store(at[0], low + low_2);
                store(at[1], low - low_2);
                store(at[2], high + high_2);
                store(at[3], high - high_2);
            }
    for (; h >= 4; h /= 2)
        for (std::size_t i = 0; i < n; i += 2 * h)
            for (std::size_t j = i; j < i + h; j += 4)
            {
                const Four low = load<Four>(x + j), high = load<Four>(x + j + h);
                store(x + j, low + high);
                store(x + j + h, low - high);
            }
    if (n >= 4)
        for (std::size_t i = 0; i < n; i += 4)
        {
            // The last two steps, within one vector.
            constexpr Four by_two{1, 1, -1, -1}, by_one{1, -1, 1, -1};
            Four v = load<Four>(x + i);
            v = __builtin_shufflevector(v, v, 0, 1, 0, 1) +
                __builtin_shufflevector(v, v, 2, 3, 2, 3) * by_two;
            v = __builtin_shufflevector(v, v, 0, 0, 2, 2) +
                __builtin_shufflevector(v, v, 1, 1, 3, 3) * by_one;
            store(x + i, v * scale);
        }
    else if (n == 2)
    {
        butterfly(x[0], x[1]);
        x[0] *= scale;
        x[1] *= scale;
    }
}

}  // namespace

void rotate(float *x, std::size_t n, std::uint64_t seed) noexcept
{
    if (n == 0)
        return;
    std::size_t power = 1;
    while (power * 2 <= n)
        power *= 2;
    const float scale = static_cast<float>(1 / __builtin_sqrt(static_cast<double>(power)));
    Signs signs{seed};
    for (int round = 0; round < 2; round++)
    {
        flip_signs(x, n, signs);
        hadamard(x, power, scale);
        if (power == n)
            continue;
        flip_signs(x, n, signs);
        hadamard(x + n - power, power, scale);
        constexpr float half_root = 0.70710678F;
        const std::size_t half = n / 2;
        float *high = x + n - half;
        for (std::size_t i = 0; i < half; i++)
            butterfly(x[i], high[i]);
        for (std::size_t i = 0; i < half; i++)
            x[i] *= half_root;
        for (std::size_t i = 0; i < half; i++)
            high[i] *= half_root;
    }
}

}  // namespace quiver::kernels
