// Order, equality and hash of the dense types.
//
// The order is by elements first, then by dimensions, as for arrays. It goes by value: both zeros
// are equal, and therefore hash alike. Sorts and index builds call these functions in long-lived
// memory, so copies of arguments are freed.
#pragma once

#include "types/dense.hpp"

#include <algorithm>

namespace quiver::types {

template <class T> int compare(const View<T> &a, const View<T> &b)
{
    using E = Element<T>;
    constexpr int stride = 16;
    const int common = std::min(a.dim(), b.dim());
    int i = 0;
    // Pass over what is equal by blocks, which vectorises; the loop below then finds the place.
    for (; i + stride <= common; i += stride)
    {
        unsigned differ = 0;
        for (int j = i; j < i + stride; ++j)
            differ |= E::order_key(a[j]) != E::order_key(b[j]) ? 1U : 0U;
        if (differ != 0)
            break;
    }
    for (; i < common; ++i)
    {
        if (E::order_key(a[i]) < E::order_key(b[i]))
            return -1;
        if (E::order_key(a[i]) > E::order_key(b[i]))
            return 1;
    }
    return a.dim() < b.dim() ? -1 : a.dim() > b.dim() ? 1 : 0;
}

template <class T> int dense_compare(FunctionCallInfo fcinfo)
{
    View<T> a{PG_GETARG_DATUM(0)};
    View<T> b{PG_GETARG_DATUM(1)};
    const int result = compare(a, b);
    a.release();
    b.release();
    return result;
}

// Vectors of different dimensions differ whatever their elements.
template <class T> bool dense_equal(FunctionCallInfo fcinfo)
{
    View<T> a{PG_GETARG_DATUM(0)};
    View<T> b{PG_GETARG_DATUM(1)};
    const bool equal = a.dim() == b.dim() && compare(a, b) == 0;
    a.release();
    b.release();
    return equal;
}

// Calls `hash` with the bytes of the elements, negative zeros made positive.
template <class T, class Hash> Datum hash_elements(const View<T> &vector, Hash hash)
{
    const auto size = static_cast<int>(vector.count() * sizeof(T));
    const auto *bytes = reinterpret_cast<const unsigned char *>(vector.elements());
    if constexpr (Element<T>::is_floating)
    {
        using E = Element<T>;
        unsigned negative_zeros = 0;
        for (int i = 0; i < vector.dim(); ++i)
            negative_zeros |= E::bits(vector[i]) == E::negative_zero ? 1U : 0U;
        if (negative_zeros != 0)
        {
            typename E::Bits normal[dense_max_dim];
            for (int i = 0; i < vector.dim(); ++i)
            {
                const auto bits = E::bits(vector[i]);
                normal[i] = bits == E::negative_zero ? typename E::Bits{0} : bits;
            }
            return hash(reinterpret_cast<const unsigned char *>(normal), size);
        }
    }
    return hash(bytes, size);
}

template <class T> Datum dense_hash(FunctionCallInfo fcinfo)
{
    View<T> vector{PG_GETARG_DATUM(0)};
    const Datum result = hash_elements(vector, [](const unsigned char *bytes, int size) {
        return UInt32GetDatum(hash_bytes(bytes, size));
    });
    vector.release();
    return result;
}

template <class T> Datum dense_hash_extended(FunctionCallInfo fcinfo)
{
    View<T> vector{PG_GETARG_DATUM(0)};
    const auto seed = static_cast<std::uint64_t>(PG_GETARG_INT64(1));
    const Datum result = hash_elements(vector, [seed](const unsigned char *bytes, int size) {
        return UInt64GetDatum(hash_bytes_extended(bytes, size, seed));
    });
    vector.release();
    return result;
}

}  // namespace quiver::types
