// Out-of-line values, fetched from where the last one ended.
//
// Rows that were written one after the other have their values one after the other in the TOAST table.
// The server descends the TOAST index for each value all the same; fetch_out_of_line() first looks at
// the place right behind the value it fetched before. What lies there is taken only if it is all
// of the value that was asked for; anything else is left to the index. docs/toast_fetch.md.
#pragma once

#include "pg/compat.hpp"

namespace quiver::pg {

// What detoast_attr() returns for a pointer to a TOAST table (VARATT_IS_EXTERNAL_ONDISK): the value
// in the current memory context, or its error. Holds nothing when it returns.
varlena *fetch_out_of_line(varlena *stored);

}  // namespace quiver::pg
