// An out-of-line argument that a call site gets again and again is fetched once.
//
// In `ORDER BY v <-> (SELECT v FROM items WHERE id = 1)` the query is a TOAST pointer, and fetching
// it for every row would double the cost of a scan. The second time in a row that an argument is the
// same pointer, its value is kept with the call site's FmgrInfo, which lives no longer than the
// statement, or in PL/pgSQL the transaction. A pointer names one value for that time: its
// identifier is free for another only after VACUUM, and then comes up after all other 2^32.
#pragma once

#include "pg/varlena.hpp"

namespace quiver::pg {

Datum fetch_repeated(FunctionCallInfo fcinfo, int position);

// Argument 0 or 1 of a function that does not use fn_extra itself.
inline Datum repeated_argument(FunctionCallInfo fcinfo, int position)
{
    const Datum datum = fcinfo->args[position].value;
    return is_out_of_line(datum) ? fetch_repeated(fcinfo, position) : datum;
}

}  // namespace quiver::pg
