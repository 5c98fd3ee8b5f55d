// Sums, means, extremes and the rest over a run of values.
//
// Floats are added one after the other in order of time, as an index scan below an aggregate does, so
// that the results are the same to the last bit. Integers are summed exactly.
#include "features/window_fold.hpp"

#include <algorithm>
#include <cmath>

namespace quiver::features {
namespace {

using Wide = __int128;

struct FloatSum
{
    std::int64_t count;
    double sum;
    double deviation;  // sum of squares of the differences from the mean
};

double as_float(Datum value) { return DatumGetFloat8(value); }

// The step of PostgreSQL's float8 aggregates, Youngs and Cramer's.
void accumulate(FloatSum *state, double value)
{
    const auto before = static_cast<double>(state->count);
    const double last = state->sum;
    ++state->count;
    state->sum += value;
    if (before > 0)
    {
        const double difference = value * (before + 1.0) - state->sum;
        state->deviation += difference * difference / ((before + 1.0) * before);
        if (std::isinf(state->sum) || std::isinf(state->deviation))
        {
            if (!std::isinf(last) && !std::isinf(value))
                float_overflow_error();
            state->deviation = get_float8_nan();
        }
    }
    else if (std::isnan(value) || std::isinf(value))
        state->deviation = get_float8_nan();
}

FloatSum accumulate_all(const Run &run)
{
    FloatSum state{};
    for (std::uint64_t i = 0; i < run.count; ++i)
    {
        if (!run.is_null(i))
            accumulate(&state, as_float(run.values[i]));
    }
    return state;
}

// Count and sum alone. Adding to -0 keeps a first -0 as it is. False where the values are so large
// that sums or squares may overflow.
bool sum_quickly(const Run &run, FloatSum *state)
{
    constexpr double large = 1e140;
    double sum = -0.0, largest = 0;
    std::int64_t count = 0;
    if (run.nulls == nullptr)
    {
        for (std::uint64_t i = 0; i < run.count; ++i)
        {
            const double value = as_float(run.values[i]);
            sum += value;
            largest = std::max(largest, std::fabs(value));
        }
        count = static_cast<std::int64_t>(run.count);
    }
    else
    {
        for (std::uint64_t i = 0; i < run.count; ++i)
        {
            if (run.nulls[i] != 0)
                continue;
            const double value = as_float(run.values[i]);
            sum += value;
            largest = std::max(largest, std::fabs(value));
            ++count;
        }
    }
    *state = FloatSum{count, sum, 0};
    return largest < large;
}

// sum(float8): an overflow is an error unless an infinity was added.
double sum_checked(const Run &run)
{
    double sum = -0.0;
    for (std::uint64_t i = 0; i < run.count; ++i)
    {
        if (run.is_null(i))
            continue;
        const double value = as_float(run.values[i]), next = sum + value;
        if (std::isinf(next) && !std::isinf(sum) && !std::isinf(value))
            float_overflow_error();
        sum = next;
    }
    return sum;
}

Datum fold_floats(WindowKind kind, const Run &run, bool *is_null)
{
    if (kind == WindowKind::sum || kind == WindowKind::average)
    {
        FloatSum state;
        const bool plain = sum_quickly(run, &state);
        *is_null = state.count == 0;
        if (kind == WindowKind::sum)
            return Float8GetDatum(plain || *is_null ? state.sum : sum_checked(run));
        if (!plain)
            state = accumulate_all(run);
        return Float8GetDatum((state.sum + 0.0) / static_cast<double>(state.count));
    }
    const FloatSum state = accumulate_all(run);
    *is_null = state.count < 2;
    const double variance = *is_null ? 0 : state.deviation / static_cast<double>(state.count - 1);
    return Float8GetDatum(kind == WindowKind::variance ? variance : std::sqrt(variance));
}

Wide sum_integers(const Run &run, std::int64_t *count)
{
    Wide sum = 0;
    *count = static_cast<std::int64_t>(run.count);
    if (run.nulls == nullptr)
    {
        for (std::uint64_t i = 0; i < run.count; ++i)
            sum += DatumGetInt64(run.values[i]);
        return sum;
    }
    *count = 0;
    for (std::uint64_t i = 0; i < run.count; ++i)
    {
        if (run.nulls[i] != 0)
            continue;
        sum += DatumGetInt64(run.values[i]);
        ++*count;
    }
    return sum;
}

// Beyond 64 bits by its two halves.
Datum numeric_of(Wide value)
{
    if (value >= INT64_MIN && value <= INT64_MAX)
        return NumericGetDatum(int64_to_numeric(static_cast<std::int64_t>(value)));
    constexpr std::int64_t part = 1000000000000000000;
    const Datum high = NumericGetDatum(int64_to_numeric(static_cast<std::int64_t>(value / part)));
    const Datum low = NumericGetDatum(int64_to_numeric(static_cast<std::int64_t>(value % part)));
    const Datum scaled =
        DirectFunctionCall2(numeric_mul, high, NumericGetDatum(int64_to_numeric(part)));
    return DirectFunctionCall2(numeric_add, scaled, low);
}

Datum fold_integers(WindowKind kind, Ordinal type, const Run &run, bool *is_null)
{
    std::int64_t count;
    const Wide sum = sum_integers(run, &count);
    *is_null = count == 0;
    if (count == 0)
        return 0;
    if (kind == WindowKind::average)
        return DirectFunctionCall2(numeric_div, numeric_of(sum),
                                   NumericGetDatum(int64_to_numeric(count)));
    return type == Ordinal::int8 ? numeric_of(sum) : Int64GetDatum(static_cast<std::int64_t>(sum));
}

// Of equal values the later one, as PostgreSQL has it; NaN is greater than all others.
template <bool greatest> double extreme_float(const Run &run, bool *is_null)
{
    double best = 0;
    *is_null = true;
    for (std::uint64_t i = 0; i < run.count; ++i)
    {
        if (run.is_null(i))
            continue;
        const double value = as_float(run.values[i]);
        const bool stays =
            !*is_null && (greatest ? float8_gt(best, value) : float8_lt(best, value));
        best = stays ? best : value;
        *is_null = false;
    }
    return best;
}

template <bool greatest> std::int64_t extreme_integer(const Run &run, bool *is_null)
{
    std::int64_t best = greatest ? INT64_MIN : INT64_MAX;
    bool found = false;
    for (std::uint64_t i = 0; i < run.count; ++i)
    {
        if (run.is_null(i))
            continue;
        const std::int64_t value = DatumGetInt64(run.values[i]);
        best = greatest ? std::max(best, value) : std::min(best, value);
        found = true;
    }
    *is_null = !found;
    return best;
}

Datum fold_extreme(WindowKind kind, Ordinal type, const Run &run, bool *is_null)
{
    const bool greatest = kind == WindowKind::maximum;
    if (type == Ordinal::float8)
        return Float8GetDatum(greatest ? extreme_float<true>(run, is_null)
                                       : extreme_float<false>(run, is_null));
    return Int64GetDatum(greatest ? extreme_integer<true>(run, is_null)
                                  : extreme_integer<false>(run, is_null));
}

// A value is new in the window if it was last seen before the window; else by sorting.
std::int64_t count_distinct(Ordinal type, const Run &run, Datum *scratch)
{
    std::int64_t count = 0;
    if (run.previous != nullptr)
    {
        for (std::uint64_t i = 0; i < run.count; ++i)
            count += run.previous[i] <= run.before && !run.is_null(i) ? 1 : 0;
        return count;
    }
    const Ordinal kind = type == Ordinal::float8 ? type : Ordinal::int8;
    auto *ordinals = reinterpret_cast<std::int64_t *>(scratch);
    std::uint64_t present = 0;
    for (std::uint64_t i = 0; i < run.count; ++i)
    {
        if (!run.is_null(i))
            ordinals[present++] = to_ordinal(kind, run.values[i]);
    }
    std::sort(ordinals, ordinals + present);
    return std::unique(ordinals, ordinals + present) - ordinals;
}

// percentile_cont: between the two values at its place, by their distance.
Datum fold_percentile(double fraction, const Run &run, Datum *scratch, bool *is_null)
{
    auto *values = reinterpret_cast<double *>(scratch);
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < run.count; ++i)
    {
        if (!run.is_null(i))
            values[count++] = as_float(run.values[i]);
    }
    *is_null = count == 0;
    if (count == 0)
        return 0;
    const auto less = [](double a, double b) { return float8_lt(a, b); };
    const double place = fraction * static_cast<double>(count - 1);
    const auto low = static_cast<std::uint64_t>(std::floor(place));
    const auto high = static_cast<std::uint64_t>(std::ceil(place));
    std::nth_element(values, values + low, values + count, less);
    if (low == high)
        return Float8GetDatum(values[low]);
    const double next = *std::min_element(values + low + 1, values + count, less);
    return Float8GetDatum(values[low] + (place - static_cast<double>(low)) * (next - values[low]));
}

Datum fold_end(WindowKind kind, const Run &run, bool *is_null)
{
    for (std::uint64_t i = 0; i < run.count; ++i)
    {
        const std::uint64_t at = kind == WindowKind::first ? i : run.count - 1 - i;
        *is_null = run.is_null(at);
        if (!*is_null)
            return run.values[at];
    }
    *is_null = true;
    return 0;
}

}  // namespace

