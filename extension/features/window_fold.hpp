// Aggregates over a run of values that lie side by side, as PostgreSQL's own aggregates define them.
#pragma once

#include "features/window_store.hpp"

namespace quiver::features {

// Values of one column in a window, in order of time; `nulls` is null where none is NULL.
struct Run
{
    const Datum *values;
    const std::uint8_t *nulls;
    const std::uint32_t *previous;  // within the key; null if not kept
    std::uint64_t before;  // rows of the key before the run
    std::uint64_t count;

    [[nodiscard]] bool is_null(std::uint64_t i) const { return nulls != nullptr && nulls[i] != 0; }
};

std::int64_t count_values(const Run &run);
// The result of a native aggregate over a column of this ordinal; `scratch` holds as many values as
// the run has.
Datum fold(const WindowAggregate &aggregate, Ordinal kind, const Run &run, Datum *scratch,
           bool *is_null);

}  // namespace quiver::features
