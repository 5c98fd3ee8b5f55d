// sparsevec on the wire: int32 dim, nnz, 0; nnz indices from 0; nnz float4; all in network order.
#include "types/sparsevec.hpp"

#include "pg/function.hpp"
#include "types/dense.hpp"

using namespace quiver::types;

QUIVER_FUNCTION(sparsevec_recv)
{
    auto *message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    const std::int32_t typmod = PG_GETARG_INT32(2);
    const auto dim = static_cast<std::int32_t>(pq_getmsgint(message, sizeof(std::int32_t)));
    const auto nnz = static_cast<std::int32_t>(pq_getmsgint(message, sizeof(std::int32_t)));
    const auto unused = static_cast<std::int32_t>(pq_getmsgint(message, sizeof(std::int32_t)));
    check_sparsevec_dim(dim);
    check_sparsevec_nonzeros(nnz, dim);
    check_typmod(typmod, dim);
    if (unused != 0)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("expected unused to be 0, not %d", unused));

    // The count is bounded above, so a message that lies about it costs little before it runs out.
    SparseBuilder builder{dim, static_cast<std::size_t>(nnz)};
    for (std::int32_t i = 0; i < nnz; ++i)
    {
        builder.indices()[i] =
            static_cast<std::int32_t>(pq_getmsgint(message, sizeof(std::int32_t)));
        check_sparsevec_index(builder.indices(), i, dim);
    }
    for (std::int32_t i = 0; i < nnz; ++i)
    {
        const float value = pq_getmsgfloat4(message);
        check_sparsevec_element(value);
        if (value == 0)
            ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("binary representation of sparsevec cannot contain zero values"));
        builder.append(builder.indices()[i], value);
    }
    PG_RETURN_POINTER(builder.finish());
}

QUIVER_FUNCTION(sparsevec_send)
{
    const SparseVector *vector = QUIVER_ARG_SPARSEVEC(0);
    const float *values = vector->values();
    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendint32(&message, static_cast<std::uint32_t>(vector->dim));
    pq_sendint32(&message, static_cast<std::uint32_t>(vector->nnz));
    pq_sendint32(&message, static_cast<std::uint32_t>(vector->unused));
    for (std::int32_t i = 0; i < vector->nnz; ++i)
        pq_sendint32(&message, static_cast<std::uint32_t>(vector->indices[i]));
    for (std::int32_t i = 0; i < vector->nnz; ++i)
        pq_sendfloat4(&message, values[i]);
    PG_FREE_IF_COPY(const_cast<SparseVector *>(vector), 0);
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
