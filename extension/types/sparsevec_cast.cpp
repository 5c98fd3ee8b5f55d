// sparsevec to itself with a type modifier, to and from the dense types, and to bits.
#include "types/sparsevec.hpp"

#include "pg/function.hpp"
#include "types/dense_narrow.hpp"
#include "types/dense_shape.hpp"

#include <cstring>
#include <type_traits>

namespace quiver::types {
namespace {

// The longest bit(n) that PostgreSQL takes as a column type.
constexpr std::int32_t bit_max_dim = MaxAttrSize * BITS_PER_BYTE;

template <class T> T narrow(float value)
{
    if constexpr (std::is_same_v<T, Half>)
        return half_from_float(value);
    else if constexpr (std::is_same_v<T, std::int8_t>)
        return tiny_from_number(value);
    else
        return value;
}

template <class T> Datum from_dense(FunctionCallInfo fcinfo)
{
    const View<T> dense{PG_GETARG_DATUM(0)};
    check_sparsevec_dim(dense.dim());
    check_typmod(PG_GETARG_INT32(1), dense.dim());

    SparseBuilder builder{dense.dim(), dense.count()};
    for (std::int32_t i = 0; i < dense.dim(); ++i)
        builder.append(i, Element<T>::to_float(dense[i]));
    PG_RETURN_POINTER(builder.finish());
}

template <class T> Datum to_dense(FunctionCallInfo fcinfo)
{
    const SparseVector *sparse = QUIVER_ARG_SPARSEVEC(0);
    check_dim<T>(sparse->dim);
    check_typmod(PG_GETARG_INT32(1), sparse->dim);

    Dense<T> *result = make_dense<T>(sparse->dim);
    std::memset(result->x, 0, static_cast<std::size_t>(sparse->dim) * sizeof(T));
    const float *values = sparse->values();
    for (std::int32_t i = 0; i < sparse->nnz; ++i)
    {
        check_sparsevec_index(sparse->indices, i, sparse->dim);  // a damaged index must not write
        result->x[sparse->indices[i]] = narrow<T>(values[i]);
    }
    PG_RETURN_POINTER(result);
}

// One bit a dimension, the first in the highest bit of the first byte, 1 where positive.
VarBit *quantize(const SparseVector *vector)
{
    if (vector->dim > bit_max_dim)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("bit string cannot have more than %d dimensions", bit_max_dim),
                errdetail("The sparsevec has %d dimensions.", vector->dim));
    VarBit *result = make_bits(vector->dim);
    bits8 *bits = VARBITS(result);
    const float *values = vector->values();
    for (std::int32_t i = 0; i < vector->nnz; ++i)
    {
        check_sparsevec_index(vector->indices, i, vector->dim);
        const int place = vector->indices[i] % BITS_PER_BYTE;
        if (values[i] > 0)
            bits[vector->indices[i] / BITS_PER_BYTE] |=
                static_cast<bits8>(1U << (BITS_PER_BYTE - 1 - place));
    }
    return result;
}

}  // namespace
}  // namespace quiver::types

using namespace quiver::types;

QUIVER_FUNCTION(sparsevec)
{
    const SparseVector *vector = QUIVER_ARG_SPARSEVEC(0);
    check_typmod(PG_GETARG_INT32(1), vector->dim);
    PG_RETURN_POINTER(vector);
}

QUIVER_FUNCTION(vector_to_sparsevec) { return from_dense<float>(fcinfo); }

QUIVER_FUNCTION(halfvec_to_sparsevec) { return from_dense<Half>(fcinfo); }

QUIVER_FUNCTION(tinyvec_to_sparsevec) { return from_dense<std::int8_t>(fcinfo); }

QUIVER_FUNCTION(sparsevec_to_vector) { return to_dense<float>(fcinfo); }

QUIVER_FUNCTION(sparsevec_to_halfvec) { return to_dense<Half>(fcinfo); }

QUIVER_FUNCTION(sparsevec_to_tinyvec) { return to_dense<std::int8_t>(fcinfo); }

QUIVER_FUNCTION(sparsevec_binary_quantize)
{
    PG_RETURN_VARBIT_P(quantize(QUIVER_ARG_SPARSEVEC(0)));
}
