// Distances, norm and dimension count of the dense types. No allocation: an argument is copied
// only if it is compressed or out of line.
#pragma once

#include "types/dense.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quiver::types {

template <class T> double l2_squared(const Pair<T> &pair)
{
    return Element<T>::kernels().l2_squared(pair.a.elements(), pair.b.elements(), pair.a.count());
}

template <class T> double inner(const Pair<T> &pair)
{
    return Element<T>::kernels().inner_product(pair.a.elements(), pair.b.elements(),
                                               pair.a.count());
}

template <class T> Datum dense_l2_distance(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(std::sqrt(l2_squared(Pair<T>{fcinfo})));
}

template <class T> Datum dense_l2_squared_distance(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(l2_squared(Pair<T>{fcinfo}));
}

template <class T> Datum dense_inner_product(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(inner(Pair<T>{fcinfo}));
}

template <class T> Datum dense_negative_inner_product(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(-inner(Pair<T>{fcinfo}));
}

// A zero vector has no direction: its distance to anything is NaN.
template <class T> Datum dense_cosine_distance(FunctionCallInfo fcinfo)
{
    const Pair<T> pair{fcinfo};
    const auto parts =
        Element<T>::kernels().cosine(pair.a.elements(), pair.b.elements(), pair.a.count());
    // One root of the product, which loses less than the product of two roots.
    const double similarity =
        static_cast<double>(parts.dot) /
        std::sqrt(static_cast<double>(parts.norm_a) * static_cast<double>(parts.norm_b));
    if (std::isnan(similarity)) [[unlikely]]
        PG_RETURN_FLOAT8(similarity);
    PG_RETURN_FLOAT8(1.0 - std::clamp(similarity, -1.0, 1.0));
}

// The angle over pi between unit vectors, which obeys the triangle inequality.
template <class T> Datum dense_spherical_distance(FunctionCallInfo fcinfo)
{
    const double product = inner(Pair<T>{fcinfo});
    // Unit vectors of limited precision may leave the domain of acos; NaN stays as it is.
    const double cosine = product > 1 ? 1 : product < -1 ? -1 : product;
    PG_RETURN_FLOAT8(std::acos(cosine) / std::numbers::pi);
}

template <class T> Datum dense_l1_distance(FunctionCallInfo fcinfo)
{
    const Pair<T> pair{fcinfo};
    PG_RETURN_FLOAT8(static_cast<double>(
        Element<T>::kernels().l1(pair.a.elements(), pair.b.elements(), pair.a.count())));
}

// Sum of squares in double, in eight partial sums so that it vectorises.
template <class T> double norm_squared(const View<T> &vector)
{
    constexpr int lanes = 8;
    double sums[lanes] = {};
    float buffer[block_size];
    for (int start = 0; start < vector.dim(); start += block_size)
    {
        const int n = std::min(block_size, vector.dim() - start);
        const UnalignedFloat *x = Element<T>::widen(vector.elements() + start, n, buffer);
        int i = 0;
        for (; i + lanes <= n; i += lanes)
            for (int lane = 0; lane < lanes; ++lane)
                sums[lane] += static_cast<double>(x[i + lane]) * static_cast<double>(x[i + lane]);
        for (; i < n; ++i)
            sums[0] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
           ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

template <class T> Datum dense_norm(FunctionCallInfo fcinfo)
{
    PG_RETURN_FLOAT8(std::sqrt(norm_squared(View<T>{PG_GETARG_DATUM(0)})));
}

template <class T> Datum dense_dims(FunctionCallInfo fcinfo)
{
    PG_RETURN_INT32(dense_dim(PG_GETARG_DATUM(0)));
}

}  // namespace quiver::types
