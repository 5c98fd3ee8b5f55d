// Conditions on a distance: which expressions of a query compare one, and what they do to it first.
#pragma once

#include "pg/statistics.hpp"

namespace quiver::types {

// offset + scale * distance, as in `1 - (v <=> q) > 0.8`.
struct ScaledDistance
{
    Expr *call;
    double scale;
    double offset;
};

// False if the expression is no such thing.
[[nodiscard]] bool find_distance(Node *expression, ScaledDistance *found);

// The expressions of this form, with columns of this relation alone, that the conditions of a query compare by an
// operator with an order.
List *compared_distances(const Query *query, Index relation);

}  // namespace quiver::types
