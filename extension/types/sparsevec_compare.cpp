// Order, equality and hash of sparsevec.
//
// The order is that of the dense vectors written out: the first differing element decides, then the
// number of dimensions. So a vector that lacks an element has a zero there.
#include "types/sparsevec.hpp"

#include "pg/function.hpp"

#include <algorithm>

namespace quiver::types {
namespace {

int compare(const SparseVector *a, const SparseVector *b)
{
    const float *a_values = a->values();
    const float *b_values = b->values();
    const std::int32_t common = std::min(a->nnz, b->nnz);
    for (std::int32_t i = 0; i < common; ++i)
    {
        // The one with the lower index has an element where the other has zero.
        if (a->indices[i] < b->indices[i])
            return a_values[i] < 0 ? -1 : 1;
        if (a->indices[i] > b->indices[i])
            return b_values[i] < 0 ? 1 : -1;
        if (a_values[i] != b_values[i])
            return a_values[i] < b_values[i] ? -1 : 1;
    }
    // One has run out of elements: the other's next one counts if both have that dimension.
    if (b->nnz > common && b->indices[common] < a->dim)
        return b_values[common] < 0 ? 1 : -1;
    if (a->nnz > common && a->indices[common] < b->dim)
        return a_values[common] < 0 ? -1 : 1;
    return a->dim < b->dim ? -1 : static_cast<int>(a->dim > b->dim);
}

// Copies are given back: a sort or an index build calls this without a per-row context to reset.
int compare_arguments(FunctionCallInfo fcinfo)
{
    const SparseVector *a = QUIVER_ARG_SPARSEVEC(0);
    const SparseVector *b = QUIVER_ARG_SPARSEVEC(1);
    const int order = compare(a, b);
    PG_FREE_IF_COPY(const_cast<SparseVector *>(a), 0);
    PG_FREE_IF_COPY(const_cast<SparseVector *>(b), 1);
    return order;
}

// Equal vectors have equal bytes after the length word: no zero is stored, so there is no -0.
std::uint64_t hash_argument(FunctionCallInfo fcinfo, std::uint64_t seed)
{
    const SparseVector *vector = QUIVER_ARG_SPARSEVEC(0);
    const std::uint64_t hash =
        hash_bytes_extended(reinterpret_cast<const unsigned char *>(VARDATA(vector)),
                            static_cast<int>(VARSIZE(vector) - VARHDRSZ), seed);
    PG_FREE_IF_COPY(const_cast<SparseVector *>(vector), 0);
    return hash;
}

}  // namespace
}  // namespace quiver::types

using namespace quiver::types;

QUIVER_FUNCTION(sparsevec_cmp) { PG_RETURN_INT32(compare_arguments(fcinfo)); }

QUIVER_FUNCTION(sparsevec_lt) { PG_RETURN_BOOL(compare_arguments(fcinfo) < 0); }

QUIVER_FUNCTION(sparsevec_le) { PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0); }

QUIVER_FUNCTION(sparsevec_eq) { PG_RETURN_BOOL(compare_arguments(fcinfo) == 0); }

QUIVER_FUNCTION(sparsevec_ne) { PG_RETURN_BOOL(compare_arguments(fcinfo) != 0); }

QUIVER_FUNCTION(sparsevec_ge) { PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0); }

QUIVER_FUNCTION(sparsevec_gt) { PG_RETURN_BOOL(compare_arguments(fcinfo) > 0); }

// The low half of the extended hash with seed 0, as hash classes ask.
QUIVER_FUNCTION(sparsevec_hash)
{
    PG_RETURN_UINT32(static_cast<std::uint32_t>(hash_argument(fcinfo, 0)));
}

QUIVER_FUNCTION(sparsevec_hash_extended)
{
    PG_RETURN_UINT64(hash_argument(fcinfo, static_cast<std::uint64_t>(PG_GETARG_INT64(1))));
}
