// Estimates from codes over `CodeLanes` (rabitq_lanes_256.inl, rabitq_lanes_512.inl). Included once
// by a file compiled for its ISA.
#pragma once

#include "kernels/rabitq.hpp"

namespace quiver::kernels {
namespace {

using Bytes = CodeLanes::Vec;

constexpr std::size_t codes_at_once = 4;
constexpr std::size_t codes_ahead = 8;  // how far ahead cache lines are asked for

inline float estimate(const CodeQuery &query, const std::uint8_t *record, std::int32_t sum)
{
    CodeFactors factors;
    __builtin_memcpy(&factors, record, sizeof factors);
    return query.base + factors.a -
           factors.b * (query.scale * static_cast<float>(sum) + query.shift);
}

// Field f of `rows` codes with the query's bytes for it, then the fields above.
template <unsigned bits, std::size_t rows, unsigned f = 0, class LoadQuery>
inline void add_fields(const Bytes *codes, LoadQuery load_query,
                       CodeLanes::Products<bits> *products)
{
    const Bytes query = load_query(f);
    for (std::size_t r = 0; r < rows; r++)
        products[r].add(CodeLanes::field<bits, f>(codes[r]), query);
    if constexpr ((f + 1) * bits < 8)
        add_fields<bits, rows, f + 1>(codes, load_query, products);
}

template <unsigned bits, std::size_t rows, class LoadCode, class LoadQuery>
inline void add_step(LoadCode load_code, LoadQuery load_query, Bytes *sums)
{
    Bytes codes[rows];
    CodeLanes::Products<bits> products[rows];
    for (std::size_t r = 0; r < rows; r++)
        codes[r] = load_code(r);
    add_fields<bits, rows>(codes, load_query, products);
    for (std::size_t r = 0; r < rows; r++)
        sums[r] = products[r].into(sums[r]);
}

template <unsigned bits, std::size_t rows>
inline void some_codes(const CodeQuery &query, const std::uint8_t *const *records, float *out)
{
    const std::size_t bytes = query.bytes;
    const std::int8_t *lanes = query.lanes;
    const std::uint8_t *codes[rows];
    Bytes sums[rows];
    for (std::size_t r = 0; r < rows; r++)
    {
        codes[r] = records[r] + sizeof(CodeFactors);
        sums[r] = CodeLanes::zero();
    }
    std::size_t i = 0;
    for (; i + CodeLanes::width <= bytes; i += CodeLanes::width)
        add_step<bits, rows>([&](std::size_t r) { return CodeLanes::load(codes[r] + i); },
                             [&](unsigned f) { return CodeLanes::load(lanes + f * bytes + i); },
                             sums);
    if (i < bytes)
        add_step<bits, rows>(
            [&](std::size_t r) { return CodeLanes::load_tail(codes[r], bytes); },
            [&](unsigned f) { return CodeLanes::load_tail(lanes + f * bytes, bytes); }, sums);
    for (std::size_t r = 0; r < rows; r++)
        out[r] = estimate(query, records[r], CodeLanes::total(sums[r]));
}

inline void ask_for(const std::uint8_t *record, std::size_t bytes)
{
    for (std::size_t line = 0; line < bytes; line += 64)
        __builtin_prefetch(record + line);
    // The last line, for a record that starts in the middle of one.
    __builtin_prefetch(record + bytes - 1);
}

template <unsigned bits>
void estimate_many(const CodeQuery &query, const std::uint8_t *const *records, std::size_t count,
                   float *out) noexcept
{
    const std::size_t bytes = sizeof(CodeFactors) + query.bytes;
    for (std::size_t r = 0; r < count && r < codes_ahead; r++)
        ask_for(records[r], bytes);
    std::size_t r = 0;
    for (; r + codes_at_once <= count; r += codes_at_once)
    {
        for (std::size_t next = r + codes_ahead;
             next < count && next < r + codes_ahead + codes_at_once; next++)
            ask_for(records[next], bytes);
        some_codes<bits, codes_at_once>(query, records + r, out + r);
    }
    for (; r < count; r++)
        some_codes<bits, 1>(query, records + r, out + r);
}

constexpr CodeKernels code_kernels = {
    {estimate_many<1>, estimate_many<2>, estimate_many<4>, estimate_many<8>}};

}  // namespace
}  // namespace quiver::kernels
