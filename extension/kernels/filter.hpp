// Tests of a column of words, 64 at a time: a bit for each word that passes, the first in the lowest bit.
//
// Words are read whole blocks of 64 at a time, from addresses aligned as their type is. Results are exact, and the
// same at every level. Nothing here allocates, throws, or knows PostgreSQL.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quiver::kernels {

struct FilterKernels
{
    // Keep of `bits`, one for each of 64 * `blocks` words, those in [low, high]; low <= high.
    void (*in_range)(const std::int64_t *words, std::size_t blocks, std::int64_t low,
                     std::int64_t high, std::uint64_t *bits) noexcept;
    // The same of those that equal one of `count` values.
    void (*in_set)(const std::int64_t *words, std::size_t blocks, const std::int64_t *values,
                   std::size_t count, std::uint64_t *bits) noexcept;
    // Of 64 * `blocks` marks: a bit for each that is not zero and has none of the unwanted bits, and one for each
    // that is zero.
    void (*marked)(const std::uint32_t *marks, std::size_t blocks, std::uint32_t unwanted,
                   std::uint64_t *good, std::uint64_t *zero) noexcept;
};

}  // namespace quiver::kernels
