// Float and half distances in portable C++, for a CPU without the other levels.
#include "kernels/half_bits.inl"
#include "kernels/levels.hpp"

namespace quiver::kernels {
namespace {

// Partial sums: they bound the rounding error as docs/simd.md states, and let the compiler use the
// base instruction set's vectors without leave to reorder floating-point additions.
constexpr std::size_t width = 8;

inline float widen(float value)
{
    return value;
}
inline float widen(Half value)
{
    return half_bits_to_float(value.bits);
}

inline float squared_difference(float a, float b)
{
    return (a - b) * (a - b);
}
inline float product(float a, float b)
{
    return a * b;
}
inline float difference(float a, float b)
{
    return __builtin_fabsf(a - b);
}

template <float term(float, float), class T>
float sum(const T *a, const T *b, std::size_t n) noexcept
{
    float part[width] = {};
    std::size_t i = 0;
    for (; i + width <= n; i += width)
        for (std::size_t j = 0; j < width; j++)
            part[j] += term(widen(a[i + j]), widen(b[i + j]));
    for (; i < n; i++)
        part[i % width] += term(widen(a[i]), widen(b[i]));
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

template <class T> CosineParts<float> cosine(const T *a, const T *b, std::size_t n) noexcept
{
    return {sum<product>(a, b, n), sum<product>(a, a, n), sum<product>(b, b, n)};
}

template <float term(float, float), class T>
void sum_many(const T *query, const T *const *rows, std::size_t row_count, std::size_t n, float *out) noexcept
{
    for (std::size_t r = 0; r < row_count; r++)
        out[r] = sum<term>(query, rows[r], n);
}

template <class T>
void cosine_many(const T *query, const T *const *rows, std::size_t row_count, std::size_t n,
                 CosineParts<float> *out) noexcept
{
    const float norm = sum<product>(query, query, n);
    for (std::size_t r = 0; r < row_count; r++)
        out[r] = {sum<product>(query, rows[r], n), norm, sum<product>(rows[r], rows[r], n)};
}

template <class T>
constexpr DenseKernels<T> dense_kernels = {
    sum<squared_difference, T>, sum<product, T>,      cosine<T>,      sum<difference, T>,
    sum_many<squared_difference, T>, sum_many<product, T>, cosine_many<T>, sum_many<difference, T>,
};

}  // namespace

namespace scalar {

constinit const DenseKernels<float> f32 = dense_kernels<float>;
constinit const DenseKernels<Half> f16 = dense_kernels<Half>;

}  // namespace scalar
}  // namespace quiver::kernels
