// Element-wise arithmetic of vector and halfvec. (tinyvec's is exact and lives in tinyvec.cpp.)
//
// halfvec adds, subtracts and multiplies in float and rounds to half, which gives the same halves
// as half arithmetic would. A result that is infinite is an overflow, a product of non-zeros that
// is zero an underflow; both are errors.
#pragma once

#include "types/dense_distance.hpp"

#include <algorithm>

namespace quiver::types {

struct Add
{
    static constexpr bool may_underflow = false;
    static float apply(float a, float b) { return a + b; }
};
struct Subtract
{
    static constexpr bool may_underflow = false;
    static float apply(float a, float b) { return a - b; }
};
struct Multiply
{
    static constexpr bool may_underflow = true;
    static float apply(float a, float b) { return a * b; }
};

template <class T> void check_overflow(const T *x, int n)
{
    unsigned bad = 0;
    for (int i = 0; i < n; ++i)
        bad |= is_infinite(x[i]) ? 1U : 0U;
    if (bad != 0) [[unlikely]]
        float_overflow_error();
}

// Of products: the first element that is lost decides which error it is.
template <class T, class Zero> void check_products(const T *x, int n, Zero factor_is_zero)
{
    unsigned bad = 0;
    for (int i = 0; i < n; ++i)
        bad |= is_infinite(x[i]) || (is_zero(x[i]) && !factor_is_zero(i)) ? 1U : 0U;
    for (int i = 0; bad != 0 && i < n; ++i)
    {
        if (is_infinite(x[i]))
            float_overflow_error();
        if (is_zero(x[i]) && !factor_is_zero(i))
            float_underflow_error();
    }
}

template <class T, class Operation> Datum dense_elementwise(FunctionCallInfo fcinfo)
{
    const Pair<T> pair{fcinfo};
    const int dim = pair.a.dim();
    Dense<T> *result = make_dense<T>(dim);
    float a_buffer[block_size];
    float b_buffer[block_size];
    float out[block_size];
    for (int start = 0; start < dim; start += block_size)
    {
        const int n = std::min(block_size, dim - start);
        const UnalignedFloat *a = Element<T>::widen(pair.a.elements() + start, n, a_buffer);
        const UnalignedFloat *b = Element<T>::widen(pair.b.elements() + start, n, b_buffer);
        for (int i = 0; i < n; ++i)
            out[i] = Operation::apply(a[i], b[i]);
        Element<T>::narrow(out, result->x + start, n);
    }
    if constexpr (Operation::may_underflow)
        check_products(result->x, dim,
                       [&](int i) { return is_zero(pair.a[i]) || is_zero(pair.b[i]); });
    else
        check_overflow(result->x, dim);
    PG_RETURN_POINTER(result);
}

// a + b; as the transition of sum(), where the first argument is ours, without a new vector.
template <class T> Datum dense_add(FunctionCallInfo fcinfo)
{
    const Datum state = PG_GETARG_DATUM(0);
    if (AggCheckCallContext(fcinfo, nullptr) == 0 || !pg::is_plain(state))
        return dense_elementwise<T, Add>(fcinfo);

    const Pair<T> pair{fcinfo};
    T *sum = reinterpret_cast<Dense<T> *>(DatumGetPointer(state))->x;
    float sum_buffer[block_size];
    float addend_buffer[block_size];
    for (int start = 0; start < pair.a.dim(); start += block_size)
    {
        const int n = std::min(block_size, pair.a.dim() - start);
        const UnalignedFloat *addend =
            Element<T>::widen(pair.b.elements() + start, n, addend_buffer);
        const UnalignedFloat *before = Element<T>::widen(sum + start, n, sum_buffer);
        for (int i = 0; i < n; ++i)
            sum_buffer[i] = before[i] + addend[i];
        Element<T>::narrow(sum_buffer, sum + start, n);
    }
    check_overflow(sum, pair.a.dim());
    return state;
}

// Product with a number, taken in double and rounded once.
template <class T> Dense<T> *scale(const View<T> &vector, double factor)
{
    if (!std::isfinite(factor))
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("%s not allowed as a factor of %s",
                       std::isnan(factor) ? "NaN" : "infinite value", Element<T>::type_name));
    const int dim = vector.dim();
    Dense<T> *result = make_dense<T>(dim);
    float in[block_size];
    float out[block_size];
    for (int start = 0; start < dim; start += block_size)
    {
        const int n = std::min(block_size, dim - start);
        const UnalignedFloat *x = Element<T>::widen(vector.elements() + start, n, in);
        for (int i = 0; i < n; ++i)
            out[i] = static_cast<float>(static_cast<double>(x[i]) * factor);
        Element<T>::narrow(out, result->x + start, n);
    }
    check_products(result->x, dim, [&](int i) { return factor == 0 || is_zero(vector[i]); });
    return result;
}

template <class T> Datum dense_scale(FunctionCallInfo fcinfo)
{
    PG_RETURN_POINTER(scale(View<T>{PG_GETARG_DATUM(0)}, PG_GETARG_FLOAT8(1)));
}

template <class T> Datum dense_scale_reversed(FunctionCallInfo fcinfo)
{
    PG_RETURN_POINTER(scale(View<T>{PG_GETARG_DATUM(1)}, PG_GETARG_FLOAT8(0)));
}

// A zero vector stays zero. Overflow is possible for the shortest subnormal vectors only.
template <class T> Dense<T> *normalize(const View<T> &vector)
{
    const int dim = vector.dim();
    Dense<T> *result = make_dense<T>(dim);
    const double norm = std::sqrt(norm_squared(vector));
    if (!(norm > 0))
    {
        std::memset(result->x, 0, vector.count() * sizeof(T));
        return result;
    }
    float in[block_size];
    float out[block_size];
    for (int start = 0; start < dim; start += block_size)
    {
        const int n = std::min(block_size, dim - start);
        const UnalignedFloat *x = Element<T>::widen(vector.elements() + start, n, in);
        for (int i = 0; i < n; ++i)
            out[i] = static_cast<float>(static_cast<double>(x[i]) / norm);
        Element<T>::narrow(out, result->x + start, n);
    }
    check_overflow(result->x, dim);
    return result;
}

template <class T> Datum dense_l2_normalize(FunctionCallInfo fcinfo)
{
    PG_RETURN_POINTER(normalize(View<T>{PG_GETARG_DATUM(0)}));
}

}  // namespace quiver::types
