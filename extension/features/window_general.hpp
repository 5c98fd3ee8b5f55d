// Any other aggregate over a window: by its own transition and final functions.
#pragma once

#include "features/window_fold.hpp"

namespace quiver::features {

struct GeneralAggregate;

// Looks functions up and checks that the user may call them. Lives in the current context.
GeneralAggregate *prepare_general(const WindowAggregate &aggregate, EState *estate);
// The aggregate over the rows whose `filter` (null: all) is true. The result is in the caller's context.
Datum fold_generally(GeneralAggregate *aggregate, const Run *arguments, int count,
                     const Run *filter, std::uint64_t rows, bool *is_null);

}  // namespace quiver::features