std::int64_t count_values(const Run &run)
{
    std::int64_t missing = 0;
    for (std::uint64_t i = 0; run.nulls != nullptr && i < run.count; ++i)
        missing += run.nulls[i];
    return static_cast<std::int64_t>(run.count) - missing;
}

Datum fold(const WindowAggregate &aggregate, Ordinal kind, const Run &run, Datum *scratch,
           bool *is_null)
{
    *is_null = false;
    switch (aggregate.kind)
    {
    case WindowKind::count_rows:
        return Int64GetDatum(static_cast<std::int64_t>(run.count));
    case WindowKind::count_values:
        return Int64GetDatum(count_values(run));
    case WindowKind::sum:
    case WindowKind::average:
        return kind == Ordinal::float8 ? fold_floats(aggregate.kind, run, is_null)
                                       : fold_integers(aggregate.kind, kind, run, is_null);
    case WindowKind::variance:
    case WindowKind::deviation:
        return fold_floats(aggregate.kind, run, is_null);
    case WindowKind::minimum:
    case WindowKind::maximum:
        return fold_extreme(aggregate.kind, kind, run, is_null);
    case WindowKind::distinct:
        return Int64GetDatum(count_distinct(kind, run, scratch));
    case WindowKind::percentile:
        return fold_percentile(aggregate.fraction, run, scratch, is_null);
    default:
        return fold_end(aggregate.kind, run, is_null);
    }
}

}  // namespace quiver::features
