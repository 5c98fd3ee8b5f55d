// sum(sparsevec) and avg(sparsevec): the calls PostgreSQL makes around a SparseSum.
#include "types/sparse_sum.hpp"

#include "pg/function.hpp"

namespace quiver::types {
namespace {

// The context a transition state lives in; an error outside of an aggregate.
MemoryContext aggregate_context(FunctionCallInfo fcinfo, const char *name)
{
    MemoryContext context = nullptr;
    if (AggCheckCallContext(fcinfo, &context) == 0)
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("%s called in non-aggregate context", name));
    return context;
}

SparseSum *state_argument(FunctionCallInfo fcinfo, int argument)
{
    return reinterpret_cast<SparseSum *>(PG_GETARG_POINTER(argument));
}

}  // namespace
}  // namespace quiver::types

using namespace quiver::types;

QUIVER_FUNCTION(sparsevec_accum)
{
    MemoryContext context = aggregate_context(fcinfo, "sparsevec_accum");
    SparseSum *sum = PG_ARGISNULL(0) ? nullptr : state_argument(fcinfo, 0);
    if (!PG_ARGISNULL(1))
    {
        const SparseVector *vector = QUIVER_ARG_SPARSEVEC(1);
        if (sum == nullptr)
            sum = SparseSum::create(context, vector->dim);
        sum->add(vector);
    }
    if (sum == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_POINTER(sum);
}

// The second state may live in a shorter-lived context, so it is copied, never adopted.
QUIVER_FUNCTION(sparsevec_combine)
{
    MemoryContext context = aggregate_context(fcinfo, "sparsevec_combine");
    SparseSum *sum = PG_ARGISNULL(0) ? nullptr : state_argument(fcinfo, 0);
    if (!PG_ARGISNULL(1))
    {
        const SparseSum *other = state_argument(fcinfo, 1);
        if (sum == nullptr)
            sum = SparseSum::create(context, other->dim());
        sum->add(*other);
    }
    if (sum == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_POINTER(sum);
}

QUIVER_FUNCTION(sparsevec_accum_serialize)
{
    (void) aggregate_context(fcinfo, "sparsevec_accum_serialize");
    PG_RETURN_BYTEA_P(state_argument(fcinfo, 0)->serialize());
}

QUIVER_FUNCTION(sparsevec_accum_deserialize)
{
    (void) aggregate_context(fcinfo, "sparsevec_accum_deserialize");
    PG_RETURN_POINTER(SparseSum::deserialize(CurrentMemoryContext, PG_GETARG_BYTEA_PP(0)));
}

// Strict, so no state (no row that is not NULL) gives NULL.
QUIVER_FUNCTION(sparsevec_sum)
{
    (void) aggregate_context(fcinfo, "sparsevec_sum");
    PG_RETURN_POINTER(state_argument(fcinfo, 0)->result(1));
}

QUIVER_FUNCTION(sparsevec_avg)
{
    (void) aggregate_context(fcinfo, "sparsevec_avg");
    SparseSum *sum = state_argument(fcinfo, 0);
    PG_RETURN_POINTER(sum->result(static_cast<double>(sum->rows())));
}
