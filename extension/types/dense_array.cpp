// Reading and making the arrays that dense vectors are cast from and to.
#include "types/dense_array.hpp"

namespace quiver::types {

NumberArray::NumberArray(ArrayType *array)
    : array_(array),
      count_(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)))
{
    if (ARR_NDIM(array) > 1)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D"));
    if (ARR_HASNULL(array) && array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                errmsg("array must not contain nulls"));
}

Datum *NumberArray::numerics() const
{
    Datum *values = nullptr;
    int count = 0;
    deconstruct_array(array_, NUMERICOID, -1, false, TYPALIGN_INT, &values, nullptr, &count);
    return values;
}

ArrayType *make_array(int n, Oid element_type, std::size_t element_size)
{
    const std::size_t size = ARR_OVERHEAD_NONULLS(1) + static_cast<std::size_t>(n) * element_size;
    auto *array = static_cast<ArrayType *>(palloc(size));
    SET_VARSIZE(array, size);
    array->ndim = 1;
    array->dataoffset = 0;
    array->elemtype = element_type;
    ARR_DIMS(array)[0] = n;
    ARR_LBOUND(array)[0] = 1;
    return array;
}

}  // namespace quiver::types
