// Distances of 8-bit integers in portable C++. The compiler turns these loops into the base
// instruction set's vectors: integer additions may be reordered.
#include "kernels/levels.hpp"

namespace quiver::kernels::scalar {
namespace {

using Int8 = std::int8_t;
using Sum = std::int32_t;

inline Sum squared_difference(Sum a, Sum b) { return (a - b) * (a - b); }
inline Sum product(Sum a, Sum b) { return a * b; }
inline Sum difference(Sum a, Sum b) { return a < b ? b - a : a - b; }

template <Sum term(Sum, Sum)> Sum sum(const Int8 *a, const Int8 *b, std::size_t n) noexcept
{
    Sum total = 0;
    for (std::size_t i = 0; i < n; i++)
        total += term(a[i], b[i]);
    return total;
}

CosineParts<Sum> cosine(const Int8 *a, const Int8 *b, std::size_t n) noexcept
{
    CosineParts<Sum> parts{0, 0, 0};
    for (std::size_t i = 0; i < n; i++)
    {
        parts.dot += product(a[i], b[i]);
        parts.norm_a += product(a[i], a[i]);
        parts.norm_b += product(b[i], b[i]);
    }
    return parts;
}

template <Sum term(Sum, Sum)>
void sum_many(const Int8 *query, const Int8 *const *rows, std::size_t row_count, std::size_t n,
              Sum *out) noexcept
{
    for (std::size_t r = 0; r < row_count; r++)
        out[r] = sum<term>(query, rows[r], n);
}

void cosine_many(const Int8 *query, const Int8 *const *rows, std::size_t row_count, std::size_t n,
                 CosineParts<Sum> *out) noexcept
{
    for (std::size_t r = 0; r < row_count; r++)
        out[r] = cosine(query, rows[r], n);
}

}  // namespace

constinit const DenseKernels<std::int8_t> i8 = {
    sum<squared_difference>,      sum<product>,      cosine,      sum<difference>,
    sum_many<squared_difference>, sum_many<product>, cosine_many, sum_many<difference>,
};

}  // namespace quiver::kernels::scalar
