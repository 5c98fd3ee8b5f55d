// Sparse vectors from sparse vectors: sum, difference, products, concatenation, part, unit length.
//
// Results that are zero are not stored. Overflow, and a product of non-zeros that underflows to
// zero, are errors, as for vector; so is a result with more than 16,000 elements.
#include "types/sparsevec.hpp"

#include "pg/function.hpp"

#include <algorithm>
#include <cmath>

namespace quiver::types {
namespace {

float checked_sum(float value)
{
    if (std::isinf(value)) [[unlikely]]
        float_overflow_error();
    return value;
}

// Of two factors that are not zero.
float checked_product(float value)
{
    if (std::isinf(value)) [[unlikely]]
        float_overflow_error();
    if (value == 0) [[unlikely]]
        float_underflow_error();
    return value;
}

// a + sign * b, walking both in index order.
SparseVector *add(const SparseVector *a, const SparseVector *b, float sign)
{
    check_same_dims(a, b);
    const float *a_values = a->values();
    const float *b_values = b->values();
    const auto capacity = static_cast<std::size_t>(a->nnz) + static_cast<std::size_t>(b->nnz);
    SparseBuilder builder{a->dim, capacity};
    std::int32_t i = 0;
    std::int32_t j = 0;
    while (i < a->nnz && j < b->nnz)
    {
        const std::int32_t a_index = a->indices[i];
        const std::int32_t b_index = b->indices[j];
        if (a_index < b_index)
            builder.append(a_index, a_values[i++]);
        else if (b_index < a_index)
            builder.append(b_index, sign * b_values[j++]);
        else
            builder.append(a_index, checked_sum(a_values[i++] + sign * b_values[j++]));
    }
    for (; i < a->nnz; ++i)
        builder.append(a->indices[i], a_values[i]);
    for (; j < b->nnz; ++j)
        builder.append(b->indices[j], sign * b_values[j]);
    return builder.finish();
}

SparseVector *multiply(const SparseVector *a, const SparseVector *b)
{
    check_same_dims(a, b);
    const float *a_values = a->values();
    const float *b_values = b->values();
    SparseBuilder builder{a->dim, static_cast<std::size_t>(std::min(a->nnz, b->nnz))};
    std::int32_t i = 0;
    std::int32_t j = 0;
    while (i < a->nnz && j < b->nnz)
    {
        if (a->indices[i] < b->indices[j])
            ++i;
        else if (b->indices[j] < a->indices[i])
            ++j;
        else
        {
            builder.append(a->indices[i], checked_product(a_values[i] * b_values[j]));
            ++i;
            ++j;
        }
    }
    return builder.finish();
}

// Product with a number, taken in double and rounded once.
SparseVector *scale(const SparseVector *vector, double factor)
{
    if (!std::isfinite(factor))
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("%s not allowed as a factor of sparsevec",
                       std::isnan(factor) ? "NaN" : "infinite value"));
    const float *values = vector->values();
    SparseBuilder builder{vector->dim, static_cast<std::size_t>(vector->nnz)};
    if (factor != 0)
        for (std::int32_t i = 0; i < vector->nnz; ++i)
            builder.append(vector->indices[i],
                           checked_product(static_cast<float>(values[i] * factor)));
    return builder.finish();
}

SparseVector *concatenate(const SparseVector *a, const SparseVector *b)
{
    const std::int32_t dim = a->dim + b->dim;  // at most 2e9, which fits
    check_sparsevec_dim(dim);
    const float *a_values = a->values();
    const float *b_values = b->values();
    const auto capacity = static_cast<std::size_t>(a->nnz) + static_cast<std::size_t>(b->nnz);
    SparseBuilder builder{dim, capacity};
    for (std::int32_t i = 0; i < a->nnz; ++i)
        builder.append(a->indices[i], a_values[i]);
    for (std::int32_t j = 0; j < b->nnz; ++j)
        builder.append(a->dim + b->indices[j], b_values[j]);
    return builder.finish();
}

// `count` dimensions from `start`, counted from 1, as far as the vector has them.
SparseVector *subvector(const SparseVector *vector, std::int32_t start, std::int32_t count)
{
    const std::int64_t first = std::max<std::int64_t>(start, 1) - 1;
    const std::int64_t last =
        std::min<std::int64_t>(static_cast<std::int64_t>(start) - 1 + count, vector->dim);
    if (count < 1 || last <= first)
        check_sparsevec_dim(0);

    const std::int32_t *end = vector->indices + vector->nnz;
    const std::int32_t *from = std::lower_bound(vector->indices, end, first);
    const std::int32_t *to = std::lower_bound(from, end, last);
    const float *values = vector->values() + (from - vector->indices);
    SparseBuilder builder{static_cast<std::int32_t>(last - first),
                          static_cast<std::size_t>(to - from)};
    for (; from < to; ++from)
        builder.append(*from - static_cast<std::int32_t>(first), *values++);
    return builder.finish();
}

SparseVector *normalize(const SparseVector *vector)
{
    const float *values = vector->values();
    const double norm = sparsevec_norm(vector);
    SparseBuilder builder{vector->dim, static_cast<std::size_t>(vector->nnz)};
    if (norm > 0)
        for (std::int32_t i = 0; i < vector->nnz; ++i)
            builder.append(vector->indices[i], checked_sum(static_cast<float>(values[i] / norm)));
    return builder.finish();
}

}  // namespace
}  // namespace quiver::types

using namespace quiver::types;

QUIVER_FUNCTION(sparsevec_add)
{
    PG_RETURN_POINTER(add(QUIVER_ARG_SPARSEVEC(0), QUIVER_ARG_SPARSEVEC(1), 1));
}

QUIVER_FUNCTION(sparsevec_sub)
{
    PG_RETURN_POINTER(add(QUIVER_ARG_SPARSEVEC(0), QUIVER_ARG_SPARSEVEC(1), -1));
}

QUIVER_FUNCTION(sparsevec_mul)
{
    PG_RETURN_POINTER(multiply(QUIVER_ARG_SPARSEVEC(0), QUIVER_ARG_SPARSEVEC(1)));
}

QUIVER_FUNCTION(sparsevec_scale)
{
    PG_RETURN_POINTER(scale(QUIVER_ARG_SPARSEVEC(0), PG_GETARG_FLOAT8(1)));
}

QUIVER_FUNCTION(sparsevec_scale_reversed)
{
    PG_RETURN_POINTER(scale(QUIVER_ARG_SPARSEVEC(1), PG_GETARG_FLOAT8(0)));
}

QUIVER_FUNCTION(sparsevec_concat)
{
    PG_RETURN_POINTER(concatenate(QUIVER_ARG_SPARSEVEC(0), QUIVER_ARG_SPARSEVEC(1)));
}

QUIVER_FUNCTION(sparsevec_subvector)
{
    PG_RETURN_POINTER(subvector(QUIVER_ARG_SPARSEVEC(0), PG_GETARG_INT32(1), PG_GETARG_INT32(2)));
}

QUIVER_FUNCTION(sparsevec_l2_normalize) { PG_RETURN_POINTER(normalize(QUIVER_ARG_SPARSEVEC(0))); }
