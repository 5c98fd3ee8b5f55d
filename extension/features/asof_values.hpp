// Keys and times of the two sides, as the strategies of an as-of join compare them.
#pragma once

#include "features/asof.hpp"
#include "pg/executor.hpp"

#include <cstdint>

namespace quiver::features {

// How a value becomes an integer of the same order; none if it cannot.
enum class Ordinal
{
    none,
    int2,
    int4,
    int8,
    float8,
};

// The conversion for a comparison of two types in a btree family; none if one is missing, or if the
// types' integers do not compare as their values do.
Ordinal ordinal_of(Oid type, Oid other_type, Oid family);

inline std::int64_t to_ordinal(Ordinal kind, Datum value)
{
    switch (kind)
    {
    case Ordinal::int2:
        return DatumGetInt16(value);
    case Ordinal::int4:
        return DatumGetInt32(value);
    case Ordinal::float8: {
        const double number = DatumGetFloat8(value);
        if (number != number)
            return INT64_MAX;  // NaN is above infinity
        const auto bits = __builtin_bit_cast(std::int64_t, number + 0.0);  // -0 equals 0
        return bits >= 0 ? bits : INT64_MIN - bits;
    }
    default:
        return DatumGetInt64(value);
    }
}

// A value that compares as the one it was made of.
inline Datum from_ordinal(Ordinal kind, std::int64_t ordinal)
{
    switch (kind)
    {
    case Ordinal::int2:
        return Int16GetDatum(static_cast<std::int16_t>(ordinal));
    case Ordinal::int4:
        return Int32GetDatum(static_cast<std::int32_t>(ordinal));
    case Ordinal::float8:
        return Float8GetDatum(
            ordinal == INT64_MAX
                ? get_float8_nan()
                : __builtin_bit_cast(double, ordinal >= 0 ? ordinal : INT64_MIN - ordinal));
    default:
        return Int64GetDatum(ordinal);
    }
}

// One key of the join.
struct KeyFunctions
{
    Oid collation;
    AttrNumber history;
    ExprState *spine;
    FmgrInfo hash_history;
    FmgrInfo hash_spine;
    FmgrInfo equal;  // history, spine
    FmgrInfo same;  // spine, spine
    FmgrInfo order;  // history, spine: btree comparison
    std::int16_t length;  // of the spine's type, to copy it
    bool by_value;
};

struct Tie
{
    SortSupportData order;
    AttrNumber history;
    int payload;
};

// Everything that compares; set up once for each execution of the plan.
struct Values
{
    int key_count;
    KeyFunctions *keys;
    Ordinal history_key;  // a single key that is an integer on both sides
    Ordinal spine_key;
    bool strict;
    bool forward;
    AttrNumber time;
    AttrNumber seen;
    ExprState *spine_time;
    Ordinal history_time;
    Ordinal spine_ordinal;
    Oid time_collation;
    FmgrInfo time_order;  // history, spine
    SortSupportData newest;  // the first ORDER BY expression
    int tie_count;
    Tie *ties;
    int bound_count;
    FmgrInfo *bound_functions;
    ExprState **bounds;
};

void prepare_values(Values *values, const AsofPlan &plan, PlanState *node);

// The keys and the time of a spine row, which is `econtext`'s scan tuple; false if one is NULL.
bool read_spine(Values &values, ExprContext *econtext, Datum *keys, Datum *time);

// Whether a winner of this time is not too old for the spine row at hand.
bool within_bounds(Values &values, ExprContext *econtext, Datum time);

// Newer is greater, whichever way the join looks.
inline std::int64_t directed(const Values &values, std::int64_t ordinal)
{
    return values.forward ? ~ordinal : ordinal;
}

}  // namespace quiver::features
