// Combining and finishing running sums of dense vectors.
#include "types/dense_sum.hpp"

#include "pg/function.hpp"
#include "types/dense_array.hpp"

#include <cmath>

namespace quiver::types {

SumState::SumState(ArrayType *array, const char *caller) : array_(array)
{
    if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] < 1 || ARR_HASNULL(array) ||
        ARR_ELEMTYPE(array) != FLOAT8OID)
        elog(ERROR, "%s: expected state array", caller);
}

SumState::SumState(int dim, double rows)
{
    double *values = nullptr;
    array_ = make_array(dim + 1, FLOAT8OID, values);
    *values = rows;
}

bool is_own_state(FunctionCallInfo fcinfo, Datum state)
{
    return AggCheckCallContext(fcinfo, nullptr) != 0 && pg::is_plain(state);
}

void check_sums(const SumState &state)
{
    const double *sums = state.sums();
    unsigned bad = 0;
    for (int i = 0; i < state.dim(); ++i)
        bad |= std::abs(sums[i]) > std::numeric_limits<double>::max() ? 1U : 0U;
    if (bad != 0)
        float_overflow_error();
}

void quotients(const SumState &state, double divisor, float *out)
{
    const double *sums = state.sums();
    for (int i = 0; i < state.dim(); ++i)
        out[i] = static_cast<float>(sums[i] / divisor);
}

}  // namespace quiver::types

using namespace quiver::types;

// Also halfvec's and tinyvec's: the state does not know which it sums.
QUIVER_FUNCTION(vector_combine)
{
    const SumState a{PG_GETARG_ARRAYTYPE_P(0), "vector_combine"};
    const SumState b{PG_GETARG_ARRAYTYPE_P(1), "vector_combine"};
    const SumState &longer = a.dim() == 0 ? b : a;
    const int dim = longer.dim();
    if (dim != 0)
        check_dim<float>(dim);
    if (a.dim() != 0 && b.dim() != 0)
        check_typmod(dim, b.dim());

    const bool in_place = a.dim() != 0 && is_own_state(fcinfo, PG_GETARG_DATUM(0));
    const SumState result = in_place ? a : SumState{dim, 0};
    result.rows() = a.rows() + b.rows();
    if (!in_place)
        std::copy_n(longer.sums(), dim, result.sums());
    if (a.dim() != 0 && b.dim() != 0)
    {
        double *sums = result.sums();
        const double *addends = b.sums();
        for (int i = 0; i < dim; ++i)
            sums[i] += addends[i];
        check_sums(result);
    }
    PG_RETURN_ARRAYTYPE_P(result.array());
}
