// Distances, norm and counts of sparsevec.
#include "types/sparsevec.hpp"

#include "pg/function.hpp"
#include "pg/prefetch.hpp"
#include "pg/repeated_argument.hpp"

#include <algorithm>
#include <cmath>

using namespace quiver::types;

namespace {

using quiver::kernels::active;
using quiver::kernels::SparseView;

// Two vectors of the same dimensions from a call's arguments.
struct Arguments
{
    SparseView a;
    SparseView b;

    explicit Arguments(FunctionCallInfo fcinfo)
    {
        const SparseVector *first = sparsevec_from_datum(quiver::pg::repeated_argument(fcinfo, 0));
        const SparseVector *second = sparsevec_from_datum(quiver::pg::repeated_argument(fcinfo, 1));
        quiver::pg::prefetch_row_below(PG_GETARG_DATUM(0), first, VARSIZE(first));
        quiver::pg::prefetch_row_below(PG_GETARG_DATUM(1), second, VARSIZE(second));
        check_same_dims(first, second);
        a = first->view();
        b = second->view();
    }
};

// The first bytes of a value, for functions that read no more than its counts; a value stored out
// of line costs one chunk instead of all.
const SparseVector *header_from_datum(Datum datum)
{
    constexpr std::int32_t header_bytes = offsetof(SparseVector, indices) - VARHDRSZ;
    return reinterpret_cast<const SparseVector *>(PG_DETOAST_DATUM_SLICE(datum, 0, header_bytes));
}

}  // namespace

QUIVER_FUNCTION(sparsevec_l2_distance)
{
    const Arguments args{fcinfo};
    PG_RETURN_FLOAT8(std::sqrt(static_cast<double>(active->sparse.l2_squared(args.a, args.b))));
}

QUIVER_FUNCTION(sparsevec_l2_squared_distance)
{
    const Arguments args{fcinfo};
    PG_RETURN_FLOAT8(active->sparse.l2_squared(args.a, args.b));
}

QUIVER_FUNCTION(sparsevec_inner_product)
{
    const Arguments args{fcinfo};
    PG_RETURN_FLOAT8(active->sparse.inner_product(args.a, args.b));
}

QUIVER_FUNCTION(sparsevec_negative_inner_product)
{
    const Arguments args{fcinfo};
    PG_RETURN_FLOAT8(-active->sparse.inner_product(args.a, args.b));
}

// A zero vector has no direction: 0 / 0 gives NaN, as in pgvector.
QUIVER_FUNCTION(sparsevec_cosine_distance)
{
    const Arguments args{fcinfo};
    const auto parts = active->sparse.cosine(args.a, args.b);
    const double norms = static_cast<double>(parts.norm_a) * static_cast<double>(parts.norm_b);
    const double similarity = static_cast<double>(parts.dot) / std::sqrt(norms);
    // Rounding may step outside; clamp keeps NaN.
    PG_RETURN_FLOAT8(1.0 - std::clamp(similarity, -1.0, 1.0));
}

QUIVER_FUNCTION(sparsevec_l1_distance)
{
    const Arguments args{fcinfo};
    PG_RETURN_FLOAT8(active->sparse.l1(args.a, args.b));
}

QUIVER_FUNCTION(sparsevec_l2_norm)
{
    const SparseVector *vector = QUIVER_ARG_SPARSEVEC(0);
    PG_RETURN_FLOAT8(sparsevec_norm(vector));
}

QUIVER_FUNCTION(sparsevec_vector_dims)
{
    PG_RETURN_INT32(header_from_datum(PG_GETARG_DATUM(0))->dim);
}

QUIVER_FUNCTION(sparsevec_nonzero_count)
{
    PG_RETURN_INT32(header_from_datum(PG_GETARG_DATUM(0))->nnz);
}
