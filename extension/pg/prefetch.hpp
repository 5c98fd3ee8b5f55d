// Ask for the next row of a sequential scan while the distance of this one is computed.
//
// A page is filled from its end and scanned in the order of insertion, so the next row lies just
// below this one in memory, against the direction that processors foresee. A scan of vectors of
// 100 floats, in memory but not in the processor's cache, then takes half to two thirds of the
// time. Where the guess is wrong, lines are fetched that nobody reads.
#pragma once

#include "pg/varlena.hpp"

#include <cstddef>
#include <cstdint>

namespace quiver::pg {

// `value` of `size` bytes was read from `argument` and lies in the row at hand, unless it was fetched
// from elsewhere; other columns make the guess less good.
inline void prefetch_row_below(Datum argument, const void *value, std::size_t size)
{
    if (is_out_of_line(argument))
        return;
    constexpr std::size_t cache_line = 64;
    constexpr std::size_t between = 32;  // the tuple header and alignment
    // Once ten lines have been read upwards, the processor foresees the rest.
    constexpr std::size_t most = 10 * cache_line;
    const std::size_t distance = size + between;
    // As a number: nothing is known to lie there, and a prefetch may point anywhere.
    const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(value) - distance;
    for (std::size_t at = 0; at < distance && at < most; at += cache_line)
        __builtin_prefetch(reinterpret_cast<const void *>(start + at));
}

}  // namespace quiver::pg
