// Binary form of the dense types: int16 dim, int16 0, dim elements, all in network order.
#pragma once

#include "types/dense.hpp"

#include <algorithm>

namespace quiver::types {

// Copy elements between network order and the machine's.
template <class T> void swap_elements(const char *in, char *out, int n)
{
    if constexpr (sizeof(T) == 1 || std::endian::native == std::endian::big)
        std::memcpy(out, in, static_cast<std::size_t>(n) * sizeof(T));
    else
        for (int i = 0; i < n; ++i)
        {
            typename Element<T>::Bits bits;
            std::memcpy(&bits, in + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
            bits = sizeof(T) == 4 ? pg_bswap32(bits) : pg_bswap16(bits);
            std::memcpy(out + static_cast<std::size_t>(i) * sizeof(T), &bits, sizeof(T));
        }
}

template <class T> Datum dense_recv(FunctionCallInfo fcinfo)
{
    auto *message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    const std::int32_t typmod = PG_GETARG_INT32(2);
    const auto dim = static_cast<int>(pq_getmsgint(message, sizeof(std::int16_t)));
    const auto unused = static_cast<int>(pq_getmsgint(message, sizeof(std::int16_t)));
    check_dim<T>(dim);
    check_typmod(typmod, dim);
    if (unused != 0)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("expected unused to be 0, not %d", unused));

    Dense<T> *result = make_dense<T>(dim);
    // A message cut short is reported after the elements it has, as if they were read one by one.
    const int sent = std::min(dim, (message->len - message->cursor) / static_cast<int>(sizeof(T)));
    swap_elements<T>(message->data + message->cursor, reinterpret_cast<char *>(result->x), sent);
    check_elements(result->x, sent);
    (void) pq_getmsgbytes(message, dim * static_cast<int>(sizeof(T)));
    PG_RETURN_POINTER(result);
}

template <class T> Datum dense_send(FunctionCallInfo fcinfo)
{
    const View<T> vector{PG_GETARG_DATUM(0)};
    const std::size_t size = VARHDRSZ + dense_prefix + vector.count() * sizeof(T);
    auto *result = static_cast<bytea *>(palloc(size));
    SET_VARSIZE(result, size);
    const std::uint16_t prefix[2] = {pg_hton16(static_cast<std::uint16_t>(vector.dim())), 0};
    std::memcpy(VARDATA(result), prefix, sizeof prefix);
    swap_elements<T>(reinterpret_cast<const char *>(vector.elements()),
                     VARDATA(result) + sizeof prefix, vector.dim());
    PG_RETURN_BYTEA_P(result);
}

}  // namespace quiver::types
