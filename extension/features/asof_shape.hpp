// The as-of shape of a LATERAL subquery, as the planner's side finds it (docs/asof_join.md).
//
// "History" is the relation inside the subquery, "spine" whatever it refers to outside. Expressions of
// the spine are at the level of the outer query, those of the history at the level of the subquery.
#pragma once

#include "pg/planner.hpp"

namespace quiver::features {

// h.key = s.key
struct KeyClause
{
    Oid family;  // btree family that has the equality
    Oid history_type;  // as the operator sees the two sides
    Oid spine_type;
    Oid collation;
    Expr *history;
    Expr *spine;
};

// The planner's own memory; lives as long as the plan is made.
struct Shape
{
    List *keys;  // of KeyClause *
    // h.time <= s.time, or the mirror image
    Oid family;
    Oid history_type;
    Oid spine_type;
    Oid collation;
    Expr *time;
    Expr *spine_time;
    bool strict;
    bool forward;  // the next row instead of the last
    // h.created <= s.time, at most one; null if there is none
    Expr *known;
    // Lower bounds: operators with the history on their left, and the spine's side of each
    List *bound_operators;
    List *bounds;
    List *order;  // SortGroupClause of the subquery, the time first
    Query *
        history;  // a copy of the subquery without limit, order and the clauses that mention the spine
    List *shown;  // the clauses taken out, for EXPLAIN; outer level is still one level up
    // Of windows: what the subquery aggregates (Aggref, or the first of an ordered array_agg), and the
    // spine's side of `known`, which need not be the spine's time
    List *computed;
    Expr *known_by;
    bool known_strict;
};

// An operator clause turned so that the history is on the left.
struct Comparison
{
    Oid opno;
    Oid collation;
    Expr *history;
    Expr *spine;
};

// Steps of recognising that other shapes share.
void flatten_ands(Node *clause, List **conjuncts);
bool is_constant(PlannerInfo *root, const Node *clause, std::int64_t value);
bool mentions_outer(Node *clause);
bool query_mentions_outer(Query *query);
bool as_comparison(Node *clause, Comparison *result);
Expr *lifted(PlannerInfo *root, Expr *expression);
bool add_key(PlannerInfo *root, Shape *shape, const Comparison &clause);
// A comparison with the time: the upper bound, or one of the lower ones.
bool add_time_clause(PlannerInfo *root, Shape *shape, const Comparison &clause);

// The shape of a LATERAL subquery, or nullptr if it has another. `subquery` is not changed.
Shape *recognise(PlannerInfo *root, const Query *subquery);

}  // namespace quiver::features
