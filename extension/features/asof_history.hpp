// The history of an as-of join as a relation of its own: planned once, without the spine.
#pragma once

#include "features/asof_shape.hpp"

namespace quiver::features {

// A subquery relation added to the outer query for its plan alone: no clause mentions it, no join
// uses it. Its columns are what the join needs of each history row.
struct History
{
    Index relid;
    RelOptInfo *rel;
    Path *scan;  // the cheapest
    Path *share;  // the cheapest partial one, or nullptr
    List *keys;  // IntList of columns, one for each key of the shape
    AttrNumber time;
    AttrNumber seen;  // max(time, created) under known at, else the time
    List *ties;  // IntList of columns, one for each ORDER BY expression after the first
    List *outputs;  // TargetEntry: column of the subquery, as an expression over this relation
    List *shown;  // the shape's clauses, over this relation and the spine
    // Of windows (window_columns.cpp)
    List *computed;  // the shape's, over this relation
    List *arguments;  // IntList of columns for each of them
    List *filters;  // IntList: a column for each of them, or 0
    List *window_ties;  // of WindowTie *, one for each of `ties`
    AttrNumber known;
    AttrNumber sequence;  // the row's address, or 0
    bool by_order;  // what is computed depends on the order of rows of equal time
};

// The history's query while its columns are chosen.
struct Columns
{
    Query *query;
    Index relid;  // the relation to be
};

AttrNumber column_of(Query *query, Expr *expression);
// Columns and whatever else the history computes become variables of the relation to be.
Node *over_relation(Node *node, void *columns);
bool is_needed(const RelOptInfo *subquery, AttrNumber column);
void choose_window_columns(PlannerInfo *root, Shape *shape, List *targets, RelOptInfo *subquery,
                           History *history);

// `subquery` is the relation of the LATERAL subquery: what is needed of it decides the columns.
// nullptr if the history cannot be planned apart. Call with the planner's memory context current.
History *plan_history(PlannerInfo *root, Shape *shape, RelOptInfo *subquery);

}  // namespace quiver::features
