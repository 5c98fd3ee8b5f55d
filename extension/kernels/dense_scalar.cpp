// Float and half distances in portable C++, for a CPU without the other levels.
#include "kernels/half_bits.inl"
#include "kernels/levels.hpp"
#include "kernels/unaligned.inl"

namespace quiver::kernels {
namespace {

// Partial sums: they bound the rounding error as docs/simd.md states, and let the compiler use the
// base instruction set's vectors without leave to reorder floating-point additions.
constexpr std::size_t width = 8;

inline float widen(float value) { return value; }
inline float widen(Half value) { return half_bits_to_float(value.bits); }

inline float squared_difference(float a, float b) { return (a - b) * (a - b); }
inline float product(float a, float b) { return a * b; }
inline float difference(float a, float b) { return __builtin_fabsf(a - b); }

struct Parts
{
    float lane[width] = {};

    float total() const
    {
        return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
               ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    }
};

template <float term(float, float), class T>
float sum(const T *a, const T *b, std::size_t n) noexcept
{
    Parts parts;
    std::size_t i = 0;
    for (; i + width <= n; i += width)
        for (std::size_t j = 0; j < width; j++)
            parts.lane[j] += term(widen(at(a, i + j)), widen(at(b, i + j)));
    for (; i < n; i++)
        parts.lane[i % width] += term(widen(at(a, i)), widen(at(b, i)));
    return parts.total();
}

template <class T> CosineParts<float> cosine(const T *a, const T *b, std::size_t n) noexcept
{
    Parts dot, norm_a, norm_b;
    const auto add = [&](std::size_t lane, std::size_t i) {
        const float x = widen(at(a, i)), y = widen(at(b, i));
        dot.lane[lane] += x * y;
        norm_a.lane[lane] += x * x;
        norm_b.lane[lane] += y * y;
    };
    std::size_t i = 0;
    for (; i + width <= n; i += width)
        for (std::size_t j = 0; j < width; j++)
            add(j, i + j);
    for (; i < n; i++)
        add(i % width, i);
    return {dot.total(), norm_a.total(), norm_b.total()};
}

template <float term(float, float), class T>
void sum_many(const T *query, const T *const *rows, std::size_t row_count, std::size_t n,
              float *out) noexcept
{
    for (std::size_t r = 0; r < row_count; r++)
        out[r] = sum<term>(query, rows[r], n);
}

template <class T>
void cosine_many(const T *query, const T *const *rows, std::size_t row_count, std::size_t n,
                 CosineParts<float> *out) noexcept
{
    for (std::size_t r = 0; r < row_count; r++)
        out[r] = cosine(query, rows[r], n);
}

template <class T>
constexpr DenseKernels<T> dense_kernels = {
    sum<squared_difference, T>,      sum<product, T>,      cosine<T>,      sum<difference, T>,
    sum_many<squared_difference, T>, sum_many<product, T>, cosine_many<T>, sum_many<difference, T>,
};

}  // namespace

namespace scalar {

constinit const DenseKernels<float> f32 = dense_kernels<float>;
constinit const DenseKernels<Half> f16 = dense_kernels<Half>;

}  // namespace scalar
}  // namespace quiver::kernels
