// Casts between the dense types and arrays of numbers.
#pragma once

#include "types/dense.hpp"

namespace quiver::types {

// A null-free array of at most one dimension, read as numbers of one C++ type after another.
class NumberArray
{
public:
    // Raises pgvector's errors for two dimensions and for nulls.
    explicit NumberArray(ArrayType *array);

    int count() const { return count_; }

    // Calls `use(position, number)` for each, with numbers of the element type: int16, int32,
    // float or double, and numeric as the type given.
    template <class Numeric, class Use> void for_each(Use use) const
    {
        switch (ARR_ELEMTYPE(array_))
        {
        case INT2OID:
            return each(reinterpret_cast<const std::int16_t *>(data()), use);
        case INT4OID:
            return each(reinterpret_cast<const std::int32_t *>(data()), use);
        case FLOAT4OID:
            return each(reinterpret_cast<const float *>(data()), use);
        case FLOAT8OID:
            return each(reinterpret_cast<const double *>(data()), use);
        case NUMERICOID:
            return each_numeric<Numeric>(use);
        default:
            ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("unsupported array type"));
        }
    }

private:
    const char *data() const { return ARR_DATA_PTR(array_); }
    Datum *numerics() const;

    template <class Number, class Use> void each(const Number *numbers, Use use) const
    {
        for (int i = 0; i < count_; ++i)
            use(i, numbers[i]);
    }
    template <class Numeric, class Use> void each_numeric(Use use) const
    {
        Datum *values = numerics();
        for (int i = 0; i < count_; ++i)
        {
            if constexpr (std::is_same_v<Numeric, float>)
                use(i, DatumGetFloat4(DirectFunctionCall1(numeric_float4, values[i])));
            else
                use(i, DatumGetFloat8(DirectFunctionCall1(numeric_float8, values[i])));
        }
        pfree(values);
    }

    ArrayType *array_;
    int count_;
};

// An array of `n` elements of a fixed-width type, not set; `elements` points at the first.
ArrayType *make_array(int n, Oid element_type, std::size_t element_size);

template <class Number> ArrayType *make_array(int n, Oid element_type, Number *&elements)
{
    ArrayType *array = make_array(n, element_type, sizeof(Number));
    elements = reinterpret_cast<Number *>(ARR_DATA_PTR(array));
    return array;
}

template <class T> Datum dense_to_real_array(FunctionCallInfo fcinfo)
{
    const View<T> vector{PG_GETARG_DATUM(0)};
    float *out = nullptr;
    ArrayType *result = make_array(vector.dim(), FLOAT4OID, out);
    const UnalignedFloat *x = Element<T>::widen(vector.elements(), vector.dim(), out);
    if (x != out)
        std::memcpy(out, x, vector.count() * sizeof(float));
    PG_RETURN_ARRAYTYPE_P(result);
}

// vector to vector(n): a check of the dimensions, nothing else.
template <class T> Datum dense_check_typmod(FunctionCallInfo fcinfo)
{
    const std::int32_t typmod = PG_GETARG_INT32(1);
    if (typmod != -1)
        check_typmod(typmod, dense_dim(PG_GETARG_DATUM(0)));
    return PG_GETARG_DATUM(0);
}

}  // namespace quiver::types
