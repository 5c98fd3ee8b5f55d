// The events of a planned statement: what it does to which relation.
#pragma once

#include "audit/statement.hpp"

namespace quiver::audit {

// Builds the event of a plan, whose statement is open at this position; false if nothing of it is wanted. With `force`
// everything is.
bool build_plan_event(const QueryDesc *query, int position, bool force);
// At the end: what was inserted through a parent, where its partitions are audited themselves.
void add_routed(const QueryDesc *query, int position);

}  // namespace quiver::audit
