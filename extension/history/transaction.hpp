// The transaction whose changes are kept: its number, and its row when it commits.
#pragma once

#include "history/plan.hpp"

namespace quiver::history {

struct Place
{
    std::int64_t transaction;
    std::int32_t statement;
};

// The place of a statement that is about to be kept. The first of a transaction makes it write its row
// when it commits.
Place next_statement(const Plan *plan);

}  // namespace quiver::history
