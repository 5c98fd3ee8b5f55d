// What a code says by itself: a query made of it, and how far off its estimates are.
#include "kernels/rabitq.hpp"

#include <utility>

namespace quiver::kernels {

namespace {

// The lanes of the fields at one place of a code's bytes, and their sum. Twice the grid point is a whole number. At 8 bits it does not
// fit a byte: the grid point is rounded, down and up in turn.
template <unsigned bits, unsigned place>
std::int32_t unpack_place(const std::uint8_t *code, std::size_t n, std::int8_t *lanes)
{
    constexpr auto last = static_cast<std::uint8_t>((1U << bits) - 1);
    const std::size_t bytes = code_bytes(n, bits), from = place * bytes;
    if (from >= n)
        return 0;
    const std::size_t left = n - from, count = left < bytes ? left : bytes;
    std::int8_t *to = lanes + from;
    std::int32_t sum = 0;
    for (std::size_t j = 0; j < count; j++)
    {
        const auto field = static_cast<std::uint8_t>(code[j] >> place * bits & last);
        if constexpr (bits < 8)
            to[j] = static_cast<std::int8_t>(2 * field - last);
        else
        {
            const int rounded = field - 128 + static_cast<int>(j & 1);
            to[j] = static_cast<std::int8_t>(rounded < 127 ? rounded : 127);
        }
        sum += to[j];
    }
    return sum;
}

template <unsigned bits, unsigned... places>
std::int32_t unpack_places(const std::uint8_t *code, std::size_t n, std::int8_t *lanes,
                           std::integer_sequence<unsigned, places...>)
{
    return (unpack_place<bits, places>(code, n, lanes) + ...);
}

template <unsigned bits>
std::int32_t unpack(const std::uint8_t *code, std::size_t n, std::int8_t *lanes)
{
    return unpack_places<bits>(code, n, lanes, std::make_integer_sequence<unsigned, 8 / bits>{});
}

constexpr std::int32_t (*unpack_code[4])(const std::uint8_t *, std::size_t, std::int8_t *) = {
    unpack<1>, unpack<2>, unpack<4>, unpack<8>};

}  // namespace

CodeQuery prepare_record(const CodeSpace &space, const std::uint8_t *record, float centre_norm,
                         std::int8_t *memory) noexcept
{
    const std::size_t n = space.dims;
    __builtin_memset(memory, 0, code_query_bytes(n, space.bits));
    CodeFactors factors;
    __builtin_memcpy(&factors, record, sizeof factors);
    const std::uint8_t *code = record + sizeof factors;
    CodeQuery query{};
    query.lanes = memory + code_query_lead;
    query.bytes = static_cast<std::uint32_t>(code_bytes(n, space.bits));
    query.bits = space.bits;
    query.dims = space.dims;

    const int last = (1 << space.bits) - 1, times = space.bits < 8 ? 2 : 1;
    const std::int32_t sum = unpack_code[code_width(space.bits)](code, n, query.lanes);
    const bool euclidean = space.metric == CodeMetric::l2_squared;
    const float grid_scale = factors.b / (euclidean ? 2 : 1);  // r is near grid_scale * g
    query.base = euclidean ? factors.a : factors.a - centre_norm;
    query.scale = grid_scale / static_cast<float>(times);
    query.shift = -static_cast<float>(last) / 2 * query.scale * static_cast<float>(sum);
    query.norm = euclidean ? __builtin_sqrtf(factors.a) : 0;
    return query;
}

double estimate_deviation(const CodeQuery &query, const std::uint8_t *record) noexcept
{
    CodeFactors factors;
    __builtin_memcpy(&factors, record, sizeof factors);
    const std::uint8_t *code = record + sizeof factors;
    const int last = (1 << query.bits) - 1;
    double norm = 0;  // |g|^2
    for (std::size_t i = 0; i < query.dims; i++)
    {
        const int field = code[i % query.bytes] >> i / query.bytes * query.bits & last;
        const double g = field - last / 2.0;
        norm += g * g;
    }
    // The sine of the angle between a vector and its grid point, measured: bench/kernels.
    constexpr double sine[4] = {0.61, 0.35, 0.11, 0.0085};
    const double spread = sine[code_width(query.bits)];
    const double others = query.dims > 2 ? query.dims - 1.0 : 1.0;
    const double size = static_cast<double>(query.norm), step = static_cast<double>(query.scale);
    return static_cast<double>(factors.b) *
           __builtin_sqrt(norm * (size * size * spread * spread / others + step * step / 12));
}

}  // namespace quiver::kernels
