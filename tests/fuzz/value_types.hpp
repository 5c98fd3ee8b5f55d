// The four types as the fuzzers see them: their functions, and what every stored value promises.
//
// The promises are read from the bytes, not through the types' own headers, so that a mistake in
// those does not hide itself.
#pragma once

#include "server_shim.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>

#define FUZZ_FUNCTIONS(type) \
    extern "C" { \
    Datum type##_in(PG_FUNCTION_ARGS); \
    Datum type##_out(PG_FUNCTION_ARGS); \
    Datum type##_recv(PG_FUNCTION_ARGS); \
    Datum type##_send(PG_FUNCTION_ARGS); \
    }
FUZZ_FUNCTIONS(vector)
FUZZ_FUNCTIONS(halfvec)
FUZZ_FUNCTIONS(tinyvec)
FUZZ_FUNCTIONS(sparsevec)

namespace quiver::fuzz {

template <class T> T field(const void *value, std::size_t offset)
{
    T result;
    std::memcpy(&result, static_cast<const char *>(value) + offset, sizeof result);
    return result;
}

inline constexpr int most_dims = 16000;

// int16 dim at 4, int16 zero at 6, elements from 8. Returns the dimensions.
inline int check_dense(const void *value, std::size_t element_size)
{
    const int dim = field<std::int16_t>(value, 4);
    FUZZ_CHECK(dim >= 1 && dim <= most_dims);
    FUZZ_CHECK(field<std::int16_t>(value, 6) == 0);
    FUZZ_CHECK(VARSIZE(value) == 8 + static_cast<std::size_t>(dim) * element_size);
    return dim;
}

struct VectorType
{
    static constexpr PGFunction in = vector_in, out = vector_out;
    static constexpr PGFunction recv = vector_recv, send = vector_send;
    static int check(const void *value)
    {
        const int dim = check_dense(value, 4);
        for (int i = 0; i < dim; i++)
            FUZZ_CHECK(std::isfinite(field<float>(value, 8 + 4 * static_cast<std::size_t>(i))));
        return dim;
    }
};

struct HalfvecType
{
    static constexpr PGFunction in = halfvec_in, out = halfvec_out;
    static constexpr PGFunction recv = halfvec_recv, send = halfvec_send;
    static int check(const void *value)
    {
        const int dim = check_dense(value, 2);
        for (int i = 0; i < dim; i++)
        {
            const auto bits = field<std::uint16_t>(value, 8 + 2 * static_cast<std::size_t>(i));
            FUZZ_CHECK((bits & 0x7C00) != 0x7C00);
        }
        return dim;
    }
};

struct TinyvecType
{
    static constexpr PGFunction in = tinyvec_in, out = tinyvec_out;
    static constexpr PGFunction recv = tinyvec_recv, send = tinyvec_send;
    static int check(const void *value) { return check_dense(value, 1); }
};

struct SparsevecType
{
    static constexpr PGFunction in = sparsevec_in, out = sparsevec_out;
    static constexpr PGFunction recv = sparsevec_recv, send = sparsevec_send;
    // int32 dim at 4, count at 8, zero at 12, indices from 16, then the values.
    static int check(const void *value)
    {
        const auto dim = field<std::int32_t>(value, 4);
        const auto count = field<std::int32_t>(value, 8);
        FUZZ_CHECK(dim >= 1 && dim <= 1000000000);
        FUZZ_CHECK(count >= 0 && count <= 16000 && count <= dim);
        FUZZ_CHECK(field<std::int32_t>(value, 12) == 0);
        FUZZ_CHECK(VARSIZE(value) == 16 + 8 * static_cast<std::size_t>(count));
        std::int32_t before = -1;
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); i++)
        {
            const auto index = field<std::int32_t>(value, 16 + 4 * i);
            const auto element =
                field<float>(value, 16 + 4 * static_cast<std::size_t>(count) + 4 * i);
            FUZZ_CHECK(index > before && index < dim);
            FUZZ_CHECK(std::isfinite(element) && element != 0);
            before = index;
        }
        return dim;
    }
};

}  // namespace quiver::fuzz
