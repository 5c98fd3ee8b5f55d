// A sample of a column's values that ANALYZE keeps, for estimating how many rows lie within a distance.
//
// It lies in a slot of pg_statistic of a kind of our own, values as bytea; pg_stats does not show it. A column's
// statistics target sets its size. What reads it must have seen to it that the user may read all rows.
#pragma once

#include "pg/statistics.hpp"

namespace quiver::types {

// Of a slot of pg_statistic; from the range for private use.
inline constexpr std::int16_t value_sample_kind = 24871;

// How the values of a sample are stored: stanumbers[1] of the slot.
enum class SampleForm
{
    as_stored = 1,
    halves = 2  // of a vector
};

struct ValueSample
{
    int count;
    Datum *values;  // whole, not toasted
    const float4 *weights;  // null: all alike
    double rest;  // the weight of each that has none in `weights`
    int weighted;  // how many have
    SampleForm form;

    double weight(int i) const { return i < weighted ? static_cast<double>(weights[i]) : rest; }
};

// The sample in a column's statistics, in the current memory context. Without one of ours, which columns of bit
// never have, what ANALYZE keeps of every type serves: common values and the bounds of its histogram. False if
// there is nothing.
[[nodiscard]] bool read_value_sample(HeapTuple statistics, ValueSample *sample);

}  // namespace quiver::types
