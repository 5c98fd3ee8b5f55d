// Parts and wholes of the dense types: concatenation, subvector, signs as bits.
#pragma once

#include "types/dense.hpp"

#include <algorithm>

namespace quiver::types {

template <class T> Datum dense_concat(FunctionCallInfo fcinfo)
{
    const View<T> a{PG_GETARG_DATUM(0)};
    const View<T> b{PG_GETARG_DATUM(1)};
    const int dim = a.dim() + b.dim();
    check_dim<T>(dim);
    Dense<T> *result = make_dense<T>(dim);
    std::memcpy(result->x, a.elements(), a.count() * sizeof(T));
    std::memcpy(result->x + a.dim(), b.elements(), b.count() * sizeof(T));
    PG_RETURN_POINTER(result);
}

// `count` elements from `start`, which counts from 1; what lies outside the vector is left off. Of
// a value out of line, only the chunks up to the last element asked for are read.
template <class T> Datum dense_subvector(FunctionCallInfo fcinfo)
{
    const std::int64_t start = PG_GETARG_INT32(1);
    const std::int64_t count = PG_GETARG_INT32(2);
    const auto last = std::clamp<std::int64_t>(start + count - 1, 0, dense_max_dim);
    const View<T> vector{PG_GETARG_DATUM(0), static_cast<int>(last)};
    const std::int64_t first = std::max<std::int64_t>(start, 1);
    const std::int64_t end = std::min<std::int64_t>(start + count, vector.dim() + 1);
    if (count < 1 || end <= first)
        report_too_few_dims(Element<T>::type_name);
    const auto dim = static_cast<int>(end - first);
    Dense<T> *result = make_dense<T>(dim);
    std::memcpy(result->x, vector.elements() + (first - 1),
                static_cast<std::size_t>(dim) * sizeof(T));
    PG_RETURN_POINTER(result);
}

// A bit string of `length` zeros in the current context.
VarBit *make_bits(int length);

// One bit an element: whether it is greater than zero.
template <class T> Datum dense_binary_quantize(FunctionCallInfo fcinfo)
{
    const View<T> vector{PG_GETARG_DATUM(0)};
    const int dim = vector.dim();
    VarBit *result = make_bits(dim);
    bits8 *out = VARBITS(result);
    const auto positive = [&](int i) { return Element<T>::order_key(vector[i]) > 0 ? 1U : 0U; };
    int i = 0;
    for (; i + 8 <= dim; i += 8)
    {
        unsigned byte = 0;
        for (int j = 0; j < 8; ++j)
            byte |= positive(i + j) << (7 - j);
        out[i / 8] = static_cast<bits8>(byte);
    }
    for (; i < dim; ++i)
        out[i / 8] = static_cast<bits8>(out[i / 8] | (positive(i) << (7 - i % 8)));
    PG_RETURN_VARBIT_P(result);
}

}  // namespace quiver::types
