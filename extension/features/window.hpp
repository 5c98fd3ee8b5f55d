// Sliding windows as a plan node: for each spine row, aggregates over the history rows of its keys
// between two times of its own (docs/asof_windows.md).
//
// The planner's side is that of the as-of join with another shape: the LATERAL subquery aggregates
// instead of taking the newest row. An AsofPlan carries keys, times and columns; the rest is here.
#pragma once

#include "features/asof_choice.hpp"
#include "features/asof_values.hpp"

namespace quiver::features {

inline constexpr const char *window_node_name = "AsofWindows";

enum class WindowKind : int
{
    count_rows,
    count_values,
    sum,
    average,
    minimum,
    maximum,
    variance,
    deviation,
    distinct,
    percentile,
    first,
    last,
    general,  // by the aggregate's own functions
};

// One aggregate of the windows. `node` is what the query above computes from: an Aggref, or the first
// element of an ordered array_agg.
struct WindowAggregate
{
    WindowKind kind;
    Expr *node;
    Aggref *aggregate;
    List *columns;  // IntList: its arguments among the payloads of the plan
    int filter;  // payload that has to be true, or -1
    double fraction;
};

struct WindowPlan
{
    AsofPlan join;  // `strict` and `spine_time` are the upper bound, `bounds` the lower ones
    int bound_count;
    bool *bounds_strict;
    int known;  // payload that has to be before the spine's `known_by`, or -1
    int sequence;  // payload that is the row's address and decides ties at last, or -1
    bool known_strict;
    Expr *known_by;
    int computed_place;  // of the first aggregate in the scan tuple
    int count;
    WindowAggregate *aggregates;
};

// The shape of a LATERAL subquery of aggregates over a window, or nullptr if it has another.
Shape *recognise_windows(PlannerInfo *root, const Query *subquery);
// A further column of an ordered array_agg's order, turned so that the earlier row comes first.
struct WindowTie
{
    Expr *value;
    Oid sort_operator;
    bool nulls_first;
};
WindowTie tie_of(Aggref *ordered, const SortGroupClause *clause);
// What aggregate a node is; `columns` and `filter` are left alone. False for one that windows have not.
bool classify(Expr *node, WindowAggregate *result);

void encode_windows(const WindowPlan &plan, CustomScan *scan);
WindowPlan decode_windows(const CustomScan *scan);

Node *create_window_state(CustomScan *scan);
extern const CustomScanMethods window_scan_methods;

}  // namespace quiver::features
